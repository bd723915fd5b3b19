// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/bearerkit/bearerkit/auth"
)

// Relay is a verifier that leaves the judgement to another one, which can be
// replaced, and counts what it is asked. So one guard, and the cache in it, lasts
// through cases that each want an issuer of their own.
type Relay struct {
	by Judge

	mu     sync.Mutex
	judge  auth.Verifier
	judged map[string]Judged
}

// Judged is how often a token was judged, and how it was the last time.
type Judged struct {
	Times    int
	Accepted bool
	// Remembered: the refusal may be given again without asking.
	Remembered bool
}

// NewRelay returns a Relay that stands for judges of one kind.
func NewRelay(by Judge) *Relay { return &Relay{by: by} }

// To has v judge from now on, and forgets what was counted.
func (r *Relay) To(v auth.Verifier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge, r.judged = v, make(map[string]Judged)
}

// Judged returns what was counted, by token.
func (r *Relay) Judged() map[string]Judged {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.judged)
}

// Describe implements [auth.Describer].
func (r *Relay) Describe() auth.Description {
	return auth.Description{Issuers: []string{Issuer}, Audiences: []string{Audience}, Asks: r.by.Asks()}
}

// Verify implements [auth.Verifier].
func (r *Relay) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	r.mu.Lock()
	judge := r.judge
	r.mu.Unlock()
	claims, err := judge.Verify(ctx, c)
	refusal, _ := errors.AsType[*auth.Error](err)
	r.mu.Lock()
	defer r.mu.Unlock()
	j := r.judged[c.Token()]
	r.judged[c.Token()] = Judged{Times: j.Times + 1, Accepted: err == nil, Remembered: refusal != nil && refusal.FreshFor > 0}
	return claims, err
}
