package toolchain

// Tool is one program, or a few, built from one pinned module.
type Tool struct {
	// Name is the folder below cluster/tools with the go.mod and go.sum that pin the tool.
	Name string
	// Module carries the tool's version in that go.mod.
	Module string
	// Packages are built into programs named after them.
	Packages []string
	// Links are the names a multi-call program is started under.
	Links []string
	Tags  string
	// Versions are linker variables set to the tool's version, "v" included; Variables are other ones.
	Versions  []string
	Variables []string
	// Cgo builds against C libraries; Debian lists the packages that takes.
	Cgo    bool
	Debian []DebianPackage
}

// The pinned tools. Their versions stand in their go.mod files.
var (
	Kubernetes = Tool{
		Name: "kubernetes", Module: "k8s.io/kubernetes", Packages: []string{"."},
		Links:    []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"},
		Versions: []string{"k8s.io/component-base/version.gitVersion", "k8s.io/client-go/pkg/version.gitVersion"},
		Variables: []string{
			"k8s.io/component-base/version.gitMajor=1", "k8s.io/component-base/version.gitMinor=36", "k8s.io/component-base/version.gitTreeState=clean",
		},
	}
	Registry = Tool{
		Name: "registry", Module: "github.com/distribution/distribution/v3",
		Packages: []string{"github.com/distribution/distribution/v3/cmd/registry"},
		Versions: []string{"github.com/distribution/distribution/v3/version.version"},
	}
	Crane = Tool{
		Name: "crane", Module: "github.com/google/go-containerregistry", Packages: []string{"github.com/google/go-containerregistry/cmd/crane"},
		Versions: []string{"github.com/google/go-containerregistry/cmd/crane/cmd.Version"},
	}
	Containerd = Tool{
		Name: "containerd", Module: "github.com/containerd/containerd/v2",
		Packages: []string{
			"github.com/containerd/containerd/v2/cmd/containerd", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		Versions: []string{"github.com/containerd/containerd/v2/version.Version"},
	}
	CNI = Tool{
		Name: "cni", Module: "github.com/containernetworking/plugins",
		Packages: []string{
			"github.com/containernetworking/plugins/plugins/main/ptp", "github.com/containernetworking/plugins/plugins/ipam/host-local",
			"github.com/containernetworking/plugins/plugins/main/loopback", "github.com/containernetworking/plugins/plugins/meta/portmap",
		},
		Versions: []string{"github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion"},
	}
	Runc = Tool{
		Name: "runc", Module: "github.com/opencontainers/runc", Packages: []string{"github.com/opencontainers/runc"},
		Tags: "seccomp", Cgo: true, Debian: []DebianPackage{gcc, libcHeaders, pkgConfig, libseccompHeaders},
		Versions: []string{"main.version"},
	}
	Pause    = Tool{Name: "pause", Module: "kiln.build/cluster/tools/pause", Packages: []string{"."}}
	CoreDNS  = Tool{Name: "coredns", Module: "github.com/coredns/coredns", Packages: []string{"."}}
	BuildKit = Tool{
		Name: "buildkit", Module: "github.com/moby/buildkit",
		Packages: []string{
			"github.com/moby/buildkit/cmd/buildkitd", "github.com/moby/buildkit/cmd/buildctl",
			"github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend",
		},
		Tags:     "osusergo,netgo,static_build,seccomp",
		Versions: []string{"github.com/moby/buildkit/version.Version"},
	}
	Helm = Tool{
		Name: "helm", Module: "helm.sh/helm/v4", Packages: []string{"helm.sh/helm/v4/cmd/helm"},
		Versions: []string{"helm.sh/helm/v4/internal/version.version"},
	}
	// KStatus judges objects as Flux and Helm do; only tests need it.
	KStatus = Tool{Name: "kstatus", Module: "github.com/fluxcd/cli-utils", Packages: []string{"."}}
	Buildx  = Tool{
		Name: "buildx", Module: "github.com/docker/buildx", Packages: []string{"github.com/docker/buildx/cmd/buildx"},
		Versions: []string{"github.com/docker/buildx/version.Version"},
	}
	// VersityGW serves a folder over the S3 interface; only tests need it.
	VersityGW = Tool{
		Name: "versitygw", Module: "github.com/versity/versitygw", Packages: []string{"github.com/versity/versitygw/cmd/versitygw"},
		Versions: []string{"main.Version"},
	}
)

// ControlPlane is what a control plane without nodes, and the fast tests, need.
var ControlPlane = []Tool{Kubernetes, Registry, Crane, KStatus}

// Node is what a cluster that runs pods and installs charts needs.
var Node = append([]Tool{Runc, Containerd, CNI, Pause, CoreDNS, BuildKit, Helm, VersityGW}, ControlPlane...)

// all is every tool, in the order of the folder `bin` links them in.
var all = append([]Tool{Buildx}, Node...)
