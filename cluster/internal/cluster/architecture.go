package cluster

import (
	"context"
	"fmt"

	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/node"
)

const architectureLabel = "kubernetes.io/arch"

// architecturePolicy makes nodes keep the architecture that they claim. A kubelet writes the real one into the label whenever it reports,
// so that a label set by hand lasts only seconds.
func architecturePolicy() []apiObject {
	type m = map[string]any
	const (
		name  = "claimed-architecture.kiln.build"
		group = "admissionregistration.k8s.io/v1"
	)
	claimed := fmt.Sprintf("object.metadata.labels[%q]", node.ClaimedArchitectureLabel)
	return []apiObject{
		{"/apis/" + group + "/mutatingadmissionpolicies/" + name, m{
			"apiVersion": group, "kind": "MutatingAdmissionPolicy", "metadata": m{"name": name},
			"spec": m{
				"failurePolicy": "Fail", "reinvocationPolicy": "Never",
				"matchConstraints": m{"resourceRules": []m{{
					"apiGroups": []string{""}, "apiVersions": []string{"v1"}, "operations": []string{"CREATE", "UPDATE"}, "resources": []string{"nodes", "nodes/status"},
				}}},
				"matchConditions": []m{{
					"name":       "claims",
					"expression": fmt.Sprintf("has(object.metadata.labels) && %q in object.metadata.labels", node.ClaimedArchitectureLabel),
				}},
				"mutations": []m{{"patchType": "ApplyConfiguration", "applyConfiguration": m{
					"expression": fmt.Sprintf("Object{metadata: Object.metadata{labels: {%q: %s}}}", architectureLabel, claimed),
				}}},
			},
		}},
		{"/apis/" + group + "/mutatingadmissionpolicybindings/" + name, m{
			"apiVersion": group, "kind": "MutatingAdmissionPolicyBinding", "metadata": m{"name": name},
			"spec": m{"policyName": name},
		}},
	}
}

// apply creates or updates objects, one after the other.
func apply(ctx context.Context, client *kube.Client, objects []apiObject) error {
	for _, object := range objects {
		if err := client.Apply(ctx, object.path, object.body); err != nil {
			return err
		}
	}
	return nil
}
