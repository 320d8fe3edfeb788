// Package volumes makes the volumes of a cluster: for each claim of its StorageClass a folder, and a local PersistentVolume on the node that the
// scheduler chose. Their size is not enforced.
package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"kiln.build/cluster/internal/kube"
)

// Config says where the API server is and where the folders go.
type Config struct {
	Kubeconfig string `json:"kubeconfig"`
	Root       string `json:"root"`
}

const (
	// Command is the hidden subcommand of this program that makes volumes as a configuration file says.
	Command = "__volumes"
	// ClassName is the cluster's StorageClass, its default one.
	ClassName = "local"
	// User is who the provisioner is to the API server.
	User        = "system:volumes"
	provisioner = "kiln.build/local"

	interval       = 500 * time.Millisecond
	provisionedBy  = "pv.kubernetes.io/provisioned-by"
	selectedNode   = "volume.kubernetes.io/selected-node"
	claimsPath     = "/api/v1/persistentvolumeclaims"
	volumesPath    = "/api/v1/persistentvolumes"
	releasedVolume = "Released"
)

// uid is what the name of a folder is made of.
var uid = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// Object is an object of the API and its path.
type Object struct {
	Path string
	Body map[string]any
}

// Objects are the StorageClass and the provisioner's rights.
func Objects() []Object {
	type m = map[string]any
	const rbac, storage = "rbac.authorization.k8s.io", "storage.k8s.io/v1"
	return []Object{
		{"/apis/" + storage + "/storageclasses/" + ClassName, m{
			"apiVersion": storage, "kind": "StorageClass",
			"metadata":    m{"name": ClassName, "annotations": m{"storageclass.kubernetes.io/is-default-class": "true"}},
			"provisioner": provisioner, "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
		}},
		{"/apis/" + rbac + "/v1/clusterroles/" + User, m{
			"apiVersion": rbac + "/v1", "kind": "ClusterRole", "metadata": m{"name": User},
			"rules": []m{
				{"apiGroups": []string{""}, "resources": []string{"persistentvolumeclaims"}, "verbs": []string{"list"}},
				{"apiGroups": []string{""}, "resources": []string{"persistentvolumes"}, "verbs": []string{"list", "create", "patch", "delete"}},
			},
		}},
		{"/apis/" + rbac + "/v1/clusterrolebindings/" + User, m{
			"apiVersion": rbac + "/v1", "kind": "ClusterRoleBinding", "metadata": m{"name": User},
			"roleRef":  m{"apiGroup": rbac, "kind": "ClusterRole", "name": User},
			"subjects": []m{{"apiGroup": rbac, "kind": "User", "name": User}},
		}},
	}
}

// Write writes the configuration file.
func (c Config) Write(file string) error {
	encoded, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("render the configuration of the volumes: %w", err)
	}
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		return fmt.Errorf("write the configuration of the volumes: %w", err)
	}
	return nil
}

// Serve makes and removes volumes as the configuration file says, until SIGTERM.
func Serve(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the configuration of the volumes: %w", err)
	}
	var config Config
	if err := json.Unmarshal(content, &config); err != nil {
		return fmt.Errorf("read the configuration of the volumes: %w", err)
	}
	client, err := kube.NewClient(config.Kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	last := ""
	for {
		// The API server may come later, and go: whatever failed is tried again.
		problem := ""
		if err := config.reconcile(ctx, client); err != nil {
			problem = err.Error()
		}
		if problem != last && problem != "" && ctx.Err() == nil {
			slog.Warn("volumes", "error", problem)
		}
		last = problem
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

type api interface {
	Get(ctx context.Context, path string, out any) error
	Apply(ctx context.Context, path string, object any) error
	Delete(ctx context.Context, path string) error
}

type claim struct {
	Metadata struct {
		Name, Namespace, UID string
		Annotations          map[string]string
		DeletionTimestamp    string
	}
	Spec struct {
		StorageClassName string
		VolumeName       string
		AccessModes      []string
		Resources        struct{ Requests map[string]string }
	}
}

type volume struct {
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec   struct{ Local struct{ Path string } }
	Status struct{ Phase string }
}

// reconcile makes what is missing and removes what is released.
func (c Config) reconcile(ctx context.Context, api api) error {
	var claims struct{ Items []claim }
	if err := api.Get(ctx, claimsPath, &claims); err != nil {
		return err
	}
	var failures []error
	for _, claim := range claims.Items {
		if claim.Spec.StorageClassName == ClassName && claim.Spec.VolumeName == "" && claim.Metadata.DeletionTimestamp == "" {
			failures = append(failures, c.provision(ctx, api, claim))
		}
	}
	var volumes struct{ Items []volume }
	if err := api.Get(ctx, volumesPath, &volumes); err != nil {
		return errors.Join(append(failures, err)...)
	}
	for _, volume := range volumes.Items {
		if volume.Metadata.Annotations[provisionedBy] == provisioner && volume.Status.Phase == releasedVolume {
			failures = append(failures, c.remove(ctx, api, volume))
		}
	}
	return errors.Join(failures...)
}

// provision makes a claim's volume once the scheduler has chosen a node for the first pod that uses it.
func (c Config) provision(ctx context.Context, api api, claim claim) error {
	node := claim.Metadata.Annotations[selectedNode]
	if node == "" {
		return nil
	}
	if !uid.MatchString(claim.Metadata.UID) {
		return fmt.Errorf("claim %s/%s has the uid %q", claim.Metadata.Namespace, claim.Metadata.Name, claim.Metadata.UID)
	}
	type m = map[string]any
	name := "pvc-" + claim.Metadata.UID
	folder := filepath.Join(c.Root, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make a volume: %w", err)
	}
	return api.Apply(ctx, volumesPath+"/"+name, m{
		"apiVersion": "v1", "kind": "PersistentVolume",
		"metadata": m{"name": name, "annotations": m{provisionedBy: provisioner}},
		"spec": m{
			"storageClassName": ClassName, "persistentVolumeReclaimPolicy": "Delete",
			"capacity": m{"storage": claim.Spec.Resources.Requests["storage"]}, "accessModes": claim.Spec.AccessModes,
			"local":    m{"path": folder},
			"claimRef": m{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.Metadata.Namespace, "name": claim.Metadata.Name, "uid": claim.Metadata.UID},
			"nodeAffinity": m{"required": m{"nodeSelectorTerms": []m{{"matchExpressions": []m{
				{"key": "kubernetes.io/hostname", "operator": "In", "values": []string{node}},
			}}}}},
		},
	})
}

// remove removes a volume whose claim is gone, the content first.
func (c Config) remove(ctx context.Context, api api, volume volume) error {
	if filepath.Dir(volume.Spec.Local.Path) != filepath.Clean(c.Root) {
		return fmt.Errorf("volume %s is not below %s: %s", volume.Metadata.Name, c.Root, volume.Spec.Local.Path)
	}
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return fmt.Errorf("remove a volume: %w", err)
	}
	return api.Delete(ctx, volumesPath+"/"+volume.Metadata.Name)
}
