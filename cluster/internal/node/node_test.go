package node

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func config(dir string) Config {
	return Config{
		Name: "n1", Dir: dir, Bin: "/cache/bin", Address: "10.99.0.2", PodSubnet: "10.244.0.0/24", Cgroup: "/kiln-kiln/node1",
		ClusterCA: "/pki/ca.crt", KubeletKubeconfig: "/pki/kubelet.kubeconfig", ProxyKubeconfig: "/pki/proxy.kubeconfig",
		Registry: "10.99.0.2:5000", SecureRegistry: "10.99.0.2:5443", RegistryCA: "/pki/registry-ca.crt",
	}
}

func TestARuntimeThatGivesPodsNoUserNamespacesSaysSo(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	real := "#!/bin/sh\nif [ $1 = features ]; then echo '{\"mountExtensions\": {\"idmap\": {\"enabled\": true}}}'; else echo \"ran $*\"; fi\n"
	if err := os.WriteFile(filepath.Join(bin, "runc"), []byte(real), 0o755); err != nil {
		t.Fatal(err)
	}
	c := config(dir)
	c.Bin, c.NoUserNamespaces = bin, true
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	toml, err := os.ReadFile(filepath.Join(dir, "containerd.toml"))
	if err != nil || !strings.Contains(string(toml), "BinaryName = \""+filepath.Join(dir, "runc")+"\"") {
		t.Errorf("containerd starts another runtime: %s %v", toml, err)
	}
	for arguments, want := range map[string]string{"features": `{"mountExtensions": {"later": {"enabled": true}}}`, "run --bundle b": "ran run --bundle b"} {
		output, err := exec.Command(filepath.Join(dir, "runc"), strings.Fields(arguments)...).Output()
		if err != nil || strings.TrimSpace(string(output)) != want {
			t.Errorf("%s: %s %v", arguments, output, err)
		}
	}
}

func TestEverythingLiesBelowTheNodesFolder(t *testing.T) {
	dir := t.TempDir()
	c := config(dir)
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	var kubelet struct{ CgroupRoot, PodLogsDir, ContainerRuntimeEndpoint, VolumePluginDir string }
	decode(t, filepath.Join(dir, "kubelet.json"), &kubelet)
	if kubelet.CgroupRoot != c.Cgroup {
		t.Errorf("the kubelet uses the cgroup %q", kubelet.CgroupRoot)
	}
	for _, path := range []string{kubelet.PodLogsDir, kubelet.VolumePluginDir, strings.TrimPrefix(kubelet.ContainerRuntimeEndpoint, "unix://")} {
		if !strings.HasPrefix(path, dir+"/") {
			t.Errorf("the kubelet uses %q", path)
		}
	}
	var network struct {
		Plugins []struct {
			Type string
			IPAM struct{ DataDir string }
		}
	}
	decode(t, filepath.Join(dir, "cni", "10-kiln.conflist"), &network)
	if len(network.Plugins) != 2 || !strings.HasPrefix(network.Plugins[0].IPAM.DataDir, dir+"/") {
		t.Errorf("pod network: %+v", network)
	}
	mirror, err := os.ReadFile(filepath.Join(dir, "certs.d", "docker.io", "hosts.toml"))
	if err != nil || !strings.Contains(string(mirror), `[host."http://10.99.0.2:5000"]`) {
		t.Errorf("mirror of docker.io: %s %v", mirror, err)
	}
	info, err := os.Stat(filepath.Join(dir, "containerd"))
	if err != nil || info.Mode().Perm()&0o001 == 0 {
		t.Errorf("pods with a user namespace cannot pass %v (%v)", info.Mode(), err)
	}
}

func TestClaimedArchitectureIsALabel(t *testing.T) {
	c := config("/state")
	if slices.ContainsFunc(c.KubeletArgs(), func(arg string) bool { return strings.HasPrefix(arg, "--node-labels") }) {
		t.Error("a node that claims nothing has labels")
	}
	c.Architecture = "arm64"
	if !slices.Contains(c.KubeletArgs(), "--node-labels=kiln.build/claimed-architecture=arm64") {
		t.Errorf("arguments: %q", c.KubeletArgs())
	}
}

func TestBuildkitRegistries(t *testing.T) {
	want := "[registry.\"docker.io\"]\n  mirrors = [\"10.99.0.2:5000\"]\n[registry.\"10.99.0.2:5000\"]\n  http = true\n"
	if got := BuildkitRegistries("10.99.0.2:5000"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestPauseImageIsACompleteOCILayout(t *testing.T) {
	packed, err := pauseArchive([]byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(packed)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
	var index, manifest struct {
		Manifests []descriptor
		Config    descriptor
		Layers    []descriptor
	}
	if err := json.Unmarshal(files["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	blob := func(d descriptor) []byte {
		content := files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		if sum := sha256.Sum256(content); len(content) != d.Size || "sha256:"+hex.EncodeToString(sum[:]) != d.Digest {
			t.Errorf("the blob %s is not what its descriptor says", d.Digest)
		}
		return content
	}
	if index.Manifests[0].Annotations["io.containerd.image.name"] != PauseImage {
		t.Errorf("the image has no name: %+v", index)
	}
	if err := json.Unmarshal(blob(index.Manifests[0]), &manifest); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(blob(manifest.Config), []byte(manifest.Layers[0].Digest)) {
		t.Error("the configuration names another layer")
	}
	if !bytes.Contains(blob(manifest.Layers[0]), []byte("program")) {
		t.Error("the layer lacks the program")
	}
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}
