// Command kiln is the command line of Kiln's source tree: a cluster to try things on, the demo, the tests.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"syscall"

	"kiln.build/cluster/internal/cluster"
	"kiln.build/cluster/internal/emulation"
	"kiln.build/cluster/internal/gitserver"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/sandbox"
	"kiln.build/cluster/internal/toolchain"
	"kiln.build/cluster/internal/volumes"
)

const usage = `Usage: ./kiln COMMAND

  demo                     build an image for two platforms on a cluster made for it
      --context NAME         on a cluster of your own instead: a context of your kubeconfig
      --registry HOST[/PATH] then needed: where to push, so that this machine and the cluster's nodes reach it
      --plain-http           that registry does not speak HTTPS
  test [--fast]            run the tests; --fast leaves out those that need a cluster with nodes
  bench                    the same as bench/run: measure Kiln beside docker/buildx
  chaos                    the same as bench/chaos: break things while images are built, and count what is lost
  images                   build Kiln's own images and push them to the cluster's registry
  emulation                the same as bench/emulation: measure emulated builds and compare what they make
  twins                    make the native programs for emulated builds; ./kiln twins --help
  cluster up               start a cluster, or complete one that runs
      --control-plane-only   only etcd, the API server and the controller manager
  cluster down             remove the cluster and every trace of it
  cluster status [-o json] describe the cluster
  cluster kubeconfig       print the path of the administrator's kubeconfig
  cluster bin              print the folder with kubectl and the other tools
  cluster add-node NAME    add a node
      --arch ARCH            let it claim another architecture, such as arm64
      --no-user-namespaces   let its container runtime give pods none, as one with runc before 1.2
  cluster remove-node NAME remove an added node
  cluster stop NAME        kill a daemon, such as kube-apiserver or registry, or everything on an added node
  cluster pause NAME       let a daemon stand still
  cluster start NAME       start a stopped daemon or node again; let a paused daemon go on
  down                     the same as cluster down

Environment:
  KILN_CLUSTER             name of the cluster, so that several can run side by side (default: kiln)
  KILN_STATE_DIR           folder for the state of clusters (default: /var/lib/kiln)
  XDG_CACHE_HOME           everything that was built lies in its folder kiln (default: ~/.cache)
`

// usageError is a mistake in the command line.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message + "\nTry ./kiln help" }

func main() {
	// Pods with a user namespace of their own must get through the folders of a cluster's state, whatever the caller's mask.
	syscall.Umask(0o022)
	// Daemons start through this program too.
	stages := map[string]func(string) error{
		process.EntryCommand: process.Enter,
		sandbox.HoldCommand:  sandbox.Hold,
		gitserver.Command:    gitserver.Serve,
		volumes.Command:      volumes.Serve,
	}
	maps.Copy(stages, emulation.Commands)
	handled, err := process.Dispatch(stages)
	if !handled {
		err = run(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "kiln: %v\n", err)
		if _, mistake := err.(usageError); mistake {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return usageError{"a command is missing"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch args[0] {
	case "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	case "cluster":
		return runCluster(ctx, args[1:])
	case "demo":
		return runDemo(ctx, args[1:])
	case "bench":
		return runBench(ctx, args[1:])
	case "chaos":
		return runChaos(ctx, args[1:])
	case "images":
		return runImages(ctx, args[1:])
	case "down":
		return runCluster(ctx, args)
	case "emulation":
		return runEmulation(ctx, args[1:])
	case "twins":
		return runTwins(ctx, args[1:])
	case "test":
		return runTest(ctx, args[1:])
	default:
		return usageError{fmt.Sprintf("unknown command %q", args[0])}
	}
}

// newToolchain is the toolchain of the source tree; long steps are told on stderr.
func newToolchain() (*toolchain.Toolchain, error) {
	root, err := layout.Root()
	if err != nil {
		return nil, err
	}
	cache, err := layout.Cache()
	if err != nil {
		return nil, err
	}
	return toolchain.New(root, cache, os.Stderr), nil
}

// currentCluster is the cluster that the environment names.
func currentCluster() (*cluster.Cluster, error) {
	tools, err := newToolchain()
	if err != nil {
		return nil, err
	}
	at, err := layout.CurrentCluster()
	if err != nil {
		return nil, err
	}
	return cluster.Open(at, tools, os.Stderr), nil
}
