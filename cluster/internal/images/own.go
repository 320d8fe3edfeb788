package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"kiln.build/cluster/internal/imagebuilder"
	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/registry"
	"kiln.build/cluster/internal/toolchain"
)

// Names of Kiln's own images; their repository is kiln/NAME.
const (
	Operator = "operator"
	Worker   = "worker"
	BuildKit = "buildkit"
)

// Options say what to build the images from.
type Options struct {
	Tools *toolchain.Toolchain
	Cache string // Kiln's cache folder
	Root  string // of the source tree
	JDK   string // home of a JDK 25
	Out   io.Writer
	// PlainHTTP says that the registry of PushTo does not speak HTTPS.
	PlainHTTP bool
}

// Image is one of Kiln's own images, built.
type Image struct {
	Name   string
	Digest string
	// Content is a registry content folder (see registry.Seed) with nothing but this image.
	Content string
}

// Repository is the image's repository without a registry.
func (i Image) Repository() string { return "kiln/" + i.Name }

// Build builds Kiln's own images. What the cache has for the same inputs is not built again.
func Build(ctx context.Context, options Options) ([]Image, error) {
	seed, err := Seed(ctx, options.Tools, options.Cache, options.JDK, options.Out)
	if err != nil {
		return nil, err
	}
	if err := ensureJars(ctx, options); err != nil {
		return nil, err
	}
	var built []Image
	var missing []recipeOfOwn
	for _, name := range []string{Operator, Worker, BuildKit} {
		r, err := ownRecipe(options, name, filepath.Base(seed))
		if err != nil {
			return nil, err
		}
		if image, ok := r.cached(); ok {
			built = append(built, image)
		} else {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		return built, nil
	}
	made, err := buildOwn(ctx, options, seed, missing)
	return append(built, made...), err
}

// recipeOfOwn is how one of our images is built, and where the result is cached.
type recipeOfOwn struct {
	name    string
	key     string
	content string
	build   imagebuilder.Build
}

const digestFile = "digest"

func (r recipeOfOwn) cached() (Image, bool) {
	digest, err := os.ReadFile(filepath.Join(r.content, digestFile))
	return Image{Name: r.name, Digest: string(digest), Content: filepath.Join(r.content, "registry")}, err == nil
}

func ownRecipe(options Options, name, seed string) (recipeOfOwn, error) {
	inputs := []string{"images/" + name}
	if name != BuildKit {
		inputs = append(inputs, name+"/target/kiln-"+name+".jar", name+"/target/lib")
	}
	version, err := projectVersion(options.Root)
	if err != nil {
		return recipeOfOwn{}, err
	}
	key, err := hashFiles(options.Root, inputs, seed, runtime.Version(), version)
	if err != nil {
		return recipeOfOwn{}, fmt.Errorf("the image %s: %w", name, err)
	}
	folder := filepath.Join(options.Root, "images", name)
	build := imagebuilder.Build{
		Context: options.Root, Dockerfile: filepath.Join(folder, "Dockerfile"), Image: "kiln/" + name + ":" + buildTag,
		Args: map[string]string{"VERSION": version},
	}
	if name == BuildKit {
		build.Context = folder
	}
	content := filepath.Join(options.Cache, "images", "own", name+"-"+key)
	return recipeOfOwn{name: name, key: key, content: content, build: build}, nil
}

const buildTag = "dev"

func buildOwn(ctx context.Context, options Options, seed string, missing []recipeOfOwn) (built []Image, err error) {
	work, err := os.MkdirTemp(filepath.Join(options.Cache, "images"), ".own-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	content := filepath.Join(work, "registry")
	if err := registry.Seed(content, seed); err != nil {
		return nil, err
	}
	builder, err := imagebuilder.Start(ctx, imagebuilder.Options{Tools: options.Tools, Cache: options.Cache, RegistryRoot: content})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, builder.Stop(context.WithoutCancel(ctx))) }()
	for _, r := range missing {
		if r.name == BuildKit {
			if r.build.Contexts, err = buildkitContexts(ctx, options, work, builder.Registry()); err != nil {
				return nil, err
			}
		}
		done := progress.Start(options.Out, "building the image "+r.build.Image)
		digest, err := builder.Build(ctx, r.build)
		done(err)
		if err != nil {
			return nil, err
		}
		image, err := r.keep(registryStore{root: content}, digest)
		if err != nil {
			return nil, fmt.Errorf("keep the image %s: %w", r.name, err)
		}
		built = append(built, image)
	}
	return built, nil
}

// keep moves a built image into the cache, and throws out all but the latest few of the same name.
func (r recipeOfOwn) keep(from registryStore, digest string) (Image, error) {
	if err := os.MkdirAll(filepath.Dir(r.content), 0o755); err != nil {
		return Image{}, err
	}
	building, err := os.MkdirTemp(filepath.Dir(r.content), "."+r.name+"-")
	if err != nil {
		return Image{}, err
	}
	defer os.RemoveAll(building)
	to := registryStore{root: filepath.Join(building, "registry")}
	if err := to.copyImage(from, "kiln/"+r.name, buildTag, digest); err != nil {
		return Image{}, err
	}
	if err := writeWhole(filepath.Join(building, digestFile), []byte(digest)); err != nil {
		return Image{}, err
	}
	if err := os.Chmod(building, 0o755); err != nil {
		return Image{}, err
	}
	if err := os.Rename(building, r.content); err != nil && !errors.Is(err, os.ErrExist) {
		return Image{}, err
	}
	image, ok := r.cached()
	if !ok {
		return Image{}, fmt.Errorf("%s was not written", r.content)
	}
	return image, prune(filepath.Dir(r.content), r.name+"-", 5)
}

// prune removes all but the latest folders with the prefix.
func prune(dir, prefix string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	ages := map[string]time.Time{}
	var names []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !strings.HasPrefix(entry.Name(), prefix) {
			continue
		}
		names = append(names, entry.Name())
		ages[entry.Name()] = info.ModTime()
	}
	slices.SortFunc(names, func(a, b string) int { return ages[b].Compare(ages[a]) })
	for _, name := range names[min(keep, len(names)):] {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// buildkitContexts replaces the stages of the BuildKit image's Dockerfile that need the Internet: the launcher is compiled
// here, and QEMU comes from the Debian packages that the base images are made of.
func buildkitContexts(ctx context.Context, options Options, work, registry string) (map[string]string, error) {
	folder := filepath.Join(work, "launcher")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(folder, "kiln-buildkitd"), ".")
	command.Dir = filepath.Join(options.Root, "images", "buildkit", "launcher")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the launcher: %w\n%s", err, output)
	}
	return map[string]string{
		"launcher": folder,
		"qemu":     "docker-image://" + registry + "/" + qemuRepository + ":" + suite,
	}, nil
}
