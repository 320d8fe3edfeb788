package demo

import (
	"encoding/json"
	"testing"
)

func TestTheExampleGoesToTheChosenRegistryAndNamespace(t *testing.T) {
	var o object
	text := `{"apiVersion": "kiln.build/v1alpha1", "kind": "ImageBuild", "metadata": {"name": "hello", "namespace": "default", "annotations": {"a": "b"}},
	  "spec": {"platforms": ["linux/amd64"], "output": {"image": "registry.example.com/demo/hello", "tags": ["latest"]}}}`
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ registry, token, want string }{
		{"10.99.0.2:5000", "", `{"apiVersion":"kiln.build/v1alpha1","kind":"ImageBuild","metadata":{"annotations":{"a":"b"},"name":"hello","namespace":"kiln-demo"},` +
			`"spec":{"output":{"image":"10.99.0.2:5000/demo/hello","tags":["latest"]},"platforms":["linux/amd64"]}}`},
		{"ghcr.io/me/", "t1", `{"apiVersion":"kiln.build/v1alpha1","kind":"ImageBuild","metadata":{"annotations":{"a":"b","kiln.build/rebuild-requested-at":"t1"},"name":"hello","namespace":"kiln-demo"},` +
			`"spec":{"output":{"image":"ghcr.io/me/demo/hello","tags":["latest"]},"platforms":["linux/amd64"]}}`},
	} {
		got, err := o.prepared(c.registry, c.token)
		if err != nil || string(got) != c.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
		}
	}
	after, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var original object
	if err := json.Unmarshal([]byte(text), &original); err != nil {
		t.Fatal(err)
	}
	if want, _ := json.Marshal(original); string(after) != string(want) {
		t.Errorf("the example itself was changed: %s", after)
	}
}

func TestTheHostOfARepository(t *testing.T) {
	for image, want := range map[string]string{
		"registry.example.com/shop/api": "shop/api", "localhost/api": "api", "host:5000/a/b": "a/b", "library/busybox": "library/busybox", "busybox": "busybox",
	} {
		if got := withoutHost(image); got != want {
			t.Errorf("withoutHost(%q) = %q, want %q", image, got, want)
		}
	}
}

func TestAnExampleWithoutImageIsRefused(t *testing.T) {
	if _, err := (object{"metadata": map[string]any{"name": "hello"}}).prepared("r", ""); err == nil {
		t.Error("no error")
	}
}
