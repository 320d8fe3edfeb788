package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

func TestCertificatesAreSignedByTheAuthority(t *testing.T) {
	dir := t.TempDir()
	made, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Write(dir, "ca"); err != nil {
		t.Fatal(err)
	}
	authority, err := LoadAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(made.Certificate)
	server, err := authority.Server("server", "example.test", "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"example.test", "10.0.0.1"} {
		if _, err := leaf(t, server).Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, client := range map[string]func(string, ...string) (Pair, error){"ECDSA": authority.Client, "RSA": authority.RSAClient} {
		pair, err := client("someone", "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		certificate := leaf(t, pair)
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if subject := certificate.Subject; subject.CommonName != "someone" || len(subject.Organization) != 1 || subject.Organization[0] != "system:masters" {
			t.Errorf("%s: subject %v", name, subject)
		}
	}
}

func leaf(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	parsed, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Leaf
}
