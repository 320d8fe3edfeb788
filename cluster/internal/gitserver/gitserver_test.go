package gitserver

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func serve(t *testing.T) (url string, root string) {
	t.Helper()
	root = t.TempDir()
	handler, err := Handler(Config{Root: root, Username: "kiln", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, root
}

func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "credential.helper="}, args...)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func commit(t *testing.T) (dir, revision string) {
	t.Helper()
	dir = t.TempDir()
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"commit", "-q", "--allow-empty", "-m", "first"}, {"commit", "-q", "--allow-empty", "-m", "second"}} {
		if output, err := git(t, dir, args...); err != nil {
			t.Fatal(output)
		}
	}
	revision, err := git(t, dir, "rev-parse", "HEAD~1")
	if err != nil {
		t.Fatal(revision)
	}
	return dir, revision
}

func TestPushCreatesARepositoryThatCanBeCloned(t *testing.T) {
	url, root := serve(t)
	source, first := commit(t)
	if output, err := git(t, source, "push", "-q", url+"/team/hello.git", "main"); err != nil {
		t.Fatal(output)
	}
	if _, err := os.Stat(filepath.Join(root, "team", "hello.git", "HEAD")); err != nil {
		t.Error(err)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	if output, err := git(t, source, "clone", "-q", "--depth=1", url+"/team/hello.git", clone); err != nil {
		t.Fatal(output)
	}
	if output, err := git(t, clone, "fetch", "-q", "--depth=1", "origin", first); err != nil {
		t.Errorf("a commit cannot be fetched by its hash: %s", output)
	}
	if output, err := git(t, source, "ls-remote", url+"/none.git"); err == nil {
		t.Errorf("a repository that does not exist has %q", output)
	}
}

func TestPrivateRepositoriesNeedTheLogin(t *testing.T) {
	url, _ := serve(t)
	source, _ := commit(t)
	withLogin := strings.Replace(url, "http://", "http://kiln:secret@", 1)
	wrongLogin := strings.Replace(url, "http://", "http://kiln:wrong@", 1)
	if output, err := git(t, source, "push", "-q", withLogin+"/private/x.git", "main"); err != nil {
		t.Fatal(output)
	}
	for _, refused := range []string{url, wrongLogin} {
		if output, err := git(t, source, "ls-remote", refused+"/private/x.git"); err == nil {
			t.Errorf("%s got %q", refused, output)
		}
	}
	if output, err := git(t, source, "ls-remote", withLogin+"/private/x.git", "main"); err != nil || output == "" {
		t.Errorf("with the login: %q %v", output, err)
	}
}

func TestPathsStayBelowTheRoot(t *testing.T) {
	url, root := serve(t)
	outside := filepath.Join(filepath.Dir(root), "outside.git")
	for _, path := range []string{"/%2e%2e/outside.git/info/refs", "/x/../../outside.git/info/refs", "/public/../private/x.git/info/refs", "//private/x.git/info/refs", "/.hidden.git/info/refs"} {
		request, err := http.NewRequest(http.MethodGet, url+path+"?service=git-receive-pack", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a repository was created outside of the root")
	}
}
