// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// StreamPolicy says when open streams end. The zero StreamPolicy ends each at the
// deadline of its token.
type StreamPolicy struct {
	// MaxAge is for how long a stream may be open, whatever its token. Zero for no
	// such bound.
	MaxAge time.Duration
	// Reverify is how often a stream's token is verified again while it is open: an
	// issuer that is asked about tokens is asked, and the rule of the procedure is
	// run again. Zero for never, but for tokens without exp, about which the issuer
	// is asked again as often as it is for calls. At least a second.
	//
	// A stream of which nobody can tell goes on until the next time. If nobody can
	// tell then either, it ends as unavailable.
	Reverify time.Duration
}

// WithStreams sets when open streams end.
func WithStreams(p StreamPolicy) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		switch {
		case p.MaxAge < 0 || p.Reverify < 0:
			return errors.New("auth: a negative time in StreamPolicy; leave it zero for none")
		case p.MaxAge > maxStreamTime || p.Reverify > maxStreamTime:
			return fmt.Errorf("auth: a time in StreamPolicy above %v; leave it zero for none", maxStreamTime)
		case p.Reverify > 0 && p.Reverify < time.Second:
			return fmt.Errorf("auth: StreamPolicy.Reverify %v; use a second at least, or revoke with auth.WithRevocations", p.Reverify)
		}
		if g.streams != nil {
			return errTwice("WithStreams or InsecureUnboundedStreams")
		}
		g.streams = &streamPolicy{StreamPolicy: p}
		return nil
	})
}

// InsecureUnboundedStreams lets streams go on when their token has expired, for as
// long as both sides like. What a token may do, its bearer then may for ever: an
// open stream is all that it takes. A revocation, and the withdrawal of the signing
// key, end it still.
func InsecureUnboundedStreams() GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if g.streams != nil {
			return errTwice("WithStreams or InsecureUnboundedStreams")
		}
		g.streams = &streamPolicy{unbounded: true}
		return nil
	})
}

type streamPolicy struct {
	StreamPolicy

	unbounded bool
}

// EndsStreams reports whether streams end with their tokens.
func (g *Guard) EndsStreams() bool { return g != nil && !g.streams.unbounded }

// maxStreamTime is longer than any stream, and short enough to count with.
const maxStreamTime = 10 * 365 * 24 * time.Hour

const (
	// maxJitter and jitterShare bound how much earlier than it must a stream ends,
	// so that those that were opened together do not all come back together.
	maxJitter   = 30 * time.Second
	jitterShare = 20
)

// earlier returns a moment somewhat before at, which is the end of a life that
// began at from.
func earlier(from, at time.Time) time.Time {
	bound := min(at.Sub(from)/jitterShare, maxJitter)
	if bound <= 0 {
		return at
	}
	return at.Add(-rand.N(bound)) //nolint:gosec // nobody has anything from guessing it
}
