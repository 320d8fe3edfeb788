// Package gitserver serves bare git repositories over smart HTTP.
package gitserver

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config says what to serve and where.
type Config struct {
	Address string `json:"address"` // host:port
	Root    string `json:"root"`    // folder of the repositories
	// Username and Password open the repositories below /private/.
	Username string `json:"username"`
	Password string `json:"password"`
}

// Command is the hidden subcommand of this program that serves a configuration file.
const Command = "__git"

// repository is the part of a URL path that names a repository: NAME.git, with folders above it.
var repository = regexp.MustCompile(`^/((?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.git)/`)

// Write writes the configuration file.
func (c Config) Write(file string) error {
	encoded, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("render the configuration of the git server: %w", err)
	}
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		return fmt.Errorf("write the configuration of the git server: %w", err)
	}
	return nil
}

// Serve serves the configuration file until SIGTERM.
func Serve(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the configuration of the git server: %w", err)
	}
	var config Config
	if err := json.Unmarshal(content, &config); err != nil {
		return fmt.Errorf("read the configuration of the git server: %w", err)
	}
	handler, err := Handler(config)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: config.Address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); err != nil && err != http.ErrServerClosed {
		return fmt.Errorf("serve git: %w", err)
	}
	return nil
}

// Handler serves the repositories. A push to one that does not exist creates it.
func Handler(config Config) (http.Handler, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("find git (apt-get install git): %w", err)
	}
	if err := os.MkdirAll(filepath.Join(config.Root, "private"), 0o755); err != nil {
		return nil, fmt.Errorf("create the folder of the repositories: %w", err)
	}
	var creating sync.Mutex
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/healthz" {
			response.WriteHeader(http.StatusOK)
			return
		}
		name := repository.FindStringSubmatch(request.URL.Path)
		if name == nil || path.Clean(request.URL.Path) != request.URL.Path {
			http.Error(response, "no repository of that name: use /NAME.git", http.StatusNotFound)
			return
		}
		if strings.HasPrefix(name[1], "private/") && !authorized(config, request) {
			response.Header().Set("WWW-Authenticate", `Basic realm="kiln"`)
			http.Error(response, "authentication required", http.StatusUnauthorized)
			return
		}
		if request.URL.Query().Get("service") == "git-receive-pack" {
			creating.Lock()
			err := create(request.Context(), git, filepath.Join(config.Root, name[1]))
			creating.Unlock()
			if err != nil {
				slog.Error("create repository", "repository", name[1], "error", err)
				http.Error(response, "the repository cannot be created", http.StatusInternalServerError)
				return
			}
		}
		backend(config, git, request).ServeHTTP(response, request)
	}), nil
}

func authorized(config Config, request *http.Request) bool {
	username, password, ok := request.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(config.Username+"\x00"+config.Password)) == 1
}

func create(ctx context.Context, git, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
		return nil
	}
	output, err := exec.CommandContext(ctx, git, "init", "--quiet", "--bare", "--initial-branch=main", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("git init: %w: %s", err, output)
	}
	return nil
}

func backend(config Config, git string, request *http.Request) *cgi.Handler {
	env := []string{
		"GIT_PROJECT_ROOT=" + config.Root,
		"GIT_HTTP_EXPORT_ALL=1",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
	}
	// Whoever owns the files, any client may push, and may ask for a commit by its hash as the public forges allow.
	settings := [][2]string{{"safe.directory", "*"}, {"http.receivepack", "true"}, {"uploadpack.allowAnySHA1InWant", "true"}, {"uploadpack.allowFilter", "true"}}
	for i, setting := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting[1]))
	}
	env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(settings)))
	if protocol := request.Header.Get("Git-Protocol"); protocol != "" {
		env = append(env, "GIT_PROTOCOL="+protocol)
	}
	return &cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: env, Stderr: &logWriter{}}
}

// logWriter passes what git complains about to the log.
type logWriter struct{}

func (*logWriter) Write(text []byte) (int, error) {
	slog.Warn("git", "message", string(bytes.TrimSpace(text)))
	return len(text), nil
}
