// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package floor is the least work with which a server can remember a token that
// it has verified and keep no secret: read the metadata, digest the token, look
// the digest up, compare the deadline, put the result into a context. It checks
// no rule, and it is frozen: it is what other numbers are divided by, so it must
// not get better or worse with them. It imports nothing of this project.
package floor

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"
	"time"
	"unsafe"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const shards = 64

// Probe knows the digests of good tokens.
type Probe struct {
	shards [shards]shard
}

type shard struct {
	mu     sync.RWMutex
	tokens map[[sha256.Size]byte]*entry
	_      [64]byte // no two locks in one line of a core's cache
}

type entry struct {
	subject  string
	deadline time.Time
}

type subjectKey struct{}

var errUnknown = status.Error(codes.Unauthenticated, "unknown token")

// New returns a Probe that knows no token.
func New() *Probe {
	p := new(Probe)
	for i := range p.shards {
		p.shards[i].tokens = make(map[[sha256.Size]byte]*entry)
	}
	return p
}

// Add makes a token known.
func (p *Probe) Add(token, subject string, deadline time.Time) {
	digest := digestOf(token)
	s := p.shard(digest)
	s.mu.Lock()
	s.tokens[digest] = &entry{subject: subject, deadline: deadline}
	s.mu.Unlock()
}

// Unary is the probe as an interceptor.
func (p *Probe) Unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return nil, errUnknown
	}
	token, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return nil, errUnknown
	}
	digest := digestOf(token)
	s := p.shard(digest)
	s.mu.RLock()
	e := s.tokens[digest]
	s.mu.RUnlock()
	if e == nil || !time.Now().Before(e.deadline) {
		return nil, errUnknown
	}
	return handler(context.WithValue(ctx, subjectKey{}, e), request)
}

// Middleware is the probe before a handler of HTTP. It has the lines of Unary once
// more, so that neither changes with the other.
func (p *Probe) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header["Authorization"]
		if len(values) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, ok := strings.CutPrefix(values[0], "Bearer ")
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		digest := digestOf(token)
		s := p.shard(digest)
		s.mu.RLock()
		e := s.tokens[digest]
		s.mu.RUnlock()
		if e == nil || !time.Now().Before(e.deadline) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), subjectKey{}, e)))
	})
}

// Subject returns the subject of a call that came through a Probe.
func Subject(ctx context.Context) string {
	e, _ := ctx.Value(subjectKey{}).(*entry)
	if e == nil {
		return ""
	}
	return e.subject
}

func (p *Probe) shard(digest [sha256.Size]byte) *shard {
	return &p.shards[binary.LittleEndian.Uint64(digest[:])%shards]
}

// digestOf does not copy the token.
func digestOf(token string) [sha256.Size]byte {
	return sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
}
