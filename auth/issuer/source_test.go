// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// set is the issuer's key set as it is now.
func set(f *authtest.Issuer) []byte {
	var keys []string
	for _, kid := range f.KeyIDs() {
		keys = append(keys, string(f.PublicJWK(kid)))
	}
	return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`)
}

func publicPEM(t *testing.T, key any, headers map[string]string) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Headers: headers, Bytes: der})
}

func TestJWKSURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.FailAlways(authtest.Discovery, authtest.Status(500))
		i := open(t, f, issuer.WithJWKSURL(f.URL()+"/jwks"))
		want(t, "found", read(t.Context(), i, f.KeyID()), "found")
		want(t, "no discovery", requests(f), "0 discovery, 1 keys")
		if _, err := i.Metadata(t.Context()); err == nil {
			t.Error("metadata of an issuer that has none")
		}
		want(t, "asked for", requests(f), "1 discovery, 1 keys")
	})
}

func TestStaticKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f, issuer.WithStaticKeys(set(f)))
		want(t, "found", read(t.Context(), i, f.KeyID()), "found")
		want(t, "unknown", read(t.Context(), i, "made-up"), "unknown")
		want(t, "state", i.Health().State.String(), "ready")
		if i.Reconsider(t.Context(), f.KeyID(), "ES256") == nil {
			t.Error("not offered again")
		}
		if err := i.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(365 * 24 * time.Hour)
		want(t, "a year later", read(t.Context(), i, f.KeyID()), "found")
		want(t, "nothing is fetched", requests(f), "0 discovery, 0 keys")
		i.Distrust(f.KeyID())
		want(t, "distrusted", read(t.Context(), i, f.KeyID()), "unknown")
	})
}

func TestSeedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.FailAlways(authtest.Discovery, authtest.Hang())
		i := open(t, f, issuer.WithSeedKeys(set(f)))
		old := f.KeyID()
		fresh := f.Rotate()
		began := time.Now()
		want(t, "seed", read(t.Context(), i, old), "found")
		if time.Since(began) != 0 {
			t.Errorf("waited %v for better keys", time.Since(began))
		}
		want(t, "state", i.Health().State.String(), "degraded")
		want(t, "a key the seed lacks", read(t.Context(), i, fresh), "not known yet")
		time.Sleep(3 * time.Hour)
		want(t, "hours later", read(t.Context(), i, old), "found")
		time.Sleep(time.Hour)
		want(t, "past the hard stop", read(t.Context(), i, old), "unavailable")
		want(t, "state", i.Health().State.String(), "down")
		f.WithdrawKey(old)
		f.Recover(authtest.Discovery)
		time.Sleep(2 * time.Minute)
		want(t, "fetched", read(t.Context(), i, fresh), "found")
		want(t, "of the seed", read(t.Context(), i, old), "unknown")
	})
	synctest.Test(t, func(t *testing.T) { // the issuer is up: a new key is found behind the seed
		f := fake(t, authtest.Config{})
		i := open(t, f, issuer.WithSeedKeys(set(f)))
		fresh := f.Rotate()
		want(t, "fresh", read(t.Context(), i, fresh), "found")
		want(t, "one fetch", requests(f), "1 discovery, 1 keys")
	})
}

func TestKeySource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var mu sync.Mutex
		calls, fresh, fail := 0, time.Duration(0), error(nil)
		change := func(f time.Duration, err error) {
			mu.Lock()
			defer mu.Unlock()
			calls, fresh, fail = 0, f, err
		}
		i := open(t, f, issuer.WithKeySource(issuer.KeySourceFunc(func(ctx context.Context) (issuer.KeySet, error) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != 5*time.Second {
				t.Error("no time limit")
			}
			return issuer.KeySet{Document: set(f), Fresh: fresh}, fail
		})))
		want(t, "found", read(t.Context(), i, f.KeyID()), "found")
		change(0, errors.New("vault is sealed"))
		time.Sleep(time.Hour)
		want(t, "kept", read(t.Context(), i, f.KeyID()), "found")
		if h := i.Health(); h.LastError == nil || !strings.Contains(h.LastError.Error(), "vault is sealed") {
			t.Errorf("%+v", h)
		}
		change(30*time.Minute, nil)
		time.Sleep(10 * time.Minute)
		change(30*time.Minute, nil)
		time.Sleep(5 * time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if calls < 10 || calls > 14 {
			t.Errorf("%d calls in five hours, with half an hour of freshness", calls)
		}
		want(t, "nothing is fetched", requests(f), "0 discovery, 0 keys")
	})
}

func TestKeyFile(t *testing.T) {
	f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	path := filepath.Join(t.TempDir(), "keys.json")
	write := func(b []byte) {
		if err := os.WriteFile(path+".new", b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	i := open(t, f, issuer.WithKeyFile(path))
	if got := read(t.Context(), i, f.KeyID()); got != "unavailable" {
		t.Errorf("no file: %s", got)
	}
	write(set(f))
	if err := i.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "found", read(t.Context(), i, f.KeyID()), "found")
	fresh := f.Rotate()
	write(set(f))
	want(t, "rotated", read(t.Context(), i, fresh), "found")
	for name, content := range map[string]string{"empty": "", "garbage": "{", "no keys": `{"keys":[]}`, "private": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "huge": strings.Repeat(" ", 1<<20+1)} {
		write([]byte(content))
		if err := i.Refresh(t.Context()); err == nil {
			t.Errorf("%s: taken", name)
		}
		want(t, name, read(t.Context(), i, fresh), "found")
	}
	public := f.Key(fresh).Public()
	write(append(publicPEM(t, public, nil), publicPEM(t, &ecdsa.PublicKey{Curve: public.(*ecdsa.PublicKey).Curve, X: public.(*ecdsa.PublicKey).X, Y: public.(*ecdsa.PublicKey).Y}, map[string]string{"kid": "named"})...)) //nolint:staticcheck // a copy
	if err := i.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "PEM, named", read(t.Context(), i, "named"), "found")
	want(t, "PEM, without a name", read(t.Context(), i, ""), "found")
}

// A token is sent where it is configured to go and nowhere else.
func TestTokenFile(t *testing.T) {
	f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := &recording{RoundTripper: f.Transport()}
	i := open(t, f, issuer.WithTransport(h), issuer.WithTokenFile(path))
	if err := i.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "token file") {
		t.Errorf("no file: %v", err)
	}
	for _, bad := range []string{"", "two tokens", "s3cret\nX: y", "s3cret\x00"} {
		write(bad)
		if err := i.Refresh(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	write("first\n")
	if err := i.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "metadata", h.last("/.well-known/openid-configuration").Get("Authorization"), "Bearer first")
	want(t, "keys", h.last("/jwks").Get("Authorization"), "Bearer first")
	write("second")
	if err := i.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "keys", h.last("/jwks").Get("Authorization"), "Bearer second")

	elsewhere := &recording{RoundTripper: f.Transport()}
	f.SetMetadata("jwks_uri", "https://keys.test/jwks")
	other := open(t, f, issuer.WithTransport(elsewhere), issuer.WithTokenFile(path))
	_ = other.Refresh(t.Context())
	if got := elsewhere.last("/jwks"); got == nil || got.Get("Authorization") != "" {
		t.Errorf("keys elsewhere were asked for with %v", got)
	}
	configured := &recording{RoundTripper: f.Transport()}
	third := open(t, f, issuer.WithTransport(configured), issuer.WithTokenFile(path), issuer.WithJWKSURL("https://keys.test/jwks"))
	_ = third.Refresh(t.Context())
	want(t, "configured", configured.last("/jwks").Get("Authorization"), "Bearer second")
}

// K15, and what a private CA takes.
func TestTLS(t *testing.T) {
	agent := ""
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer":%q}`, "https://"+r.Host)
	})
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = discard
	server.StartTLS()
	defer server.Close()
	old := httptest.NewUnstartedServer(handler)
	old.Config.ErrorLog = discard
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // to be refused
	old.StartTLS()
	defer old.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, tc := range map[string]struct {
		url     string
		options []issuer.Option
		says    string
	}{
		"unknown CA":   {server.URL, nil, "certificate signed by unknown authority"},
		"known CA":     {server.URL, []issuer.Option{issuer.WithRootCAs(ca), issuer.WithUserAgent("widgets/1")}, ""},
		"another host": {strings.Replace(server.URL, "127.0.0.1", "localhost", 1), []issuer.Option{issuer.WithRootCAs(ca)}, "not localhost"},
		"TLS 1.1":      {old.URL, []issuer.Option{issuer.WithRootCAs(ca)}, "protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			i, err := issuer.New(tc.url, tc.options...)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = i.Close() }()
			m, err := i.Metadata(t.Context())
			if tc.says == "" {
				if err != nil || m.Issuer() != tc.url || agent != "widgets/1" {
					t.Errorf("got %v, asked by %q", err, agent)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
}

func TestNewRefusesContradictions(t *testing.T) {
	f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	keys := set(f)
	mixed := strings.Replace(string(keys), `"keys":[`, `"keys":[{"kty":"oct","k":"AQ"},`, 1)
	all := []netip.Prefix{netip.MustParsePrefix("::/0")}
	for name, tc := range map[string]struct {
		options []issuer.Option
		says    string
	}{
		"two sources":              {[]issuer.Option{issuer.WithStaticKeys(keys), issuer.WithJWKSURL("https://as.test/jwks")}, "several sources of keys"},
		"file and source":          {[]issuer.Option{issuer.WithKeyFile("x"), issuer.WithJWKSURL("https://as.test/jwks")}, "several sources of keys"},
		"seed and static":          {[]issuer.Option{issuer.WithStaticKeys(keys), issuer.WithSeedKeys(keys)}, "never replaced"},
		"transport and CA":         {[]issuer.Option{issuer.WithTransport(f.Transport()), issuer.WithBlockedAddresses(all...)}, "configure your own one"},
		"no keys":                  {[]issuer.Option{issuer.WithStaticKeys(nil)}, "not a JSON object"},
		"an empty set":             {[]issuer.Option{issuer.WithSeedKeys([]byte(`{"keys":[]}`))}, "none of the 0 keys"},
		"a symmetric key":          {[]issuer.Option{issuer.WithStaticKeys([]byte(mixed))}, "one of the keys cannot be used"},
		"a damaged block":          {[]issuer.Option{issuer.WithStaticKeys(append([]byte("-----BEGIN PUBLIC KEY-----\nAAA!\n-----END PUBLIC KEY-----\n"), publicPEM(t, f.Key(f.KeyID()).Public(), nil)...))}, "damaged PEM block"},
		"a private key in PEM":     {[]issuer.Option{issuer.WithStaticKeys([]byte("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))}, "public keys and certificates are read"},
		"garbage after PEM":        {[]issuer.Option{issuer.WithStaticKeys(append(publicPEM(t, f.Key(f.KeyID()).Public(), nil), "x"...))}, "something else than PEM"},
		"http keys":                {[]issuer.Option{issuer.WithJWKSURL("http://as.test/jwks")}, "use https"},
		"keys of a file URL":       {[]issuer.Option{issuer.WithJWKSURL("file:///etc/keys")}, "not an absolute URL"},
		"no path":                  {[]issuer.Option{issuer.WithKeyFile("")}, "without a path"},
		"nil source":               {[]issuer.Option{issuer.WithKeySource(nil)}, "WithKeySource(nil)"},
		"no token path":            {[]issuer.Option{issuer.WithTokenFile("")}, "without a path"},
		"no certificate":           {[]issuer.Option{issuer.WithRootCAs([]byte("x"))}, "no certificate in the bundle"},
		"no agent":                 {[]issuer.Option{issuer.WithUserAgent("")}, "empty name"},
		"agent with a newline":     {[]issuer.Option{issuer.WithUserAgent("a\r\nX: y")}, "printable ASCII"},
		"invalid prefix":           {[]issuer.Option{issuer.WithAllowedAddresses(netip.Prefix{})}, "netip.ParsePrefix"},
		"clamp":                    {[]issuer.Option{issuer.WithTimings(issuer.Timings{MinFresh: time.Hour, MaxFresh: time.Minute})}, "MinFresh of 1h0m0s is above"},
		"file and source of yours": {[]issuer.Option{issuer.WithKeyFile("x"), issuer.WithKeySource(issuer.KeySourceFunc(func(context.Context) (issuer.KeySet, error) { return issuer.KeySet{}, nil }))}, "several sources of keys"},
		"nil function":             {[]issuer.Option{issuer.WithKeySource(issuer.KeySourceFunc(nil))}, "WithKeySource(nil)"},
		"nil transport":            {[]issuer.Option{issuer.WithTransport((*http.Transport)(nil))}, "WithTransport(nil)"},
		"IPv4 within IPv6":         {[]issuer.Option{issuer.WithBlockedAddresses(netip.MustParsePrefix("::ffff:10.0.0.0/104"))}, "IPv4 within IPv6"},
		"for ever":                 {[]issuer.Option{issuer.WithTimings(issuer.Timings{Fresh: 1<<63 - 1, HardStop: 1<<63 - 1})}, "Fresh is"},
		"back-off for ever":        {[]issuer.Option{issuer.WithTimings(issuer.Timings{MinBackoff: 1<<63 - 1, MaxBackoff: 1<<63 - 1})}, "of Timings, M"},
		"no cooldown":              {[]issuer.Option{issuer.WithTimings(issuer.Timings{Cooldown: 1})}, "Cooldown is 1ns"},
		"no back-off":              {[]issuer.Option{issuer.WithTimings(issuer.Timings{MinBackoff: 1})}, "MinBackoff is 1ns"},
		"no time":                  {[]issuer.Option{issuer.WithTimings(issuer.Timings{FetchTimeout: 1})}, "FetchTimeout is 1ns"},
		"all the time":             {[]issuer.Option{issuer.WithTimings(issuer.Timings{FetchTimeout: time.Hour})}, "FetchTimeout is 1h"},
		"Fresh above MaxFresh":     {[]issuer.Option{issuer.WithTimings(issuer.Timings{Fresh: 2 * time.Hour, MaxFresh: time.Hour})}, "Fresh of 2h0m0s is above MaxFresh"},
		"one failure, an outage":   {[]issuer.Option{issuer.WithTimings(issuer.Timings{MinBackoff: 5 * time.Hour})}, "MaxBackoff of 5h0m0s is above HardStop"},
		"stop before MaxFresh":     {[]issuer.Option{issuer.WithTimings(issuer.Timings{MaxFresh: 5 * time.Hour})}, "MaxFresh of 5h0m0s is above HardStop"},
	} {
		t.Run(name, func(t *testing.T) {
			i, err := issuer.New("https://as.test", tc.options...)
			if err == nil || i != nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, %v; want an error with %q", i, err, tc.says)
			}
		})
	}
}
