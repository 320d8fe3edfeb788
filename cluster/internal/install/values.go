// Package install installs Kiln into a cluster through its Helm chart.
package install

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Image is an image by digest.
type Image struct {
	Repository string
	Digest     string
}

var reference = regexp.MustCompile(`^([^@\s]+)@(sha256:[0-9a-f]{64})$`)

// ParseImage reads "repository@sha256:...".
func ParseImage(text string) (Image, error) {
	parts := reference.FindStringSubmatch(text)
	if parts == nil {
		return Image{}, fmt.Errorf("image %q: repository@sha256:... expected", text)
	}
	return Image{Repository: parts[1], Digest: parts[2]}, nil
}

// Images are the images that Kiln consists of.
type Images struct {
	Operator Image
	Worker   Image
	BuildKit Image
}

// Registry tells Kiln about a registry that is not plain HTTPS with a publicly trusted certificate.
type Registry struct {
	Host     string   `json:"host"`
	Mirrors  []string `json:"mirrors,omitempty"`
	Insecure bool     `json:"insecure,omitempty"`
}

// Twins are native programs for emulated builds: an image by reference.
type Twins struct {
	Platform string `json:"platform"`
	Image    string `json:"image"`
}

// values are the chart's values as JSON, which Helm reads as the YAML that it is.
func values(images Images, registries []Registry, twins []Twins) ([]byte, error) {
	image := func(i Image) map[string]string {
		return map[string]string{"repository": i.Repository, "digest": i.Digest}
	}
	content := map[string]any{
		"image": map[string]any{"operator": image(images.Operator), "worker": image(images.Worker), "buildkit": image(images.BuildKit)},
	}
	if len(registries) > 0 {
		content["registries"] = registries
	}
	if len(twins) > 0 {
		content["worker"] = map[string]any{"twins": twins}
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode the chart's values: %w", err)
	}
	return encoded, nil
}
