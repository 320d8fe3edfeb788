package volumes

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// server holds the two lists, and remembers what was written.
type server struct {
	claims, volumes string
	applied         map[string]any
	deleted         []string
}

func (s *server) Get(_ context.Context, path string, out any) error {
	return json.Unmarshal([]byte(map[string]string{claimsPath: s.claims, volumesPath: s.volumes}[path]), out)
}

func (s *server) Apply(_ context.Context, path string, object any) error {
	s.applied[path] = object
	return nil
}

func (s *server) Delete(_ context.Context, path string) error {
	s.deleted = append(s.deleted, path)
	return nil
}

const id = "6f0c7a3e-0000-4000-8000-000000000001"

func TestVolumesAreMadeWhereTheSchedulerSays(t *testing.T) {
	for name, test := range map[string]struct {
		claim string
		made  bool
	}{
		"chosen":   {`{"metadata":{"name":"a","namespace":"b","uid":"` + id + `","annotations":{"volume.kubernetes.io/selected-node":"n1"}},"spec":{"storageClassName":"local"}}`, true},
		"unchosen": {`{"metadata":{"name":"a","namespace":"b","uid":"` + id + `"},"spec":{"storageClassName":"local"}}`, false},
		"bound":    {`{"metadata":{"uid":"` + id + `","annotations":{"volume.kubernetes.io/selected-node":"n1"}},"spec":{"storageClassName":"local","volumeName":"x"}}`, false},
		"another":  {`{"metadata":{"uid":"` + id + `","annotations":{"volume.kubernetes.io/selected-node":"n1"}},"spec":{"storageClassName":"fast"}}`, false},
	} {
		config := Config{Root: t.TempDir()}
		server := &server{claims: `{"items":[` + test.claim + `]}`, volumes: "{}", applied: map[string]any{}}
		if err := config.reconcile(t.Context(), server); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, applied := server.applied[volumesPath+"/pvc-"+id]
		_, err := os.Stat(filepath.Join(config.Root, "pvc-"+id))
		if applied != test.made || (err == nil) != test.made {
			t.Errorf("%s: applied %v, folder %v", name, applied, err)
		}
	}
}

func TestReleasedVolumesAreRemovedAndNothingElse(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	config := Config{Root: root}
	kept, released := filepath.Join(root, "kept"), filepath.Join(root, "released")
	for _, folder := range []string{kept, filepath.Join(released, "content")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	of := func(name, path, phase, by string) string {
		return `{"metadata":{"name":"` + name + `","annotations":{"` + provisionedBy + `":"` + by + `"}},"spec":{"local":{"path":"` + path + `"}},"status":{"phase":"` + phase + `"}}`
	}
	server := &server{claims: "{}", applied: map[string]any{}, volumes: `{"items":[` +
		of("released", released, "Released", provisioner) + "," + of("kept", kept, "Bound", provisioner) + "," +
		of("other", kept, "Released", "example.com/x") + "," + of("outside", outside, "Released", provisioner) + `]}`}
	if err := config.reconcile(t.Context(), server); err == nil {
		t.Error("a volume outside of the folder is not complained of")
	}
	if len(server.deleted) != 1 || server.deleted[0] != volumesPath+"/released" {
		t.Errorf("deleted %v", server.deleted)
	}
	for folder, want := range map[string]bool{kept: true, outside: true, released: false} {
		if _, err := os.Stat(folder); (err == nil) != want {
			t.Errorf("%s: %v", folder, err)
		}
	}
}
