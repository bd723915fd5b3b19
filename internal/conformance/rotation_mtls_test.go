// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// A client certificate is replaced in the middle of 200 introspections a second.
// None fails, also while the files are broken, and the server binds tokens to the
// new certificate afterwards.
func TestCertificateRotationUnderLoad(t *testing.T) {
	t.Parallel()
	const client = "rs-rotating"
	p := Start(t, Options{TLS: true, Clients: []map[string]any{{
		"client_id": client, "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "rotating.example",
		"tls_client_certificate_bound_access_tokens": true, "scope": "read write",
		"grant_types": []string{"client_credentials"}, "response_types": []string{}, "redirect_uris": []string{},
	}}})
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	replace := func(file string, content []byte) {
		t.Helper()
		if err := os.WriteFile(file+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	// put has the service find a new certificate, and returns what tokens bound to
	// it say.
	put := func(serial int64) (thumbprint string) {
		t.Helper()
		files := p.ca.issue(t, fmt.Sprintf("rotating-%d", serial), &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: client}, DNSNames: []string{"rotating.example"},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		for from, to := range map[string]string{files.keyFile: keyFile, files.certFile: certFile} {
			content, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			replace(to, content)
		}
		pair, err := tls.LoadX509KeyPair(files.certFile, files.keyFile)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(pair.Certificate[0])
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}

	first := put(0xa1)
	identity, err := clientauth.LoadIdentity(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan auth.Event, 100)
	watcher, err := clientauth.WatchIdentity(identity, certFile, keyFile, clientauth.WatchConfig{
		Observer: auth.ObserverFunc(func(_ context.Context, e auth.Event) { events <- e }),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	wait := func(name auth.EventName) {
		t.Helper()
		timeout := time.After(15 * time.Second)
		for {
			select {
			case e := <-events:
				if e.Name == name {
					return
				}
			case <-timeout:
				t.Fatalf("no event %s", name)
			}
		}
	}
	ca, err := os.ReadFile(p.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	us := clientauth.TLSClientAuth(client, identity)
	iss, err := issuer.New(p.Issuer(), issuer.WithRootCAs(ca))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = iss.Close() }()
	tokens, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{Name: clientauth.TokenEndpoint, Auth: us})
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	boundTo := func() string {
		t.Helper()
		answer, err := tokens.Post(t.Context(), url.Values{"grant_type": {"client_credentials"}, "resource": {"urn:api:es256"}}, "application/json", 1)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(answer.Body, &reply); err != nil || reply.AccessToken == "" {
			t.Fatalf("status %d, %v", answer.Status, err)
		}
		return confirmation(t, reply.AccessToken)
	}

	token, err := p.Token(t.Context(), TokenRequest{Resource: opaqueAPI})
	if err != nil {
		t.Fatal(err)
	}
	credential, err := auth.NewBearer(token)
	if err != nil {
		t.Fatal(err)
	}
	v := newIntrospection(t, p.Issuer(), introspection.Config{
		Auth: us, PositiveTTL: introspection.NoTTL, NegativeTTL: introspection.NoTTL, Retry: introspection.Retry{Attempts: 1},
		// The machine is shared with the server, and other tests, and that none fails
		// does not depend on its speed.
		MaxInFlight: 2000, Timeout: 30 * time.Second,
	}, issuer.WithRootCAs(ca))
	if _, err := v.Verify(t.Context(), credential); err != nil {
		t.Fatal(err)
	}
	if got := boundTo(); got != first {
		t.Errorf("the server binds to %s, want %s", got, first)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := time.Now()
	var load sync.WaitGroup
	var asked, failed atomic.Int64
	load.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			asked.Add(1)
			load.Go(func() {
				if _, err := v.Verify(context.WithoutCancel(ctx), credential); err != nil && failed.Add(1) <= 3 {
					refusal, _ := errors.AsType[*auth.Error](err)
					t.Errorf("after %v: %v", time.Since(began), refusal.Cause)
				}
			})
		}
	})
	time.Sleep(300 * time.Millisecond)
	replace(certFile, []byte("half a certifica"))
	wait(clientauth.EventRotationFailed)
	second := put(0xb2)
	wait(clientauth.EventRotated)
	if got := boundTo(); got != second || got == first {
		t.Errorf("the server binds to %s, want %s", got, second)
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	load.Wait()
	if failed.Load() > 0 || asked.Load() < 30 {
		t.Errorf("%d of %d failed", failed.Load(), asked.Load())
	}
	t.Logf("%d introspections", asked.Load())
}

// confirmation returns the certificate that a token is bound to (RFC 8705 section
// 3.1).
func confirmation(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("the token is no JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Confirmation struct {
			Thumbprint string `json:"x5t#S256"`
		} `json:"cnf"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Confirmation.Thumbprint
}
