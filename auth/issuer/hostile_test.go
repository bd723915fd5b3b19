// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// between alters what goes over the network.
type between func(*http.Request) (*http.Response, error)

func (f between) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// replaced is an answer with another body.
func replaced(a *http.Response, body []byte) *http.Response {
	_ = a.Body.Close()
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	a.Header.Set("Content-Length", fmt.Sprint(len(body)))
	return a
}

// Somebody who could once give wrong keys, under the validator of the right ones,
// is not confirmed by the issuer for ever; and an operator can end it at once.
func TestOnePoisonedAnswerHeals(t *testing.T) {
	for name, tc := range map[string]struct {
		heal  func(i *issuer.Issuer)
		until time.Duration
	}{
		"by itself":   {func(*issuer.Issuer) {}, 90 * time.Minute},
		"by Refresh":  {func(i *issuer.Issuer) { _ = i.Refresh(context.Background()) }, 0},
		"by distrust": {func(i *issuer.Issuer) { i.Distrust("attacker") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, evil := fake(t, authtest.Config{}), fake(t, authtest.Config{URL: "https://evil.test"})
				f.SetHeader(authtest.JWKS, "ETag", `"legit"`)
				poisoned := false
				i := open(t, f, issuer.WithTransport(between(func(r *http.Request) (*http.Response, error) {
					a, err := f.Transport().RoundTrip(r)
					if err == nil && r.URL.Path == "/jwks" && a.StatusCode == http.StatusOK && !poisoned {
						poisoned = true
						a = replaced(a, bytes.ReplaceAll(set(evil), []byte(evil.KeyID()), []byte("attacker")))
					}
					return a, err
				})))
				want(t, "at first", read(t.Context(), i, "attacker"), "found")
				tc.heal(i)
				time.Sleep(tc.until)
				if got := read(t.Context(), i, "attacker"); got == "found" {
					t.Error("the attacker's key is still in use")
				}
				if name != "by distrust" {
					want(t, "the issuer's", read(t.Context(), i, f.KeyID()), "found")
				}
			})
		})
	}
}

// A validator that the server itself would not take is not sent back.
func TestHugeValidator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.SetHeader(authtest.JWKS, "ETag", `"`+strings.Repeat("x", 8<<10)+`"`)
		h := &recording{RoundTripper: f.Transport()}
		i := open(t, f, issuer.WithTransport(h))
		read(t.Context(), i, f.KeyID())
		time.Sleep(time.Hour)
		want(t, "validator", h.last("/jwks").Get("If-None-Match"), "")
	})
}

// What a source does to its own memory afterwards changes nothing.
func TestSourceThatReusesItsBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var buffer bytes.Buffer
		i := open(t, f, issuer.WithKeySource(issuer.KeySourceFunc(func(context.Context) (issuer.KeySet, error) {
			buffer.Reset()
			buffer.Write(set(f))
			return issuer.KeySet{Document: buffer.Bytes()}, nil
		})))
		read(t.Context(), i, f.KeyID())
		holds := i.Holds(f.KeyID(), "ES256", f.Key(f.KeyID()).Public())
		f.ReplaceKey(f.KeyID())
		time.Sleep(10 * time.Minute)
		if holds(time.Now()) {
			t.Error("the old key is in use")
		}
	})
}

// A source that does not come back counts as failed; nobody waits for it but
// within a limit, and it is not called again meanwhile.
func TestSourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var calls atomic.Int64
		release := make(chan struct{})
		var seen events
		i := open(t, f, issuer.WithObserver(&seen), issuer.WithKeySource(issuer.KeySourceFunc(func(context.Context) (issuer.KeySet, error) {
			if calls.Add(1) == 2 {
				<-release
			}
			return issuer.KeySet{Document: set(f)}, nil
		})))
		want(t, "before", read(t.Context(), i, f.KeyID()), "found")
		seen.take()
		time.Sleep(time.Hour)
		h := i.Health()
		if got := seen.take(); !strings.Contains(got, "keys.stale") || h.LastError == nil || h.State != issuer.Degraded || calls.Load() != 2 {
			t.Errorf("events %s, health %+v, %d calls", got, h, calls.Load())
		}
		var waiting sync.WaitGroup
		for n := range 100 {
			waiting.Go(func() { read(context.Background(), i, fmt.Sprint("made-up", n)) })
		}
		began := time.Now()
		waiting.Wait()
		if waited := time.Since(began); waited > 20*time.Second {
			t.Errorf("callers without a deadline waited %v", waited)
		}
		want(t, "meanwhile", read(t.Context(), i, f.KeyID()), "found")
		close(release)
		time.Sleep(2 * time.Minute)
		want(t, "afterwards", i.Health().State.String(), "ready")
	})
	synctest.Test(t, func(t *testing.T) { // Close does not wait for ever
		f := fake(t, authtest.Config{})
		release := make(chan struct{})
		i := open(t, f, issuer.WithTransport(between(func(*http.Request) (*http.Response, error) {
			<-release
			return nil, errors.New("late")
		})))
		go func() { read(context.Background(), i, "x") }()
		go func() { _, _ = i.Metadata(context.Background()) }()
		synctest.Wait()
		began := time.Now()
		_ = i.Close()
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("Close waited %v", waited)
		}
		close(release)
	})
}

// badError panics when it is looked into.
type badError struct{ inner error }

func (e *badError) Error() string { return "bad" }
func (e *badError) Unwrap() error { return e.inner }

// Whatever a source does to its goroutine is a failed fetch.
func TestSourceThatEndsBadly(t *testing.T) {
	for name, end := range map[string]func() error{
		"panic":           func() error { panic("s3cret") },
		"goexit":          func() error { runtime.Goexit(); return nil },
		"typed nil error": func() error { return (*badError)(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				first := true
				i := open(t, f, issuer.WithKeySource(issuer.KeySourceFunc(func(context.Context) (issuer.KeySet, error) {
					if first {
						first = false
						return issuer.KeySet{}, end()
					}
					return issuer.KeySet{Document: set(f)}, nil
				})))
				want(t, "at first", read(t.Context(), i, f.KeyID()), "unavailable")
				time.Sleep(2 * time.Second)
				want(t, "then", read(t.Context(), i, f.KeyID()), "found")
			})
		})
	}
}

// Metadata that are there serve while newer ones cannot be had, and do not slow
// a rotation.
func TestMetadataThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		f.FailAlways(authtest.Discovery, authtest.Hang())
		time.Sleep(3 * time.Hour)
		began := time.Now()
		if _, err := i.Metadata(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("metadata after %v: %v", time.Since(began), err)
		}
		fresh := f.Rotate()
		hasty, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		want(t, "rotated", read(hasty, i, fresh), "found")
	})
	synctest.Test(t, func(t *testing.T) { // and an issuer without metadata is left alone
		f := fake(t, authtest.Config{})
		f.FailAlways(authtest.Discovery, authtest.Status(500))
		i := open(t, f, issuer.WithJWKSURL(f.URL()+"/jwks"))
		for range 6000 {
			_, _ = i.Metadata(t.Context())
			time.Sleep(100 * time.Millisecond)
		}
		if n := f.Requests(authtest.Discovery); n > 20 {
			t.Errorf("%d requests in ten minutes of failure", n)
		}
	})
}

// Metadata that led nowhere pin nothing: the issuer can mend them.
func TestMetadataThatWereWrongAtFirst(t *testing.T) {
	for name, first := range map[string]any{"plain http": "http://issuer.test/jwks", "another host": "https://internal.test/jwks", "absent": nil, "a number": 5, "this machine": "https://127.0.0.1/jwks"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				f.SetMetadata("jwks_uri", first)
				i := open(t, f)
				want(t, "wrong", read(t.Context(), i, f.KeyID()), "unavailable")
				f.SetMetadata("jwks_uri", "https://issuer.test/jwks")
				time.Sleep(3 * time.Minute)
				want(t, "mended", read(t.Context(), i, f.KeyID()), "found")
			})
		})
	}
}

// keys that moved are found within minutes, also if the old place goes on
// answering.
func TestKeysThatMovedWhileTheOldPlaceAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		old := set(f)
		i := open(t, f, issuer.WithTransport(between(func(r *http.Request) (*http.Response, error) {
			frozen := r.URL.Path == "/jwks"
			if r.URL.Path == "/v2/jwks" {
				r = r.Clone(r.Context())
				r.URL.Path = "/jwks"
			}
			a, err := f.Transport().RoundTrip(r)
			if err == nil && frozen {
				a = replaced(a, old)
			}
			return a, err
		})))
		read(t.Context(), i, f.KeyID())
		time.Sleep(5 * time.Minute)
		f.SetMetadata("jwks_uri", f.URL()+"/v2/jwks")
		want(t, "moved", read(t.Context(), i, f.Rotate()), "found")
	})
}

// A key that crypto/ed25519 would find out about with the first signature does
// not take the place of a good one.
func TestOffCurveEd25519(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		x := make([]byte, 32)
		x[0] = 2
		f.SetJWKS(fmt.Appendf(nil, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}]}`, base64.RawURLEncoding.EncodeToString(x)))
		time.Sleep(10 * time.Minute)
		want(t, "the good one", read(t.Context(), i, f.KeyID()), "found")
		if err := i.Health().LastError; err == nil || !strings.Contains(err.Error(), "not on the curve") {
			t.Errorf("got %v", err)
		}
	})
}

// A stolen key is distrusted under every name it has or gets.
func TestDistrustOfTheKeyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		stolen := string(f.PublicJWK(f.KeyID()))
		other := strings.Replace(stolen, `"`+f.KeyID()+`"`, `"other"`, 1)
		f.SetJWKS([]byte(`{"keys":[` + stolen + `,` + other + `]}`))
		i := open(t, f)
		want(t, "other name", read(t.Context(), i, "other"), "found")
		if i.Distrust("misspelt") || !i.Distrust(f.KeyID()) {
			t.Error("whether there was such a key")
		}
		for _, kid := range []string{f.KeyID(), "other", ""} {
			if got := read(t.Context(), i, kid); got == "found" {
				t.Errorf("kid %q is trusted", kid)
			}
		}
		if h := i.Health(); h.State != issuer.Down || h.Keys != 0 {
			t.Errorf("nothing to verify with, and %+v", h)
		}
		if err := i.WaitReady(t.Context()); err == nil {
			t.Error("ready with nothing to verify with")
		}
		f.SetJWKS([]byte(`{"keys":[` + strings.Replace(stolen, `"`+f.KeyID()+`"`, `"third"`, 1) + `]}`))
		time.Sleep(10 * time.Minute)
		if got := read(t.Context(), i, "third"); got == "found" {
			t.Error("trusted under a third name")
		}
	})
}

// Law 8, where URLs and requests hold secrets.
func TestNothingPrintsASecret(t *testing.T) {
	_, err := issuer.New("https://svc:hunter2@as.test")
	_, err2 := issuer.New("https://as.test", issuer.WithJWKSURL("https://svc:hunter2@as.test/jwks"))
	for _, got := range []string{fmt.Sprint(err, err2), fmt.Sprintf("%v %+v %#v", issuer.Logout{IDTokenHint: "hunter2"}, issuer.Logout{IDTokenHint: "hunter2"}, &issuer.Logout{IDTokenHint: "hunter2"})} {
		if strings.Contains(got, "hunter2") {
			t.Error(got)
		}
	}
}

// Where others choose issuers, one on this machine is blocked as configured.
func TestBlockedAddresses(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	local := netip.MustParsePrefix("127.0.0.0/8")
	for name, tc := range map[string]struct {
		options []issuer.Option
		asked   bool
	}{
		"by default":           {nil, true},
		"blocked":              {[]issuer.Option{issuer.WithBlockedAddresses(local)}, false},
		"blocked, but allowed": {[]issuer.Option{issuer.WithBlockedAddresses(local), issuer.WithAllowedAddresses(local)}, true},
	} {
		asked.Store(0)
		i, err := issuer.New(server.URL, tc.options...)
		if err != nil {
			t.Fatal(err)
		}
		err = i.Refresh(t.Context())
		_ = i.Close()
		if (asked.Load() > 0) != tc.asked || err == nil {
			t.Errorf("%s: %d requests, %v", name, asked.Load(), err)
		}
	}
}

// A connection that went silent, as after a firewall has lost its state, is not
// asked again and again.
func TestSilentConnection(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		f := fake(t, authtest.Config{})
		base := ""
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path == "/jwks" {
				_, _ = w.Write(set(f))
				return
			}
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"%s/jwks"}`, base, base)
		}))
		server.EnableHTTP2 = http2
		server.StartTLS()
		way := newSilencer(t, server.Listener.Addr().String())
		base = "https://" + way.Addr().String()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		i, err := issuer.New(base, issuer.WithRootCAs(ca), issuer.WithTimings(issuer.Timings{FetchTimeout: 300 * time.Millisecond, MinBackoff: 100 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}))
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		way.silence()
		failures := 0
		for failures < 20 && i.Refresh(t.Context()) != nil {
			failures++
			time.Sleep(100 * time.Millisecond) // as the back-off would
		}
		if failures == 0 || failures > 8 {
			t.Errorf("http2 %v: %d failures on a silent connection", http2, failures)
		}
		_ = i.Close()
		server.Close()
	}
}

// silencer forwards connections, and swallows what comes on them once told to.
type silencer struct {
	net.Listener
	mu     sync.Mutex
	silent []*atomic.Bool
}

func newSilencer(t *testing.T, to string) *silencer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &silencer{Listener: l}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
			if err != nil {
				return
			}
			silent := new(atomic.Bool)
			s.mu.Lock()
			s.silent = append(s.silent, silent)
			s.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go forward(pair[0], pair[1], silent)
			}
		}
	}()
	return s
}

func forward(from, to net.Conn, silent *atomic.Bool) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			if !silent.Load() {
				_ = to.Close()
			}
			return
		}
		if !silent.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}

func (s *silencer) silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.silent {
		one.Store(true)
	}
}
