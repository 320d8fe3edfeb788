// Package controlplane configures etcd, the API server, the controller manager and the scheduler of a cluster.
package controlplane

import (
	"fmt"
	"os"
	"path/filepath"

	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/pki"
	"kiln.build/cluster/internal/volumes"
)

const (
	// ServiceSubnet holds the addresses of the cluster's services.
	ServiceSubnet = "10.96.0.0/16"
	// DNSAddress is the service address of the cluster's DNS server.
	DNSAddress     = "10.96.0.10"
	serviceAddress = "10.96.0.1"
	issuer         = "https://kubernetes.default.svc.cluster.local"
	etcdEndpoint   = "http://127.0.0.1:2379"
)

// The names of the daemons are those of their programs.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
)

// Server is the URL of the API server that listens on address.
func Server(address string) string { return "https://" + address + ":6443" }

// WriteCredentials makes the certificates and kubeconfigs of the control plane, of the DNS server and of the nodes' proxies.
func WriteCredentials(cluster layout.Cluster, address string) error {
	if err := os.MkdirAll(cluster.PKI(""), 0o755); err != nil {
		return fmt.Errorf("create the certificate folder: %w", err)
	}
	authority, err := pki.NewAuthority("kiln-" + cluster.Name)
	if err != nil {
		return err
	}
	if err := authority.Write(cluster.PKI(""), "ca"); err != nil {
		return err
	}
	serving, err := authority.Server(APIServer, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		"localhost", "127.0.0.1", serviceAddress, address)
	if err != nil {
		return err
	}
	if err := serving.Write(cluster.PKI(""), "apiserver"); err != nil {
		return err
	}
	kubelets, err := authority.Client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return err
	}
	if err := kubelets.Write(cluster.PKI(""), "apiserver-kubelet-client"); err != nil {
		return err
	}
	tokens, err := pki.NewKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(cluster.PKI("service-accounts.key"), tokens, 0o600); err != nil {
		return fmt.Errorf("write the key of the service accounts: %w", err)
	}
	return writeKubeconfigs(cluster, authority, address)
}

func writeKubeconfigs(cluster layout.Cluster, authority *pki.Authority, address string) error {
	admin, err := authority.RSAClient("kubernetes-admin", "system:masters")
	if err != nil {
		return err
	}
	if err := kube.WriteKubeconfig(cluster.Kubeconfig(), "kiln-"+cluster.Name, Server(address), authority.Certificate, "kubernetes-admin", admin); err != nil {
		return err
	}
	for name, user := range map[string]string{
		ControllerManager: "system:kube-controller-manager",
		Scheduler:         "system:kube-scheduler",
		"kube-proxy":      "system:kube-proxy",
		"coredns":         "system:coredns",
		"volumes":         volumes.User,
	} {
		if err := WriteClientKubeconfig(cluster, authority, address, name, user); err != nil {
			return err
		}
	}
	return nil
}

// WriteClientKubeconfig makes a certificate for a user and the kubeconfig file `name` that carries it.
func WriteClientKubeconfig(cluster layout.Cluster, authority *pki.Authority, address, name, user string, groups ...string) error {
	client, err := authority.Client(user, groups...)
	if err != nil {
		return err
	}
	return kube.WriteKubeconfig(KubeconfigOf(cluster, name), "kiln-"+cluster.Name, Server(address), authority.Certificate, user, client)
}

// KubeconfigOf is the kubeconfig of a component.
func KubeconfigOf(cluster layout.Cluster, name string) string {
	return cluster.PKI(name + ".kubeconfig")
}

// EtcdArgs are the arguments of etcd. The cluster does not outlive the machine, so nothing waits for the disk.
func EtcdArgs(cluster layout.Cluster) []string {
	return []string{
		"--name=" + cluster.Name,
		"--data-dir=" + cluster.Path("etcd"),
		"--listen-client-urls=" + etcdEndpoint,
		"--advertise-client-urls=" + etcdEndpoint,
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=" + cluster.Name + "=http://127.0.0.1:2380",
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// APIServerArgs are the arguments of the API server.
func APIServerArgs(cluster layout.Cluster, address string) []string {
	return []string{
		"--etcd-servers=" + etcdEndpoint,
		"--bind-address=" + address,
		"--advertise-address=" + address,
		"--secure-port=6443",
		"--tls-cert-file=" + cluster.PKI("apiserver.crt"),
		"--tls-private-key-file=" + cluster.PKI("apiserver.key"),
		"--client-ca-file=" + cluster.PKI("ca.crt"),
		"--kubelet-client-certificate=" + cluster.PKI("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + cluster.PKI("apiserver-kubelet-client.key"),
		// Node names cannot be resolved here.
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + cluster.PKI("service-accounts.key"),
		"--service-account-signing-key-file=" + cluster.PKI("service-accounts.key"),
		"--service-cluster-ip-range=" + ServiceSubnet,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		// A node that does not answer for the controller manager's grace period is gone for good here; its pods need not wait for it.
		"--default-unreachable-toleration-seconds=5",
		"--profiling=false",
	}
}

// ControllerManagerArgs are the arguments of the controller manager.
func ControllerManagerArgs(cluster layout.Cluster) []string {
	return []string{
		"--kubeconfig=" + KubeconfigOf(cluster, ControllerManager),
		"--root-ca-file=" + cluster.PKI("ca.crt"),
		"--service-account-private-key-file=" + cluster.PKI("service-accounts.key"),
		"--use-service-account-credentials=true",
		"--cluster-signing-cert-file=" + cluster.PKI("ca.crt"),
		"--cluster-signing-key-file=" + cluster.PKI("ca.key"),
		"--allocate-node-cidrs=false",
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--profiling=false",
		"--cert-dir=" + filepath.Join(cluster.Dir, "run"),
	}
}

// SchedulerArgs are the arguments of the scheduler.
func SchedulerArgs(cluster layout.Cluster) []string {
	return []string{
		"--kubeconfig=" + KubeconfigOf(cluster, Scheduler),
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--profiling=false",
		"--cert-dir=" + filepath.Join(cluster.Dir, "run"),
	}
}
