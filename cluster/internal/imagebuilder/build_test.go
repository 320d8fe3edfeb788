package imagebuilder

import (
	"slices"
	"testing"
)

func TestBuildArguments(t *testing.T) {
	build := Build{
		Context: "/src", Image: "kiln/operator:dev", Target: "final", Platforms: []string{"linux/amd64", "linux/arm64"},
		Args:            map[string]string{"B": "2", "A": "1"},
		Contexts:        map[string]string{"jdk": "/opt/jdk", "base": "docker-image://debian:bookworm-slim"},
		SourceDateEpoch: "0",
	}
	want := []string{
		"--frontend", "dockerfile.v0", "--local", "context=/src", "--local", "dockerfile=/src", "--opt", "filename=Dockerfile",
		"--opt", "target=final", "--opt", "platform=linux/amd64,linux/arm64",
		"--opt", "build-arg:A=1", "--opt", "build-arg:B=2",
		"--opt", "context:base=docker-image://debian:bookworm-slim",
		"--local", "jdk=/opt/jdk", "--opt", "context:jdk=local:jdk",
		"--opt", "build-arg:SOURCE_DATE_EPOCH=0",
		"--output", "type=image,name=127.0.0.1:1/kiln/operator:dev,push=true,registry.insecure=true,oci-mediatypes=true,rewrite-timestamp=true",
	}
	if got := build.args("127.0.0.1:1"); !slices.Equal(got, want) {
		t.Errorf("arguments\n got %q\nwant %q", got, want)
	}
}

func TestDockerfileElsewhere(t *testing.T) {
	args := Build{Context: "/src", Dockerfile: "/images/worker/Dockerfile.jre"}.args("r")
	if !slices.Contains(args, "dockerfile=/images/worker") || !slices.Contains(args, "filename=Dockerfile.jre") {
		t.Errorf("the Dockerfile's folder and name are missing in %q", args)
	}
}
