// Package registry configures the cluster's two registries and fills them with content that was built before.
package registry

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/bcrypt"
)

// Config describes one registry process.
type Config struct {
	Root    string // folder with the content
	Address string // host:port to listen on
	TLS     *TLS
	Login   *Login
}

// TLS names the files of the certificate that the registry serves.
type TLS struct {
	Certificate string
	Key         string
}

// Login is the one account that may use the registry.
type Login struct {
	Username string
	Password string
	// File receives the account in htpasswd format.
	File string
}

// Env keeps the registry from looking for a trace collector.
func Env() []string { return []string{"OTEL_TRACES_EXPORTER=none", "OTEL_SDK_DISABLED=true"} }

// Args are the arguments of the program `registry` for the configuration file.
func Args(file string) []string { return []string{"serve", file} }

// Write writes the configuration file, and what it refers to.
func (c Config) Write(file string) error {
	if err := os.MkdirAll(c.Root, 0o755); err != nil {
		return fmt.Errorf("create the content folder of registry %s: %w", c.Address, err)
	}
	if c.Login != nil {
		// The least cost: each request of a push checks the password again, and it is random.
		hash, err := bcrypt.GenerateFromPassword([]byte(c.Login.Password), bcrypt.MinCost)
		if err != nil {
			return fmt.Errorf("hash the password of registry %s: %w", c.Address, err)
		}
		if err := os.WriteFile(c.Login.File, fmt.Appendf(nil, "%s:%s\n", c.Login.Username, hash), 0o600); err != nil {
			return fmt.Errorf("write the accounts of registry %s: %w", c.Address, err)
		}
	}
	content, err := c.render()
	if err != nil {
		return fmt.Errorf("render the configuration of registry %s: %w", c.Address, err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("write the configuration of registry %s: %w", c.Address, err)
	}
	return nil
}

// render renders the configuration. JSON is YAML too.
func (c Config) render() ([]byte, error) {
	http := map[string]any{"addr": c.Address, "secret": rand.Text()}
	if c.TLS != nil {
		http["tls"] = map[string]any{"certificate": c.TLS.Certificate, "key": c.TLS.Key}
	}
	config := map[string]any{
		"version": "0.1",
		"log":     map[string]any{"level": "warn", "accesslog": map[string]any{"disabled": true}},
		"storage": map[string]any{
			"filesystem": map[string]any{"rootdirectory": c.Root},
			"delete":     map[string]any{"enabled": true},
		},
		"http": http,
	}
	if c.Login != nil {
		config["auth"] = map[string]any{"htpasswd": map[string]any{"realm": "kiln", "path": c.Login.File}}
	}
	return json.MarshalIndent(config, "", "  ")
}

// Seed adds the content below seed, a content folder of another registry, to the content folder root; the registry on it may be running.
// Blobs are never changed in place and take no space twice where the file system has hard links; the small files that refer to them are copied.
// What root already has stays, but for tags, which move to what seed says.
func Seed(root, seed string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("seed the registry: %w", err)
	}
	err := filepath.WalkDir(seed, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(seed, path)
		if err != nil {
			return err
		}
		target := filepath.Join(root, relative)
		switch {
		case entry.IsDir() && entry.Name() == "_uploads":
			return filepath.SkipDir // unfinished pushes
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Name() == "data":
			return linkBlob(path, target)
		default:
			return replace(path, target)
		}
	})
	if err != nil {
		return fmt.Errorf("seed the registry %s from %s: %w", root, seed, err)
	}
	return nil
}

func linkBlob(source, target string) error {
	err := os.Link(source, target)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return replace(source, target)
}

// replace copies a file in one step, for those who read it meanwhile.
func replace(source, target string) error {
	reader, err := os.Open(source)
	if err != nil {
		return err
	}
	defer reader.Close()
	writer, err := os.CreateTemp(filepath.Dir(target), ".seed-")
	if err != nil {
		return err
	}
	defer os.Remove(writer.Name())
	defer writer.Close()
	if _, err := io.Copy(writer, reader); err != nil {
		return err
	}
	if err := writer.Chmod(0o644); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.Rename(writer.Name(), target)
}
