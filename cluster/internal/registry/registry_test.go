package registry

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func write(t *testing.T, content string, elements ...string) string {
	t.Helper()
	file := filepath.Join(elements...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSeedAddsToARegistry(t *testing.T) {
	seed, root := t.TempDir(), t.TempDir()
	blob := write(t, "blob", seed, "docker/registry/v2/blobs/sha256/ab/abc/data")
	tag := "docker/registry/v2/repositories/library/x/_manifests/tags/1/current/link"
	write(t, "sha256:new", seed, tag)
	write(t, "half", seed, "docker/registry/v2/repositories/library/x/_uploads/1/data")
	write(t, "sha256:old", root, tag)
	write(t, "sha256:mine", root, "docker/registry/v2/repositories/mine/link")
	for range 2 { // twice: seeding again changes nothing
		if err := Seed(root, seed); err != nil {
			t.Fatal(err)
		}
	}
	linked, err := os.Stat(filepath.Join(root, "docker/registry/v2/blobs/sha256/ab/abc/data"))
	if err != nil {
		t.Fatal(err)
	}
	if original, _ := os.Stat(blob); !os.SameFile(original, linked) {
		t.Error("the blob takes its space twice")
	}
	if content, _ := os.ReadFile(filepath.Join(root, tag)); string(content) != "sha256:new" {
		t.Errorf("the tag is %q", content)
	}
	if content, _ := os.ReadFile(filepath.Join(root, "docker/registry/v2/repositories/mine/link")); string(content) != "sha256:mine" {
		t.Error("what the registry had is gone")
	}
	if _, err := os.Stat(filepath.Join(root, "docker/registry/v2/repositories/library/x/_uploads")); err == nil {
		t.Error("an unfinished push was taken over")
	}
	// A later move of the tag in the registry must not reach the seed.
	write(t, "sha256:newer", root, tag)
	if content, _ := os.ReadFile(filepath.Join(seed, tag)); string(content) != "sha256:new" {
		t.Error("the registry and the seed share the tag's file")
	}
}

func TestConfigOfARegistryWithLogin(t *testing.T) {
	dir := t.TempDir()
	config := Config{
		Root: filepath.Join(dir, "content"), Address: "10.99.0.2:5443",
		TLS:   &TLS{Certificate: "/x.crt", Key: "/x.key"},
		Login: &Login{Username: "kiln", Password: "secret", File: filepath.Join(dir, "accounts")},
	}
	file := filepath.Join(dir, "config.json")
	if err := config.Write(file); err != nil {
		t.Fatal(err)
	}
	accounts, err := os.ReadFile(config.Login.File)
	if err != nil {
		t.Fatal(err)
	}
	user, hash, _ := strings.Cut(strings.TrimSpace(string(accounts)), ":")
	if user != "kiln" || bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret")) != nil {
		t.Errorf("accounts: %s", accounts)
	}
	var rendered struct {
		Storage struct {
			Delete struct{ Enabled bool }
		}
		HTTP struct {
			Addr string
			TLS  struct{ Certificate string }
		}
		Auth struct{ Htpasswd struct{ Path string } }
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &rendered); err != nil {
		t.Fatal(err)
	}
	if !rendered.Storage.Delete.Enabled || rendered.HTTP.Addr != config.Address || rendered.HTTP.TLS.Certificate != "/x.crt" || rendered.Auth.Htpasswd.Path != config.Login.File {
		t.Errorf("configuration: %s", content)
	}
}
