// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bearerkit/bearerkit/auth"
)

// Middleware returns HTTP middleware that lends response headers, the TLS state of
// the connection and its deadlines to the handlers of the same guard. It decides
// nothing. Put it around the mux, and inside of whatever answers in place of a
// handler that is still running, such as [http.TimeoutHandler]: around that, the
// gate and the other answer would write to one response at once. Put it inside of
// whatever changes the Authorization or User-Agent field too, for instance from a
// cookie: a call with other fields is taken for one within the process, and gets
// nothing lent.
func Middleware(guard *auth.Guard) func(http.Handler) http.Handler {
	lending(guard)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l := &lent{writer: w, request: r}
			// Of the same request, where one is around the other.
			if outer := lentTo(r.Context(), guard, r.Header); outer != nil {
				l.decided = outer.decided
			}
			defer l.finish()
			next.ServeHTTP(w, lend(r.Context(), guard, l))
		})
	}
}

// lent is what the middleware has and the gate needs. It is the context of the
// request itself, and holds what would be allocated otherwise.
type lent struct {
	context.Context

	guard   *auth.Guard
	writer  http.ResponseWriter
	request *http.Request
	decided *atomic.Bool // nil unless somebody wants to know
	body    body         // of the request
	carrier lentCarrier  // of whoever took it first
	taken   atomic.Bool

	mu          sync.Mutex
	over        bool // the response belongs to nobody any more
	interrupted bool // reading the HTTP/1 request was
}

// finish takes back what was lent, whatever still runs.
func (l *lent) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

// lend returns the request for the handlers of guard.
func lend(ctx context.Context, guard *auth.Guard, l *lent) *http.Request {
	l.Context, l.guard = ctx, guard
	r := l.request.WithContext(l)
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		l.body.ReadCloser = r.Body
		r.Body = &l.body
	} else {
		l.body.ended.Store(true)
	}
	return r
}

// Value implements [context.Context].
func (l *lent) Value(key any) any {
	if k, ok := key.(lentKey); ok && k.guard == l.guard {
		return l
	}
	return l.Context.Value(key)
}

// decide notes that the guard has its say, or that nobody need have one.
func (l *lent) decide() {
	if l != nil && l.decided != nil {
		l.decided.Store(true)
	}
}

// lentKey has the guard in it: there may be several.
type lentKey struct{ guard *auth.Guard }

// lentTo returns what is lent for the request that header is of. A handler that
// calls another one within the process hands on its context, too, and that
// other's answer must not go to this caller, nor its decision count for it. Such
// a call has other headers; one that went through a transcoder has the same
// caller's.
func lentTo(ctx context.Context, guard *auth.Guard, header http.Header) *lent {
	l, _ := ctx.Value(lentKey{guard}).(*lent)
	if l == nil || !slices.Equal(l.request.Header["Authorization"], header["Authorization"]) || !slices.Equal(l.request.Header["User-Agent"], header["User-Agent"]) {
		return nil
	}
	return l
}
