// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package contestant has everything that is compared, each configured as its
// documentation advises: what this project offers, the floor probe, the bare
// signature checks, and other libraries with and without a cache before them.
package contestant

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
)

// Kind says what a contestant is compared as.
type Kind string

// The kinds.
const (
	Ours        Kind = "ours"
	Floor       Kind = "floor"        // the least there is
	Raw         Kind = "raw"          // the signature alone; no contestant in a server
	Peer        Kind = "peer"         // another library that verifies on every call
	CachingPeer Kind = "caching peer" // the same, behind a cache
)

// Contestant is one way to decide whether a caller may pass.
type Contestant struct {
	// Name is unique.
	Name string
	Kind Kind
	// Modules are the paths of the modules whose versions belong to the numbers.
	Modules []string
	// Opaque says that it is asked about opaque tokens and not about JWTs.
	Opaque bool
	// Algorithms that it can do, if not all.
	Algorithms []string
	// Note is what a reader should know.
	Note string
	// Start makes it ready for tokens of the target's issuer.
	Start func(ctx context.Context, t Target) (*Instance, error)
}

// Supports reports whether it can verify tokens signed so.
func (c *Contestant) Supports(algorithm string) bool {
	if c.Algorithms == nil {
		return true
	}
	for _, a := range c.Algorithms {
		if a == algorithm {
			return true
		}
	}
	return false
}

// Instance is a contestant that runs. What it does not offer is nil.
type Instance struct {
	Unary  grpc.UnaryServerInterceptor
	Stream grpc.StreamServerInterceptor

	Connect    []connect.HandlerOption
	Middleware func(http.Handler) http.Handler
	// Handler is Middleware around nothing, for Decide.
	Handler http.Handler

	// Verify is a check without any transport.
	Verify func(in *Input) error

	// Stop ends what runs in the background.
	Stop func()
}

// Decide is one call through the instance without any network: whichever of
// its hooks there is.
func (i *Instance) Decide(in *Input) error {
	if i.Verify != nil {
		return i.Verify(in)
	}
	if i.Unary != nil {
		_, err := i.Unary(in.Context, nil, unaryInfo, noHandler)
		return err
	}
	w := new(nullWriter)
	i.Handler.ServeHTTP(w, in.Request)
	return w.err()
}

// Identity is what a peer's interceptor takes out of a token.
type Identity struct {
	Subject string
	Scope   string
	Expiry  time.Time
}

type identityKey struct{}

// IdentityFrom returns what an interceptor of a peer put into the context.
func IdentityFrom(ctx context.Context) (Identity, bool) {
	i, ok := ctx.Value(identityKey{}).(*Identity)
	if !ok {
		return Identity{}, false
	}
	return *i, true
}

// VerifyFunc is the part of a peer that looks at a token.
type VerifyFunc func(ctx context.Context, token string) (*Identity, error)
