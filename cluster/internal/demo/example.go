package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
)

// rebuildAnnotation asks for a run of an ImageBuild that has not changed.
const rebuildAnnotation = "kiln.build/rebuild-requested-at"

// object is an ImageBuild as a user wrote it.
type object map[string]any

// example reads examples/hello/imagebuild.yaml; kubectl knows how to read YAML.
func (d Demo) example(ctx context.Context) (object, error) {
	file := filepath.Join(d.Root, "examples", "hello", "imagebuild.yaml")
	answer, err := d.kubectl().Run(ctx, callDeadline, nil, "create", "--dry-run=client", "--output=json", "--filename", file)
	if err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(answer, &o); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if o["kind"] != "ImageBuild" || o.name() == "" {
		return nil, fmt.Errorf("read %s: it has to hold one ImageBuild with a name", file)
	}
	return o, nil
}

func (o object) name() string {
	metadata, _ := o["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// prepared is the object for the demo's namespace and registry; a token makes it start another run.
func (o object) prepared(registry, token string) ([]byte, error) {
	spec, _ := o["spec"].(map[string]any)
	output, _ := spec["output"].(map[string]any)
	image, _ := output["image"].(string)
	if image == "" {
		return nil, fmt.Errorf("the example %s has no spec.output.image", o.name())
	}
	metadata, _ := o["metadata"].(map[string]any)
	metadata, output, spec = maps.Clone(metadata), maps.Clone(output), maps.Clone(spec)
	metadata["namespace"] = namespace
	if token != "" {
		annotations, _ := metadata["annotations"].(map[string]any)
		annotations = maps.Clone(annotations)
		if annotations == nil {
			annotations = map[string]any{}
		}
		annotations[rebuildAnnotation] = token
		metadata["annotations"] = annotations
	}
	output["image"] = strings.TrimSuffix(registry, "/") + "/" + withoutHost(image)
	spec["output"] = output
	return json.Marshal(map[string]any{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": metadata, "spec": spec})
}

// withoutHost is the path of a repository. As for docker, a first part with a dot or a colon, or localhost, is a host.
func withoutHost(image string) string {
	host, path, found := strings.Cut(image, "/")
	if found && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return path
	}
	return image
}
