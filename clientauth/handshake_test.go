// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hashing is a key elsewhere that hashes by itself.
type hashing struct {
	crypto.Signer

	messages atomic.Int64
}

func (h *hashing) SignMessage(random io.Reader, message []byte, options crypto.SignerOpts) ([]byte, error) {
	h.messages.Add(1)
	hash := options.HashFunc().New()
	hash.Write(message)
	return h.Sign(random, hash.Sum(nil), options)
}

// The signer of a certificate that hangs, panics or fails costs a handshake and no
// more, and those that wait for it are bounded.
func TestHandshakeKey(t *testing.T) {
	type sign = func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error)
	for name, tc := range map[string]struct {
		sign sign
		says string
		took time.Duration
	}{
		"good": {nil, "", 0},
		"fails": {func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
			return nil, errors.New("KMS: access denied")
		}, "access denied", 0},
		"panics": {func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { panic("0xSECRET") }, "the signer of the client's certificate panicked", 0},
		"hangs": {func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}, "did not answer", handshakeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Key: testKeys()["p256"]})
				pair.TLS.PrivateKey = elsewhere{Signer: testKeys()["p256"], sign: tc.sign}
				i, err := NewIdentity(pair.TLS)
				if err != nil {
					t.Fatal(err)
				}
				key, _ := i.certificate().PrivateKey.(crypto.Signer)
				began := time.Now()
				_, err = key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
				if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "0xSECRET")) {
					t.Errorf("%v, want %q", err, tc.says)
				}
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Key: testKeys()["p256"]})
		pair.TLS.PrivateKey = elsewhere{testKeys()["p256"], func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
			calls.Add(1)
			time.Sleep(time.Hour)
			return nil, nil
		}}
		i, err := NewIdentity(pair.TLS)
		if err != nil {
			t.Fatal(err)
		}
		key, _ := i.certificate().PrivateKey.(crypto.Signer)
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if _, err := key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := calls.Load(); n != maxSigning {
			t.Errorf("%d calls are under way, want %d", n, maxSigning)
		}
		time.Sleep(2 * time.Hour)
	})
}

// A key that hashes by itself does so, and one in this process is used as it is.
func TestHandshakeKeyTypes(t *testing.T) {
	h := &hashing{Signer: testKeys()["p256"]}
	key := bounded(h, h.Public())
	signature, err := crypto.SignMessage(key, rand.Reader, []byte("message"), crypto.SHA256)
	if err != nil || h.messages.Load() != 1 || len(signature) == 0 {
		t.Errorf("%v, %d messages", err, h.messages.Load())
	}
	if _, ok := bounded(elsewhere{Signer: testKeys()["p256"]}, nil).(crypto.MessageSigner); ok {
		t.Error("a key that does not hash by itself seems to")
	}
	for _, again := range []crypto.Signer{testKeys()["rsa"], testKeys()["p256"], testKeys()["ed25519"], key} {
		if got := bounded(again, again.Public()); !reflect.DeepEqual(got, again) {
			t.Errorf("%T became %T", again, got)
		}
	}
}
