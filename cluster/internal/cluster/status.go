package cluster

import (
	"fmt"
	"strings"

	"kiln.build/cluster/internal/controlplane"
	"kiln.build/cluster/internal/state"
)

// The states of a cluster.
const (
	Running = "running"
	Stopped = "stopped"
	Broken  = "broken"
)

// Status is everything that a user of the cluster, or a test, needs to know.
type Status struct {
	Name             string          `json:"name"`
	State            string          `json:"state"`
	ControlPlaneOnly bool            `json:"controlPlaneOnly,omitempty"`
	Kubeconfig       string          `json:"kubeconfig,omitempty"`
	Bin              string          `json:"bin"`
	Server           string          `json:"server,omitempty"`
	NodeAddress      string          `json:"nodeAddress,omitempty"`
	Registry         string          `json:"registry,omitempty"`
	SecureRegistry   *SecureRegistry `json:"secureRegistry,omitempty"`
	Git              *Git            `json:"git,omitempty"`
	Nodes            []Node          `json:"nodes,omitempty"`
	StateDir         string          `json:"stateDir"`
	// Dead names the daemons that should run and do not, StoppedDaemons those that somebody stopped.
	Dead           []string `json:"dead,omitempty"`
	StoppedDaemons []string `json:"stoppedDaemons,omitempty"`
}

// SecureRegistry is the registry with TLS and a login.
type SecureRegistry struct {
	Host     string `json:"host"`
	Username string `json:"username"`
	Password string `json:"password"`
	CAFile   string `json:"caFile"`
}

// Git is the git server. A push to a repository that does not exist creates it; repositories below Private need the login.
type Git struct {
	URL          string `json:"url"`
	Repositories string `json:"repositories"`
	Private      string `json:"private"`
	Username     string `json:"username"`
	Password     string `json:"password"`
}

// Node is a node of the cluster.
type Node struct {
	Name         string `json:"name"`
	Address      string `json:"address"`
	Architecture string `json:"architecture"`
}

// Status reads the state of the cluster.
func (c *Cluster) Status() (*Status, error) {
	bin, err := c.tools.Bin()
	if err != nil {
		return nil, err
	}
	status := &Status{Name: c.Name, State: Stopped, Bin: bin, StateDir: c.Dir}
	record, err := state.Load(c.Cluster)
	if err != nil {
		return nil, err
	}
	if record == nil {
		return status, nil
	}
	if record.Bin != "" {
		status.Bin = record.Bin
	}
	status.State, status.Dead, status.StoppedDaemons = Running, record.Dead(), record.Stopped()
	if !record.Ready || len(status.Dead) > 0 {
		status.State = Broken
	}
	address := record.NodeAddress(1)
	status.Kubeconfig, status.Server, status.NodeAddress = c.Kubeconfig(), controlplane.Server(address), address
	status.ControlPlaneOnly = len(record.Nodes) == 0
	for _, node := range record.Nodes {
		status.Nodes = append(status.Nodes, Node{Name: node.Name, Address: record.NodeAddress(node.Number), Architecture: node.Architecture})
	}
	if _, ok := record.Daemon(registryDaemon); ok {
		status.Registry = registryHost(address)
		status.SecureRegistry = &SecureRegistry{
			Host: secureRegistryHost(address), Username: registryUser, Password: record.RegistryPassword, CAFile: c.PKI("registry-ca.crt"),
		}
	}
	if _, ok := record.Daemon(gitDaemon); ok {
		status.Git = &Git{
			URL: gitURL(address), Repositories: c.GitRoot(), Private: gitURL(address) + "/private", Username: gitUser, Password: record.GitPassword,
		}
	}
	return status, nil
}

// String renders the status for people.
func (s *Status) String() string {
	var text strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%-16s %s\n", name, value)
		}
	}
	line("cluster", s.Name)
	line("state", s.State)
	line("ended daemons", strings.Join(s.Dead, ", "))
	line("stopped daemons", strings.Join(s.StoppedDaemons, ", "))
	line("server", s.Server)
	line("kubeconfig", s.Kubeconfig)
	line("tools", s.Bin)
	line("registry", s.Registry)
	if s.SecureRegistry != nil {
		line("secure registry", fmt.Sprintf("%s (user %s, CA %s)", s.SecureRegistry.Host, s.SecureRegistry.Username, s.SecureRegistry.CAFile))
	}
	if s.Git != nil {
		line("git", fmt.Sprintf("%s (%s)", s.Git.URL, s.Git.Repositories))
	}
	for _, node := range s.Nodes {
		line("node", fmt.Sprintf("%s (%s, %s)", node.Name, node.Address, node.Architecture))
	}
	line("logs and state", s.StateDir)
	return text.String()
}
