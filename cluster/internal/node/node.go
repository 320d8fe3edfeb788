// Package node configures what makes a machine a Kubernetes node: containerd, the kubelet, the proxy, the pods' network.
package node

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kiln.build/cluster/internal/controlplane"
)

// Config describes one node. All of its files lie below Dir.
type Config struct {
	Name      string
	Dir       string
	Bin       string
	Address   string
	PodSubnet string
	Cgroup    string // the kubelet's own root
	// Architecture is what the node claims to be, in Go's terms; empty for the truth.
	Architecture string
	// NoUserNamespaces lets the container runtime give pods none, as one with an old runc.
	NoUserNamespaces bool
	ClusterCA        string
	// Kubeconfigs of the kubelet and of the proxy.
	KubeletKubeconfig string
	ProxyKubeconfig   string
	// Registry (plain HTTP) is also the mirror of docker.io; SecureRegistry has a certificate of RegistryCA.
	Registry       string
	SecureRegistry string
	RegistryCA     string
}

// PauseImage is the image that holds a pod's namespaces.
const PauseImage = "kiln.build/pause:1"

// ClaimedArchitectureLabel on a node makes its label kubernetes.io/arch have the same value.
const ClaimedArchitectureLabel = "kiln.build/claimed-architecture"

const podSubnets = "10.244.0.0/16"

// ContainerdSocket is where containerd listens.
func (c Config) ContainerdSocket() string { return c.path("containerd.sock") }

func (c Config) path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}

// Write writes all configuration files.
func (c Config) Write() error {
	files := map[string][]byte{
		c.path("containerd.toml"):                         []byte(c.containerd()),
		c.path("certs.d", "docker.io", "hosts.toml"):      []byte(mirror(c.Registry)),
		c.path("certs.d", c.Registry, "hosts.toml"):       []byte(plain(c.Registry)),
		c.path("certs.d", c.SecureRegistry, "hosts.toml"): []byte(secure(c.SecureRegistry, c.RegistryCA)),
		c.path("buildkitd.toml"):                          []byte(BuildkitRegistries(c.Registry)),
		c.path("resolv.conf"):                             nil,
	}
	var err error
	if files[c.path("cni", "10-kiln.conflist")], err = c.cni(); err != nil {
		return err
	}
	if files[c.path("kubelet.json")], err = c.kubelet(); err != nil {
		return err
	}
	if files[c.path("kube-proxy.json")], err = c.proxy(); err != nil {
		return err
	}
	// Pods with a user namespace of their own enter their files through this folder; containerd would make it root's alone.
	if err := os.MkdirAll(c.path("containerd"), 0o711); err != nil {
		return fmt.Errorf("configure node %s: %w", c.Name, err)
	}
	for file, content := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("configure node %s: %w", c.Name, err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return fmt.Errorf("configure node %s: %w", c.Name, err)
		}
	}
	if err := c.writeRuntime(); err != nil {
		return fmt.Errorf("configure node %s: %w", c.Name, err)
	}
	return nil
}

// ContainerdArgs are the arguments of containerd.
func (c Config) ContainerdArgs() []string { return []string{"--config", c.path("containerd.toml")} }

// KubeletArgs are the arguments of the kubelet.
func (c Config) KubeletArgs() []string {
	args := []string{
		"--config=" + c.path("kubelet.json"),
		"--kubeconfig=" + c.KubeletKubeconfig,
		"--root-dir=" + c.path("kubelet"),
		"--cert-dir=" + c.path("kubelet-pki"),
		"--hostname-override=" + c.Name,
		"--node-ip=" + c.Address,
	}
	if c.Architecture != "" {
		args = append(args, "--node-labels="+ClaimedArchitectureLabel+"="+c.Architecture)
	}
	return args
}

// ProxyArgs are the arguments of the proxy.
func (c Config) ProxyArgs() []string { return []string{"--config=" + c.path("kube-proxy.json")} }

// containerd renders the runtime's configuration. restrict_oom_score_adj: lowering the score takes a capability that a virtual machine's root may lack.
func (c Config) containerd() string {
	return fmt.Sprintf(`version = 3
root = %[1]q
state = %[2]q
disabled_plugins = [
  "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = %[3]q

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [%[4]q]
    conf_dir = %[5]q
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = %[6]q

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = %[7]q
[plugins."io.containerd.cri.v1.images".registry]
  config_path = %[8]q
`, c.path("containerd", "root"), c.path("containerd", "state"), c.ContainerdSocket(), c.Bin, c.path("cni"), c.runtime(), PauseImage, c.path("certs.d"))
}

func (c Config) cni() ([]byte, error) {
	return render("pod network", map[string]any{
		"cniVersion": "1.0.0",
		"name":       "kiln",
		"plugins": []any{
			// Every pod has a link of its own and no bridge, so that all of its packets are routed: a bridge would hide answers from the proxy's rules.
			map[string]any{
				"type": "ptp", "ipMasq": false,
				"ipam": map[string]any{
					"type": "host-local", "dataDir": c.path("cni-state"),
					"ranges": []any{[]any{map[string]any{"subnet": c.PodSubnet}}},
					"routes": []any{map[string]any{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
		},
	})
}

func (c Config) kubelet() ([]byte, error) {
	return render("kubelet", map[string]any{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"address":                  c.Address,
		"authentication":           map[string]any{"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true}, "x509": map[string]any{"clientCAFile": c.ClusterCA}},
		"authorization":            map[string]any{"mode": "Webhook"},
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               c.Cgroup,
		"enforceNodeAllocatable":   []string{"pods"},
		"failCgroupV1":             false,
		"failSwapOn":               false,
		"containerRuntimeEndpoint": "unix://" + c.ContainerdSocket(),
		"clusterDNS":               []string{controlplane.DNSAddress},
		"clusterDomain":            "cluster.local",
		"resolvConf":               c.path("resolv.conf"),
		"podLogsDir":               c.path("pods-logs"),
		"staticPodPath":            "",
		"volumePluginDir":          c.path("volume-plugins"),
		"serializeImagePulls":      false,
		// The machine's disk is not the cluster's to judge.
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                map[string]string{"memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%"},
		// Lowering the score takes a capability that a virtual machine's root may lack.
		"oomScoreAdj":               0,
		"healthzPort":               10248,
		"enableServer":              true,
		"nodeStatusUpdateFrequency": "10s",
		// Whoever kills the same container again and again on this cluster wants to see it start again.
		"crashLoopBackOff": map[string]string{"maxContainerRestartPeriod": "1s"},
	})
}

func (c Config) proxy() ([]byte, error) {
	return render("kube-proxy", map[string]any{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"clientConnection":   map[string]any{"kubeconfig": c.ProxyKubeconfig},
		"mode":               "iptables",
		"hostnameOverride":   c.Name,
		"clusterCIDR":        podSubnets,
		"healthzBindAddress": "127.0.0.1:10256",
		"metricsBindAddress": "127.0.0.1:10249",
		// A namespace shares the size of the machine's connection table and cannot change it.
		"conntrack": map[string]any{"maxPerCore": 0, "min": 0},
		"iptables":  map[string]any{"minSyncPeriod": "100ms"},
	})
}

// render renders a configuration. JSON is YAML too.
func render(what string, config any) ([]byte, error) {
	encoded, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("render the configuration of %s: %w", what, err)
	}
	return append(encoded, '\n'), nil
}

func mirror(registry string) string {
	return fmt.Sprintf("server = \"https://registry-1.docker.io\"\n\n[host.\"http://%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n", registry)
}

func plain(registry string) string {
	return fmt.Sprintf("server = \"http://%s\"\n\n[host.\"http://%[1]s\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n", registry)
}

func secure(registry, authority string) string {
	return fmt.Sprintf("server = \"https://%s\"\n\n[host.\"https://%[1]s\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n  ca = %q\n", registry, authority)
}

// BuildkitRegistries is the part of a buildkitd.toml that makes the plain registry usable and the mirror of docker.io.
func BuildkitRegistries(registry string) string {
	return strings.TrimLeft(fmt.Sprintf(`
[registry."docker.io"]
  mirrors = [%[1]q]
[registry.%[1]q]
  http = true
`, registry), "\n")
}
