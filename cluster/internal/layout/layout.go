// Package layout says where Kiln's command line keeps its files.
package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// maxStateDir bounds a cluster's state folder: UNIX socket paths below it must stay within 108 bytes.
const maxStateDir = 60

const defaultStateRoot = "/var/lib/kiln"

var clusterName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Cache is the folder for everything that can be built again: tools, images, the command line itself.
func Cache() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(base, "kiln"), nil
}

// Root is the root of the source tree, handed over by the kiln script.
func Root() (string, error) {
	root := os.Getenv("KILN_ROOT")
	if root == "" {
		return "", fmt.Errorf("KILN_ROOT is not set: start this program through the kiln script of the source tree")
	}
	return root, nil
}

// StateRoot is the folder that holds one state folder per cluster.
func StateRoot() string {
	if dir := os.Getenv("KILN_STATE_DIR"); dir != "" {
		return filepath.Clean(dir)
	}
	return defaultStateRoot
}

// Cluster names one cluster and the folder with all of its state.
type Cluster struct {
	Name string
	Dir  string
}

// CurrentCluster is the cluster that KILN_CLUSTER names, by default "kiln".
func CurrentCluster() (Cluster, error) {
	name := os.Getenv("KILN_CLUSTER")
	if name == "" {
		name = "kiln"
	}
	return NewCluster(StateRoot(), name)
}

// NewCluster checks the name and the length of the resulting paths.
func NewCluster(stateRoot, name string) (Cluster, error) {
	if !clusterName.MatchString(name) {
		return Cluster{}, fmt.Errorf("cluster name %q: use 1 to 20 lower-case letters, digits and '-', starting and ending with a letter or digit (KILN_CLUSTER)", name)
	}
	dir := filepath.Join(stateRoot, name)
	if !filepath.IsAbs(dir) {
		return Cluster{}, fmt.Errorf("state folder %q: KILN_STATE_DIR must be an absolute path", dir)
	}
	if len(dir) > maxStateDir {
		return Cluster{}, fmt.Errorf("state folder %q is longer than %d characters: sockets below it would not work, choose a shorter KILN_STATE_DIR", dir, maxStateDir)
	}
	return Cluster{Name: name, Dir: dir}, nil
}

// Kubeconfig is the administrator's kubeconfig.
func (c Cluster) Kubeconfig() string { return c.Path("kubeconfig") }

// Log is the log file of a component.
func (c Cluster) Log(component string) string { return c.Path("log", component+".log") }

// PKI is a file of the cluster's certificate folder.
func (c Cluster) PKI(file string) string { return c.Path("pki", file) }

// RegistryRoot is the content of the plain registry.
func (c Cluster) RegistryRoot() string { return c.Path("registry") }

// GitRoot is the folder with the bare repositories of the git server.
func (c Cluster) GitRoot() string { return c.Path("git") }

// Cgroup is the cgroup that holds every process of the cluster, in every hierarchy. Clusters of the same name in two state folders differ.
func (c Cluster) Cgroup() string {
	cgroup := "/kiln-" + c.Name
	if root := filepath.Dir(c.Dir); root != defaultStateRoot {
		sum := sha256.Sum256([]byte(root))
		cgroup += "." + hex.EncodeToString(sum[:4])
	}
	return cgroup
}

// Path joins elements to the cluster's state folder.
func (c Cluster) Path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}
