// Package kube is the little of a Kubernetes client that starting a cluster takes.
package kube

import (
	"encoding/json"
	"fmt"
	"os"

	"kiln.build/cluster/internal/pki"
)

// Kubeconfig renders a kubeconfig that carries its certificates. JSON is YAML too.
func Kubeconfig(cluster, server string, authority []byte, user string, client pki.Pair) ([]byte, error) {
	type named map[string]any
	config := map[string]any{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []named{{"name": cluster, "cluster": map[string]any{
			"server": server, "certificate-authority-data": authority,
		}}},
		"users": []named{{"name": user, "user": map[string]any{
			"client-certificate-data": client.Certificate, "client-key-data": client.Key,
		}}},
		"contexts":        []named{{"name": cluster, "context": map[string]any{"cluster": cluster, "user": user}}},
		"current-context": cluster,
	}
	encoded, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("render the kubeconfig of %s: %w", user, err)
	}
	return append(encoded, '\n'), nil
}

// WriteKubeconfig renders a kubeconfig into a file that only its owner can read.
func WriteKubeconfig(file, cluster, server string, authority []byte, user string, client pki.Pair) error {
	content, err := Kubeconfig(cluster, server, authority, user, client)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig of %s: %w", user, err)
	}
	return nil
}
