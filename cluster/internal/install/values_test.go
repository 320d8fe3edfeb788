package install

import (
	"strings"
	"testing"
)

func TestImagesAreInstalledByDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	image, err := ParseImage("10.99.0.2:5000/kiln/operator@" + digest)
	if err != nil || image.Repository != "10.99.0.2:5000/kiln/operator" || image.Digest != digest {
		t.Fatalf("got %+v, %v", image, err)
	}
	for _, text := range []string{"", "kiln/operator", "kiln/operator:1.0", "kiln/operator@sha256:12", "a b@" + digest} {
		if _, err := ParseImage(text); err == nil {
			t.Errorf("ParseImage(%q) was accepted", text)
		}
	}
}

func TestTheValuesOfTheChart(t *testing.T) {
	content, err := values(Images{Operator: Image{"r/o", "sha256:1"}, Worker: Image{"r/w", "sha256:2"}, BuildKit: Image{"r/b", "sha256:3"}},
		[]Registry{{Host: "docker.io", Mirrors: []string{"10.99.0.2:5000"}}, {Host: "10.99.0.2:5000", Insecure: true}},
		[]Twins{{"linux/arm64", "r/twins@sha256:4"}})
	want := `{"image":{"buildkit":{"digest":"sha256:3","repository":"r/b"},"operator":{"digest":"sha256:1","repository":"r/o"},"worker":{"digest":"sha256:2","repository":"r/w"}},` +
		`"registries":[{"host":"docker.io","mirrors":["10.99.0.2:5000"]},{"host":"10.99.0.2:5000","insecure":true}],` +
		`"worker":{"twins":[{"platform":"linux/arm64","image":"r/twins@sha256:4"}]}}`
	if err != nil || string(content) != want {
		t.Errorf("got  %s, %v\nwant %s", content, err, want)
	}
}
