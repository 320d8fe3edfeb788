package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"kiln.build/cluster/internal/cluster"
	"kiln.build/cluster/internal/images"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/toolchain"
)

func runCluster(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError{"cluster: say what to do: up, down, status, kubeconfig, bin, add-node, remove-node, stop, pause or start"}
	}
	current, err := currentCluster()
	if err != nil {
		return err
	}
	command, args := args[0], args[1:]
	switch command {
	case "up":
		return clusterUp(ctx, current, args)
	case "down":
		if err := parse(flags(command), args); err != nil {
			return err
		}
		return current.Down(ctx)
	case "status":
		return clusterStatus(current, args)
	case "kubeconfig":
		status, err := current.Status()
		if err != nil {
			return err
		}
		if status.State == cluster.Stopped {
			return fmt.Errorf("cluster %s does not run: start it with `kiln cluster up`", current.Name)
		}
		fmt.Println(status.Kubeconfig)
		return nil
	case "bin":
		return clusterBin(ctx, current)
	case "add-node":
		return addNode(ctx, current, args)
	case "remove-node":
		return withName(ctx, command, args, current.RemoveNode)
	case "stop":
		return withName(ctx, command, args, current.Stop)
	case "pause":
		return withName(ctx, command, args, current.Pause)
	case "start":
		return withName(ctx, command, args, current.Start)
	default:
		return usageError{fmt.Sprintf("cluster: unknown command %q", command)}
	}
}

func clusterUp(ctx context.Context, current *cluster.Cluster, args []string) error {
	var options cluster.Options
	set := flags("up")
	set.BoolVar(&options.ControlPlaneOnly, "control-plane-only", false, "")
	if err := parse(set, args); err != nil {
		return err
	}
	if !options.ControlPlaneOnly {
		seed, err := seedImages(ctx)
		if err != nil {
			return err
		}
		options.Seeds = []string{seed}
	}
	if err := current.Up(ctx, options); err != nil {
		return err
	}
	status, err := current.Status()
	if err != nil {
		return err
	}
	fmt.Fprint(os.Stderr, status)
	return nil
}

// seedImages makes the base images that the cluster's registry offers as a mirror of docker.io.
func seedImages(ctx context.Context) (string, error) {
	if err := cluster.RequireRoot(); err != nil {
		return "", err
	}
	jdk, err := findJDK() // one of the base images
	if err != nil {
		return "", err
	}
	tools, err := newToolchain()
	if err != nil {
		return "", err
	}
	cache, err := layout.Cache()
	if err != nil {
		return "", err
	}
	return images.Seed(ctx, tools, cache, jdk, os.Stderr)
}

func clusterStatus(current *cluster.Cluster, args []string) error {
	set := flags("status")
	output := set.String("o", "text", "")
	if err := parse(set, args); err != nil {
		return err
	}
	status, err := current.Status()
	if err != nil {
		return err
	}
	switch *output {
	case "text":
		fmt.Print(status)
		return nil
	case "json":
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(status)
	default:
		return usageError{fmt.Sprintf("cluster status: unknown format %q: use text or json", *output)}
	}
}

// clusterBin prints the folder of the cluster's tools. Without a cluster it is that of the next one, built when it is not there yet.
func clusterBin(ctx context.Context, current *cluster.Cluster) error {
	status, err := current.Status()
	if err != nil {
		return err
	}
	if status.State == cluster.Stopped {
		tools, err := newToolchain()
		if err != nil {
			return err
		}
		if _, err := tools.Ensure(ctx, toolchain.Node...); err != nil {
			return err
		}
	}
	fmt.Println(status.Bin)
	return nil
}

func addNode(ctx context.Context, current *cluster.Cluster, args []string) error {
	if len(args) == 0 {
		return usageError{"cluster add-node: the name of the node is missing"}
	}
	set := flags("add-node")
	var options cluster.NodeOptions
	set.StringVar(&options.Architecture, "arch", "", "")
	set.BoolVar(&options.NoUserNamespaces, "no-user-namespaces", false, "")
	if err := parse(set, args[1:]); err != nil {
		return err
	}
	return current.AddNode(ctx, args[0], options)
}

// withName carries out a command whose only argument is the name of a daemon or a node.
func withName(ctx context.Context, command string, args []string, act func(context.Context, string) error) error {
	if len(args) == 0 {
		return usageError{fmt.Sprintf("cluster %s: a name is missing", command)}
	}
	if err := parse(flags(command), args[1:]); err != nil {
		return err
	}
	return act(ctx, args[0])
}

func flags(command string) *flag.FlagSet {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	return set
}

func parse(set *flag.FlagSet, args []string) error {
	if err := set.Parse(args); err != nil {
		return usageError{fmt.Sprintf("%s: %v", set.Name(), err)}
	}
	if set.NArg() > 0 {
		return usageError{fmt.Sprintf("%s: unexpected argument %q", set.Name(), set.Arg(0))}
	}
	return nil
}
