package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// leaf is one certificate of a cluster.
type leaf struct {
	file, name, organization string
	server                   bool
}

var leaves = []leaf{
	{"apiserver", "kube-apiserver", "", true},
	{"admin", "admin", "system:masters", false},
	{"kcm", "system:kube-controller-manager", "", false},
	{"kubelet", "kubelet", "system:masters", false}, // it plays scheduler, node and cloud provider
	{"kube-proxy", "system:kube-proxy", "", false},
	{"front-proxy", "front-proxy-client", "", false},
	{"kubelet-client", "kube-apiserver-kubelet-client", "system:masters", false},
	{"kubelet-server", "kubelet", "", true},
}

// certificateLife is short: the keys live as long as one test run.
const certificateLife = 7 * 24 * time.Hour

// runPKI writes ca.crt, one FILE.crt and FILE.key per leaf, and sa.key and sa.pub.
func runPKI(args []string) (int, error) {
	if len(args) != 1 {
		return 2, fmt.Errorf("usage: nsrun pki DIR")
	}
	if err := writePKI(args[0]); err != nil {
		return 1, err
	}
	return 0, nil
}

func writePKI(dir string) error {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test-cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	caKey, err := writePair(dir, "ca", ca, ca, nil)
	if err != nil {
		return err
	}
	for i, l := range leaves {
		cert := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)),
			Subject:      pkix.Name{CommonName: l.name},
			NotBefore:    ca.NotBefore, NotAfter: ca.NotAfter,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		if l.organization != "" {
			cert.Subject.Organization = []string{l.organization}
		}
		if l.server {
			cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			cert.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default",
				"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
			cert.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("10.0.0.1"),
				net.ParseIP("10.244.0.1")}
		}
		if _, err := writePair(dir, l.file, cert, ca, caKey); err != nil {
			return err
		}
	}
	key, err := writeKey(filepath.Join(dir, "sa.key"))
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", public, 0o644)
}

func writePair(dir, name string, cert, parent *x509.Certificate,
	signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := writeKey(filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	return key, writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der, 0o644)
}

func writeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path, "EC PRIVATE KEY", der, 0o600)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
