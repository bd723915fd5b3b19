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
)

// Secret is where a secret of this service comes from. It is asked for at each
// use, so that one that was replaced is the new one. The zero Secret is none. It
// does not print what it holds.
type Secret struct {
	get   func(ctx context.Context) (string, error)
	fixed bool // it is always the same
}

// SecretText is a secret that stays. An empty one is none.
func SecretText(secret string) Secret {
	if secret == "" {
		return Secret{}
	}
	return Secret{get: func(context.Context) (string, error) { return secret, nil }, fixed: true}
}

// maxSecretSize bounds a file with a secret in bytes.
const maxSecretSize = 64 << 10

// SecretFile is the content of a file without the line break at its end. It is
// read at each use, since whoever writes it replaces it.
func SecretFile(path string) Secret {
	if path == "" {
		return Secret{}
	}
	return SecretFunc(func(context.Context) (string, error) {
		b, err := readFile(path)
		return string(bytes.TrimRight(b, "\r\n")), err
	})
}

// SecretFunc is whatever a function returns, such as a secret of a vault. The
// function is called at each use, at once by many, and should keep what it has
// for a while. Its error must not hold the secret.
func SecretFunc(get func(ctx context.Context) (string, error)) Secret { return Secret{get: get} }

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

// readFile reads a small file.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxSecretSize {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxSecretSize)
	}
	return b, nil
}
