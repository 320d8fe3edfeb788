package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"kiln.build/cluster/internal/images"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/registry"
	"kiln.build/cluster/internal/twins"
)

const twinsUsage = `Usage: ./kiln twins [OPTION ...] [NAME ...]

Makes folders of native programs for emulated builds, all or those named, and compares their tables with the committed ones.

  --output DIR    write the folders DIR/NAME
  --push          make images of them, push these to the cluster's registry, and print the references
  --update        first pin the packages that Debian's archive has now, and write what is to be committed
`

// runTwins makes folders of twins.
func runTwins(ctx context.Context, args []string) error {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Print(twinsUsage)
		return nil
	}
	set := flags("twins")
	output := set.String("output", "", "")
	push := set.Bool("push", false, "")
	update := set.Bool("update", false, "")
	if err := set.Parse(args); err != nil {
		return usageError{fmt.Sprintf("%s: %v", set.Name(), err)}
	}
	wanted := twins.Sets
	if set.NArg() > 0 {
		wanted = nil
	}
	for _, name := range set.Args() {
		s, err := twins.Named(name)
		if err != nil {
			return usageError{err.Error()}
		}
		wanted = append(wanted, s)
	}
	root, err := layout.Root()
	if err != nil {
		return err
	}
	cache, err := layout.Cache()
	if err != nil {
		return err
	}
	for _, s := range wanted {
		if !*push {
			if err := makeTwins(ctx, root, filepath.Join(cache, "twins"), s, *update, *output); err != nil {
				return err
			}
			continue
		}
		reference, err := pushTwins(ctx, root, cache, s)
		if err != nil {
			return err
		}
		fmt.Println(reference)
	}
	return nil
}

// pushTwins makes an image of twins, has it in the cluster's registry, and returns its reference.
func pushTwins(ctx context.Context, root, cache string, s twins.Set) (string, error) {
	current, status, err := clusterWithRegistry()
	if err != nil {
		return "", err
	}
	image, err := images.Twins(ctx, root, cache, s, os.Stderr)
	if err != nil {
		return "", err
	}
	if err := registry.Seed(current.RegistryRoot(), image.Content); err != nil {
		return "", err
	}
	return status.Registry + "/" + image.Repository() + "@" + image.Digest, nil
}

func makeTwins(ctx context.Context, root, cache string, s twins.Set, update bool, output string) (err error) {
	done := progress.Start(os.Stderr, "making the twins "+s.Name())
	defer func() { done(err) }()
	if update {
		if err := twins.Update(ctx, root, cache, s); err != nil {
			return fmt.Errorf("update the twins %s: %w", s.Name(), err)
		}
	}
	folder, err := twins.Make(ctx, root, cache, s)
	if err != nil || output == "" {
		return err
	}
	return folder.Write(filepath.Join(output, s.Name()))
}
