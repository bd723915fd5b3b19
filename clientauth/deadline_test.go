// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// custom is an Authenticator that is not this package's.
type custom struct {
	authenticate func(ctx context.Context, r *Request) error
	refresh      func(ctx context.Context) error
}

func (c custom) Authenticate(ctx context.Context, r *Request) error {
	if c.authenticate == nil {
		return nil
	}
	return c.authenticate(ctx, r)
}

func (c custom) Refresh(ctx context.Context) error {
	if c.refresh == nil {
		return nil
	}
	return c.refresh(ctx)
}

// slowPublic is a key elsewhere that is asked for its public part each time.
type slowPublic struct {
	crypto.Signer

	hangs atomic.Bool
}

func (s *slowPublic) Public() crypto.PublicKey {
	if s.hangs.Load() {
		time.Sleep(time.Hour)
	}
	return s.Signer.Public()
}

func (s *slowPublic) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return s.Signer.Sign(random, digest, options)
}

// Post is back at its deadline, whatever does not look at it, and says what did not.
func TestPostEndsWithItsContext(t *testing.T) {
	hang := func(context.Context) (string, error) { time.Sleep(time.Hour); return "", nil }
	for name, tc := range map[string]struct {
		make func(t *testing.T) Authenticator
		// took is how long Post may take; says is in its error, none if empty.
		took time.Duration
		says string
	}{
		"a secret's function": {func(*testing.T) Authenticator { return ClientSecretPost("c", SecretFunc(hang)) }, 3 * time.Second, "the function of a secret did not answer"},
		"a secret's function panics": {func(*testing.T) Authenticator {
			return ClientSecretPost("c", SecretFunc(func(context.Context) (string, error) { panic("0xSECRET") }))
		}, 0, "the function of a secret panicked"},
		"a JWT's function": {func(*testing.T) Authenticator { return JWTAssertion("", SecretFunc(hang)) }, 3 * time.Second, "did not answer"},
		"somebody's Authenticator": {func(*testing.T) Authenticator {
			return custom{authenticate: func(context.Context, *Request) error { time.Sleep(time.Hour); return nil }}
		}, 3 * time.Second, "the Authenticator did not answer"},
		"a Refresher": {func(*testing.T) Authenticator {
			return custom{refresh: func(context.Context) error { time.Sleep(time.Hour); return nil }}
		}, 2 * time.Second, ""},
		"a Refresher panics": {func(*testing.T) Authenticator {
			return custom{refresh: func(context.Context) error { panic("0xSECRET") }}
		}, 0, ""},
		"a public key": {func(t *testing.T) Authenticator {
			k := &slowPublic{Signer: testKeys()["p256"]}
			key, err := NewSigningKey(k)
			if err != nil {
				t.Fatal(err)
			}
			k.hangs.Store(true)
			return PrivateKeyJWT("c", key)
		}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &fakeAS{reply: func(int, url.Values) (int, string) { return http.StatusUnauthorized, `{"error":"invalid_client"}` }}
				e := s.endpoint(t, IntrospectionEndpoint, tc.make(t))
				if _, err := e.issuer.Metadata(t.Context()); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				_, err := e.Post(ctx, nil, "application/json", 1)
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
				if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "0xSECRET")) {
					t.Errorf("%v, want %q", err, tc.says)
				}
				_ = e.issuer.Close()
				time.Sleep(2 * time.Hour) // those that hang
			})
		})
	}
}

// Who calls an Authenticator of its own that panics has the panic.
func TestPostPanics(t *testing.T) {
	e := (&fakeAS{}).endpoint(t, IntrospectionEndpoint, custom{authenticate: func(context.Context, *Request) error { panic("mine") }})
	for range 3 {
		func() {
			defer func() {
				if p := recover(); p != "mine" {
					t.Errorf("panicked with %v", p)
				}
			}()
			_, err := e.Post(t.Context(), nil, "application/json", 1)
			t.Errorf("returned %v", err)
		}()
	}
}

// A Refresher is called once at a time for all, on nobody's context, and nobody waits
// for one that hangs longer than it is worth.
func TestRefreshOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		gate := make(chan struct{})
		s := &fakeAS{reply: func(int, url.Values) (int, string) { return http.StatusUnauthorized, `{"error":"invalid_client"}` }}
		e := s.endpoint(t, IntrospectionEndpoint, custom{refresh: func(ctx context.Context) error {
			if calls.Add(1); calls.Load() == 1 {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
				return nil
			}
			<-gate
			return nil
		}})
		defer func() { _ = e.issuer.Close() }()
		if _, err := e.issuer.Metadata(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := func(within, want time.Duration) {
			t.Helper()
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), within)
					defer cancel()
					began := time.Now()
					_, err := e.Post(ctx, nil, "application/json", 1)
					if took := time.Since(began); took != want || err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("took %v, want %v; %v", took, want, err)
					}
				})
			}
			group.Wait()
		}
		all(100*time.Millisecond, 100*time.Millisecond) // who leaves takes nothing along
		all(time.Minute, 900*time.Millisecond)
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		all(time.Minute, 2*time.Second)
		all(time.Minute, 0) // it hangs, and is not waited for again
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
		close(gate)
		synctest.Wait()
		all(time.Minute, 0)
		if n := calls.Load(); n < 3 {
			t.Errorf("%d calls; the one that hung is back", n)
		}
	})
}

// What never returns costs a bounded number of goroutines.
func TestBoundedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under atomic.Int64
		gate := make(chan struct{})
		slots := make(chan struct{}, 4)
		var group sync.WaitGroup
		var busy, late atomic.Int64
		for range 10 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := within(ctx, slots, "it", func() (int, error) {
					under.Add(1)
					<-gate
					return 0, nil
				})
				switch {
				case err == nil || !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
				case strings.Contains(err.Error(), "it is busy with 4 others"):
					busy.Add(1)
				default:
					late.Add(1)
				}
			})
		}
		group.Wait()
		if under.Load() != 4 || busy.Load() != 6 || late.Load() != 4 {
			t.Errorf("%d calls, %d busy, %d late", under.Load(), busy.Load(), late.Load())
		}
		close(gate)
		synctest.Wait()
		if got, err := within(t.Context(), slots, "it", func() (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Errorf("%d %v", got, err)
		}
	})
}

// A pipe in the place of a file is refused, and not waited for.
func TestFilesThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	pipe(t, path)
	for name, read := range map[string]func(path string) error{
		"secret":   func(path string) error { _, err := SecretFile(path).value(t.Context()); return err },
		"key":      func(path string) error { _, err := LoadSigningKey(path); return err },
		"identity": func(path string) error { _, err := LoadIdentity(path, path); return err },
	} {
		for _, path := range []string{path, filepath.Dir(path)} {
			errs := make(chan error, 1)
			go func() { errs <- read(path) }()
			select {
			case err := <-errs:
				if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(5 * time.Second):
				t.Errorf("%s: waits for a pipe", name)
			}
		}
	}
}
