// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// Secret is where a secret of this service comes from. It is asked for at each
// use, so that one that was replaced is the new one. The zero Secret is none. It
// does not print what it holds.
type Secret struct {
	get   func(ctx context.Context) (string, error)
	fixed bool // it is always the same
	kept  bool // while its file is being written, it is what it was
}

// SecretText is a secret that stays. An empty one is none.
func SecretText(secret string) Secret {
	if secret == "" {
		return Secret{}
	}
	return Secret{get: func(context.Context) (string, error) { return secret, nil }, fixed: true}
}

const (
	// maxSecretSize bounds a file with a secret in bytes.
	maxSecretSize = 64 << 10
	// maxReading bounds how many calls of a function, or reads of a file, are under
	// way at once.
	maxReading = 256
	// A file that does not come within readTimeout cannot be read.
	readTimeout = time.Second
	// keepSecret is for how long a file that cannot be read may be one that is
	// being written.
	keepSecret = time.Minute
)

// SecretFile is the content of a file without the line break at its end. It is
// read at each use, since whoever writes it replaces it. While it is missing, empty
// or cannot be read, as it is for a moment when it is written in place, the last
// secret that it had is used, for a minute.
func SecretFile(path string) Secret {
	if path == "" {
		return Secret{}
	}
	f := &secretFile{path: path, slots: make(chan struct{}, maxReading)}
	return Secret{get: f.read, kept: true}
}

// secretFile is a file with a secret, and the last one that it had.
type secretFile struct {
	path  string
	slots chan struct{}

	mu   sync.Mutex
	last string
	at   time.Time // when last was there
}

func (f *secretFile) read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	asked := time.Now()
	secret, err := within(ctx, f.slots, "the file of a secret", func() (string, error) {
		b, err := readFile(f.path)
		return string(bytes.TrimRight(b, "\r\n")), err
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && secret != "" {
		if !asked.Before(f.at) { // an older look is not the last
			f.last, f.at = secret, asked
		}
		return secret, nil
	}
	if f.last != "" && asked.Sub(f.at) < keepSecret {
		return f.last, nil
	}
	return secret, err
}

// SecretFunc is whatever a function returns, such as a secret of a vault. The
// function is called at each use, at once by many, and should keep what it has
// for a while. One that does not return in the request's time is given up on. Its
// error must not hold the secret.
func SecretFunc(get func(ctx context.Context) (string, error)) Secret {
	if get == nil {
		return Secret{}
	}
	slots := make(chan struct{}, maxReading)
	return Secret{get: func(ctx context.Context) (string, error) {
		return within(ctx, slots, "the function of a secret", func() (string, error) { return get(ctx) })
	}}
}

// value returns the secret as it is now.
func (s Secret) value(ctx context.Context) (string, error) {
	secret, err := s.get(ctx)
	if err == nil && secret == "" {
		err = errors.New("the secret of this service is empty")
	}
	return secret, err
}

func (s Secret) there() bool { return s.get != nil }

// String says whether there is a secret.
func (s Secret) String() string {
	if s.there() {
		return "a secret"
	}
	return "no secret"
}

// Format writes the same text for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// readFile reads a small file. A pipe would be waited for until somebody writes.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecretSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxSecretSize {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxSecretSize)
	}
	return b, nil
}
