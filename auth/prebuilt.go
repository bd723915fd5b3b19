// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// prebuilt is what transports have made of refusals that come often. It is read
// without a lock, and replaced as a whole.
type prebuilt struct {
	known atomic.Pointer[map[prebuiltKey]any]
	mu    sync.Mutex // of additions
}

// These bound what is kept, for handlers that make up scopes as they go, perhaps of
// what their callers sent. Rules alone have a few for each procedure at most.
const (
	maxPrebuilt      = 512
	maxPrebuiltBytes = 512 // of scopes
)

// prebuiltKey is what of a refusal is for its caller to see.
type prebuiltKey struct {
	of                any // a nil pointer of the type of what is made
	kind              Kind
	reason            Reason
	required, missing string
}

// Prebuilt returns what build makes of a refusal by g, or of a handler behind it.
// Most refusals look the same to their callers, so it is made once and shared:
// neither it nor e's lists may be changed. build must look at nothing but g and at
// what callers may see of e, its check and cause not being that. It is for
// transports.
func Prebuilt[T any](g *Guard, e *Error, build func() T) T {
	if g == nil || len(e.ACRValues) > 0 || e.MaxAge > 0 || e.RetryAfter > 0 || !plain(e.RequiredScopes) || !plain(e.MissingScopes) {
		return build()
	}
	key := prebuiltKey{
		of: (*T)(nil), kind: e.Kind, reason: e.Reason,
		required: strings.Join(e.RequiredScopes, " "), missing: strings.Join(e.MissingScopes, " "),
	}
	known := g.prebuilt.known.Load()
	if known != nil {
		if made, ok := (*known)[key].(T); ok {
			return made
		}
	}
	made := build()
	g.prebuilt.add(key, made)
	return made
}

// plain reports whether the list is short, and the same once it is joined and split
// again.
func plain(list []string) bool {
	size := 0
	for _, s := range list {
		size += len(s) + 1
	}
	return size <= maxPrebuiltBytes && (size == 0 || listable(list))
}

func (p *prebuilt) add(key prebuiltKey, made any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	more := make(map[prebuiltKey]any)
	if known := p.known.Load(); known != nil {
		if len(*known) >= maxPrebuilt {
			return
		}
		maps.Copy(more, *known)
	}
	more[key] = made
	p.known.Store(&more)
}
