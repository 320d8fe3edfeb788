package debian

import "testing"

func TestMirrorIsTheMachinesOwn(t *testing.T) {
	targets := "Google main cloud-sdk https://other.example/apt/\nDebian main bookworm-updates http://a.example/debian/\nDebian main bookworm http://b.example/debian/\n"
	if got, err := mirrorOf(targets); err != nil || got != "http://b.example/debian/" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := mirrorOf("Ubuntu main noble http://u.example/\n"); err == nil {
		t.Error("a mirror of another distribution was taken")
	}
}
