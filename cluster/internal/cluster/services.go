package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"kiln.build/cluster/internal/controlplane"
	"kiln.build/cluster/internal/gitserver"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/pki"
	"kiln.build/cluster/internal/registry"
	"kiln.build/cluster/internal/volumes"
)

// Daemons beside Kubernetes, and the accounts of those that have a login.
const (
	registryDaemon       = "registry"
	secureRegistryDaemon = "registry-secure"
	gitDaemon            = "git"
	dnsDaemon            = "coredns"
	volumesDaemon        = "volumes"
	registryUser         = "kiln"
	gitUser              = "kiln"
)

func registryHost(address string) string       { return address + ":5000" }
func secureRegistryHost(address string) string { return address + ":5443" }
func gitURL(address string) string             { return "http://" + address + ":3000" }

// startRegistries starts the plain registry, filled from the seeds, and the one with TLS and a login.
func (c *Cluster) startRegistries(options Options) error {
	if err := c.writeRegistryCertificate(); err != nil {
		return err
	}
	address := c.address()
	configs := map[string]registry.Config{
		registryDaemon: {Root: c.RegistryRoot(), Address: registryHost(address)},
		secureRegistryDaemon: {
			Root: c.Path("registry-secure"), Address: secureRegistryHost(address),
			TLS:   &registry.TLS{Certificate: c.PKI("registry.crt"), Key: c.PKI("registry.key")},
			Login: &registry.Login{Username: registryUser, Password: c.record.RegistryPassword, File: c.PKI("registry.htpasswd")},
		},
	}
	if err := c.seed(options); err != nil {
		return err
	}
	for name, config := range configs {
		file := c.Path("run", name+".json")
		if err := config.Write(file); err != nil {
			return err
		}
		if _, err := c.start(name, "registry", 1, false, registry.Env(), registry.Args(file)...); err != nil {
			return err
		}
	}
	return nil
}

// seed adds the seeds to the plain registry, which may be running.
func (c *Cluster) seed(options Options) error {
	for _, seed := range options.Seeds {
		if err := registry.Seed(c.RegistryRoot(), seed); err != nil {
			return err
		}
	}
	return nil
}

// writeRegistryCertificate makes the registry's certificate from an authority that nothing else trusts.
func (c *Cluster) writeRegistryCertificate() error {
	authority, err := pki.NewAuthority("kiln-" + c.Name + "-registry")
	if err != nil {
		return err
	}
	if err := authority.Write(c.PKI(""), "registry-ca"); err != nil {
		return err
	}
	serving, err := authority.Server("registry", c.address(), "localhost", "127.0.0.1")
	if err != nil {
		return err
	}
	return serving.Write(c.PKI(""), "registry")
}

func (c *Cluster) startGit() error {
	file := c.Path("run", "git.json")
	config := gitserver.Config{
		Address: strings.TrimPrefix(gitURL(c.address()), "http://"), Root: c.GitRoot(), Username: gitUser, Password: c.record.GitPassword,
	}
	if err := config.Write(file); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	_, err = c.start(gitDaemon, self, 1, false, nil, gitserver.Command, file)
	return err
}

// startDNS starts CoreDNS on the first node's address and makes it the cluster's DNS service.
func (c *Cluster) startDNS(ctx context.Context, client *kube.Client) error {
	address := c.address()
	// Names outside of the cluster do not exist: it has no way out of the machine.
	corefile := fmt.Sprintf(`cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
  bind %[1]s
  errors
  health %[1]s:8081
  ready %[1]s:8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig %[2]s
    pods insecure
    ttl 5
  }
  cache 5
}
.:53 {
  bind %[1]s
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`, address, controlplane.KubeconfigOf(c.Cluster, dnsDaemon))
	if err := os.WriteFile(c.Path("run", "Corefile"), []byte(corefile), 0o644); err != nil {
		return fmt.Errorf("write the configuration of CoreDNS: %w", err)
	}
	if err := apply(ctx, client, dnsObjects(address)); err != nil {
		return err
	}
	_, err := c.start(dnsDaemon, "coredns", 1, false, nil, "-conf", c.Path("run", "Corefile"))
	return err
}

// startVolumes makes the cluster's StorageClass work.
func (c *Cluster) startVolumes(ctx context.Context, client *kube.Client) error {
	for _, object := range volumes.Objects() {
		if err := client.Apply(ctx, object.Path, object.Body); err != nil {
			return err
		}
	}
	file := c.Path("run", "volumes.json")
	config := volumes.Config{Kubeconfig: controlplane.KubeconfigOf(c.Cluster, volumesDaemon), Root: c.Path("volumes")}
	if err := config.Write(file); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	_, err = c.start(volumesDaemon, self, 1, false, nil, volumes.Command, file)
	return err
}

type apiObject struct {
	path string
	body map[string]any
}

func dnsObjects(address string) []apiObject {
	type m = map[string]any
	metadata := func(name string) m {
		return m{"name": name, "namespace": "kube-system", "labels": m{"k8s-app": "kube-dns", "kubernetes.io/service-name": "kube-dns"}}
	}
	ports := func(target bool) []m {
		var ports []m
		for _, protocol := range []string{"UDP", "TCP"} {
			port := m{"name": "dns-" + strings.ToLower(protocol), "port": 53, "protocol": protocol}
			if target {
				port["targetPort"] = 53
			}
			ports = append(ports, port)
		}
		return ports
	}
	return []apiObject{
		{"/apis/rbac.authorization.k8s.io/v1/clusterroles/system:coredns", m{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": m{"name": "system:coredns"},
			"rules": []m{
				{"apiGroups": []string{""}, "resources": []string{"services", "pods", "namespaces"}, "verbs": []string{"list", "watch"}},
				{"apiGroups": []string{"discovery.k8s.io"}, "resources": []string{"endpointslices"}, "verbs": []string{"list", "watch"}},
			},
		}},
		{"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:coredns", m{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": m{"name": "system:coredns"},
			"roleRef":  m{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
			"subjects": []m{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:coredns"}},
		}},
		{"/api/v1/namespaces/kube-system/services/kube-dns", m{
			"apiVersion": "v1", "kind": "Service", "metadata": metadata("kube-dns"),
			"spec": m{"clusterIP": controlplane.DNSAddress, "ports": ports(true)},
		}},
		{"/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns", m{
			"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata("kube-dns"), "addressType": "IPv4",
			"endpoints": []m{{"addresses": []string{address}, "conditions": m{"ready": true}}},
			"ports":     ports(false),
		}},
	}
}

// listening tells whether something accepts connections at an address.
func listening(ctx context.Context, network, address string) error {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// answers tells whether a URL answers with success.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
