// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// renewing is a transport that can leave its connections behind. HTTP/2 goes on
// using one on which requests time out, for instance after a firewall has lost
// its state, until pings have failed too.
type renewing struct {
	mu      sync.Mutex
	current *http.Transport
	since   time.Time
}

func (r *renewing) get() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// RoundTrip implements [http.RoundTripper].
func (r *renewing) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.get().RoundTrip(request)
}

// renewal is the least time between two renewals: where the server is gone, there
// is nothing to gain by more.
const renewal = time.Second

// patience is how long a request that ran out of time must have waited for that to
// say something of the connection.
const patience = 500 * time.Millisecond

// nobodysTime is when a request began whose time is not a caller's: however short
// it is, whoever chose it meant that it should do.
var nobodysTime time.Time

// failed is told of a request that failed. Those under way stay on their
// connections, and later ones open their own. A caller who left says nothing of
// the connection, nor does one who had hardly any time: it would close what the
// others use.
func (r *renewing) failed(err error, began time.Time) {
	if r == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && time.Since(began) < patience {
		return
	}
	r.mu.Lock()
	old := r.current
	renew := time.Since(r.since) >= renewal
	if renew {
		r.current, r.since = old.Clone(), time.Now()
	}
	r.mu.Unlock()
	if renew {
		old.CloseIdleConnections()
	}
}
