package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/controlplane"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/network"
	"kiln.build/cluster/internal/node"
	"kiln.build/cluster/internal/pki"
	"kiln.build/cluster/internal/state"
)

var nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// startEarly starts what does not need the API server: the first node's container runtime, the registries, the git server.
func (c *Cluster) startEarly(ctx context.Context, options Options) error {
	return together(
		func() error { return c.startRuntime(ctx, firstNode(c.Name)) },
		func() error { return c.startRegistries(options) },
		c.startGit,
	)
}

// startRest completes a control plane to a whole cluster and waits until it can run pods.
func (c *Cluster) startRest(ctx context.Context, options Options) error {
	if len(c.record.Nodes) > 0 {
		if err := c.seed(options); err != nil {
			return err
		}
		return c.waitForServices(ctx)
	}
	if !c.has(registryDaemon) {
		if err := c.startEarly(ctx, options); err != nil {
			return err
		}
	}
	if _, err := c.start(controlplane.Scheduler, controlplane.Scheduler, 1, false, nil, controlplane.SchedulerArgs(c.Cluster)...); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := apply(ctx, client, architecturePolicy()); err != nil {
		return err
	}
	if err := c.startDNS(ctx, client); err != nil {
		return err
	}
	if err := c.startVolumes(ctx, client); err != nil {
		return err
	}
	if err := c.startKubelet(ctx, firstNode(c.Name)); err != nil {
		return err
	}
	return c.waitForServices(ctx)
}

func firstNode(cluster string) state.Node {
	return state.Node{Name: cluster + "-node", Number: 1, Architecture: runtime.GOARCH}
}

func (c *Cluster) waitForServices(ctx context.Context) error {
	if err := c.waitForServiceAccounts(ctx); err != nil {
		return err
	}
	address := c.address()
	checks := map[string]string{
		"the registry":   "http://" + registryHost(address) + "/v2/",
		"the git server": gitURL(address) + "/healthz",
		"CoreDNS":        "http://" + address + ":8181/ready",
	}
	for what, url := range checks {
		if err := c.wait(ctx, what, startLimit, func(ctx context.Context) error { return answers(ctx, url) }); err != nil {
			return err
		}
	}
	return c.wait(ctx, "the registry with TLS", startLimit, func(ctx context.Context) error {
		return listening(ctx, "tcp", secureRegistryHost(address))
	})
}

func (c *Cluster) nodeConfig(of state.Node) node.Config {
	config := node.Config{
		Name: of.Name, Dir: c.nodePath(of.Number), Bin: c.record.Bin,
		Address: c.record.NodeAddress(of.Number), PodSubnet: state.PodSubnet(of.Number),
		Cgroup:            filepath.Join(c.Cgroup(), fmt.Sprintf("node%d", of.Number)),
		ClusterCA:         c.PKI("ca.crt"),
		KubeletKubeconfig: controlplane.KubeconfigOf(c.Cluster, kubelet(of)),
		ProxyKubeconfig:   controlplane.KubeconfigOf(c.Cluster, "kube-proxy"),
		Registry:          registryHost(c.address()),
		SecureRegistry:    secureRegistryHost(c.address()),
		RegistryCA:        c.PKI("registry-ca.crt"),
		NoUserNamespaces:  of.NoUserNamespaces,
	}
	if of.Architecture != runtime.GOARCH {
		config.Architecture = of.Architecture
	}
	return config
}

// The names of a node's daemons.
func containerd(of state.Node) string { return fmt.Sprintf("containerd-%d", of.Number) }
func kubelet(of state.Node) string    { return fmt.Sprintf("kubelet-%d", of.Number) }
func proxy(of state.Node) string      { return fmt.Sprintf("kube-proxy-%d", of.Number) }

// startRuntime starts a node's containerd and gives it the image that every pod needs.
func (c *Cluster) startRuntime(ctx context.Context, of state.Node) error {
	config := c.nodeConfig(of)
	if err := config.Write(); err != nil {
		return err
	}
	if err := cgroup.Create(config.Cgroup); err != nil {
		return err
	}
	if _, err := c.start(containerd(of), "containerd", of.Number, true, nil, config.ContainerdArgs()...); err != nil {
		return err
	}
	archive := c.nodePath(of.Number, "pause.tar")
	if err := node.WritePauseImage(filepath.Join(c.record.Bin, "pause"), archive); err != nil {
		return err
	}
	if err := c.wait(ctx, "containerd", startLimit, func(ctx context.Context) error { return listening(ctx, "unix", config.ContainerdSocket()) }); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(c.record.Bin, "ctr"), "--address", config.ContainerdSocket(), "--namespace", "k8s.io",
		"images", "import", "--local=false", archive)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("give the pause image to containerd: %w: %s", err, output)
	}
	return os.Remove(archive)
}

// startKubelet starts a node's kubelet and proxy and waits until the node is ready.
func (c *Cluster) startKubelet(ctx context.Context, of state.Node) error {
	config := c.nodeConfig(of)
	authority, err := pki.LoadAuthority(c.PKI(""), "ca")
	if err != nil {
		return err
	}
	if err := controlplane.WriteClientKubeconfig(c.Cluster, authority, c.address(), kubelet(of), "system:node:"+of.Name, "system:nodes"); err != nil {
		return err
	}
	if _, err := c.start(kubelet(of), "kubelet", of.Number, true, nil, config.KubeletArgs()...); err != nil {
		return err
	}
	if _, err := c.start(proxy(of), "kube-proxy", of.Number, true, nil, config.ProxyArgs()...); err != nil {
		return err
	}
	if err := c.waitForNode(ctx, of); err != nil {
		return err
	}
	if !slices.Contains(c.record.Nodes, of) {
		c.record.Nodes = append(c.record.Nodes, of)
	}
	return c.record.Save(c.Cluster)
}

func (c *Cluster) waitForNode(ctx context.Context, of state.Node) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.wait(ctx, "node "+of.Name, startLimit, func(ctx context.Context) error { return nodeReady(ctx, client, of) })
}

func nodeReady(ctx context.Context, client *kube.Client, of state.Node) error {
	var object struct {
		Metadata struct{ Labels map[string]string }
		Status   struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := client.Get(ctx, "/api/v1/nodes/"+of.Name, &object); err != nil {
		return err
	}
	if shown := object.Metadata.Labels[architectureLabel]; shown != of.Architecture {
		return fmt.Errorf("it says that it is %s, not %s", shown, of.Architecture)
	}
	for _, condition := range object.Status.Conditions {
		if condition.Type != "Ready" {
			continue
		}
		if condition.Status == "True" {
			return nil
		}
		return fmt.Errorf("it is not ready: %s", condition.Message)
	}
	return errors.New("it has not reported yet")
}

// NodeOptions say how an added node differs from the machine.
type NodeOptions struct {
	// Architecture is what it claims to be, in Go's terms; empty for the truth.
	Architecture string
	// NoUserNamespaces lets its container runtime give pods none, as one with an old runc.
	NoUserNamespaces bool
}

// AddNode adds a node with its own kubelet, container runtime and namespaces. A node of that name that exists is fine.
func (c *Cluster) AddNode(ctx context.Context, name string, options NodeOptions) error {
	architecture := options.Architecture
	if !nodeName.MatchString(name) {
		return fmt.Errorf("node name %q: use at most 32 lower-case letters, digits and '-', starting and ending with a letter or digit", name)
	}
	if err := RequireRoot(); err != nil {
		return err
	}
	if architecture == "" {
		architecture = runtime.GOARCH
	}
	unlock, err := state.Lock(ctx, c.Cluster)
	if err != nil {
		return err
	}
	defer unlock()
	if c.record, err = state.Load(c.Cluster); err != nil {
		return err
	}
	if c.record == nil || !c.record.Ready || len(c.record.Nodes) == 0 || len(c.record.Dead()) > 0 {
		return fmt.Errorf("cluster %s does not run: start it with `kiln cluster up`", c.Name)
	}
	if i := slices.IndexFunc(c.record.Nodes, func(n state.Node) bool { return n.Name == name }); i >= 0 {
		if present := c.record.Nodes[i].Architecture; present != architecture {
			return fmt.Errorf("node %s exists and claims to be %s, not %s: choose another name", name, present, architecture)
		}
		if c.record.Nodes[i].NoUserNamespaces != options.NoUserNamespaces {
			return fmt.Errorf("node %s exists and differs in --no-user-namespaces: choose another name", name)
		}
		return nil
	}
	added := state.Node{
		Name: name, Number: c.record.FreeNumber(), Architecture: architecture, NoUserNamespaces: options.NoUserNamespaces,
	}
	if err := c.change(func() error { return c.startNode(ctx, added) }); err != nil {
		return fmt.Errorf("add node %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) startNode(ctx context.Context, added state.Node) error {
	if err := c.startSandbox(ctx, added.Number); err != nil {
		return err
	}
	var others []network.Node
	for _, other := range c.record.Nodes {
		if other.Number == added.Number || c.isStopped(other) {
			continue
		}
		view, err := c.networkNode(other)
		if err != nil {
			return err
		}
		others = append(others, view)
	}
	view, err := c.networkNode(added)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := network.ConnectNode(ctx, view, c.record.MachineAddress(), others); err != nil {
		return err
	}
	if err := c.startRuntime(ctx, added); err != nil {
		return err
	}
	return c.startKubelet(ctx, added)
}

func (c *Cluster) networkNode(of state.Node) (network.Node, error) {
	holder, err := c.holder(of.Number)
	return network.Node{Number: of.Number, Holder: holder, Address: c.record.NodeAddress(of.Number), PodSubnet: state.PodSubnet(of.Number)}, err
}
