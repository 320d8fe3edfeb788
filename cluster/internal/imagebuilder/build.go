package imagebuilder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Build is one image to build from a Dockerfile and push.
type Build struct {
	// Context is the folder that COPY and ADD read from; Dockerfile the path of the Dockerfile, by default Context/Dockerfile.
	Context    string
	Dockerfile string
	// Image is the repository to push to, with a tag but without a host, as in "kiln/operator:dev".
	Image  string
	Target string
	// Platforms such as "linux/amd64"; none for the machine's own.
	Platforms []string
	Args      map[string]string
	Labels    map[string]string
	// Contexts are named contexts: folders, or images as in "docker-image://debian:bookworm-slim".
	Contexts map[string]string
	// SourceDateEpoch, in seconds since 1970, becomes the time of the image and of all its files, so that equal inputs give equal digests;
	// empty keeps the real times.
	SourceDateEpoch string
	// Progress receives BuildKit's plain progress; nil shows it only when the build fails.
	Progress io.Writer
}

// Build builds and pushes an image and returns the digest of its manifest, or of its index when it has several platforms.
func (b *Builder) Build(ctx context.Context, build Build) (digest string, err error) {
	dir, err := os.MkdirTemp(b.run, "build-")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", build.Image, err)
	}
	defer os.RemoveAll(dir)
	metadata := filepath.Join(dir, "metadata.json")
	args := append([]string{"--addr", "unix://" + b.socket(), "build", "--progress", "plain", "--metadata-file", metadata}, build.args(b.registry)...)
	command := exec.CommandContext(ctx, filepath.Join(b.bin, "buildctl"), args...)
	// Credentials of the user's are not meant for these pushes.
	command.Env = append(os.Environ(), "DOCKER_CONFIG="+dir)
	var log bytes.Buffer
	command.Stderr = &log
	if build.Progress != nil {
		command.Stderr = io.MultiWriter(build.Progress, &log)
	}
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", build.Image, err, tail(log.String(), 30))
	}
	return readDigest(build.Image, metadata)
}

func (build Build) args(registry string) []string {
	dockerfile := build.Dockerfile
	if dockerfile == "" {
		dockerfile = filepath.Join(build.Context, "Dockerfile")
	}
	args := []string{
		"--frontend", "dockerfile.v0",
		"--local", "context=" + build.Context,
		"--local", "dockerfile=" + filepath.Dir(dockerfile),
		"--opt", "filename=" + filepath.Base(dockerfile),
	}
	option := func(name, value string) { args = append(args, "--opt", name+"="+value) }
	if build.Target != "" {
		option("target", build.Target)
	}
	if len(build.Platforms) > 0 {
		option("platform", strings.Join(build.Platforms, ","))
	}
	for _, name := range slices.Sorted(maps.Keys(build.Args)) {
		option("build-arg:"+name, build.Args[name])
	}
	for _, name := range slices.Sorted(maps.Keys(build.Labels)) {
		option("label:"+name, build.Labels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(build.Contexts)) {
		if value := build.Contexts[name]; strings.Contains(value, "://") {
			option("context:"+name, value)
		} else {
			args = append(args, "--local", name+"="+value)
			option("context:"+name, "local:"+name)
		}
	}
	output := fmt.Sprintf("type=image,name=%s/%s,push=true,registry.insecure=true,oci-mediatypes=true", registry, build.Image)
	if build.SourceDateEpoch != "" {
		option("build-arg:SOURCE_DATE_EPOCH", build.SourceDateEpoch)
		output += ",rewrite-timestamp=true"
	}
	return append(args, "--output", output)
}

func readDigest(image, metadata string) (string, error) {
	content, err := os.ReadFile(metadata)
	if err != nil {
		return "", fmt.Errorf("build %s: read its result: %w", image, err)
	}
	var result struct {
		Digest string `json:"containerimage.digest"`
	}
	if err := json.Unmarshal(content, &result); err != nil {
		return "", fmt.Errorf("build %s: read its result: %w", image, err)
	}
	if result.Digest == "" {
		return "", fmt.Errorf("build %s: BuildKit reports no digest", image)
	}
	return result.Digest, nil
}

func tail(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
