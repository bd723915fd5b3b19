// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A fetch that ends between a caller's look at the old keys and its request for
// new ones has brought the key: neither a cooldown nor another fetch may come
// between.
func TestJoinAfterAFetchThatWasMissed(t *testing.T) {
	timings, err := Timings{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	r := newRefresher(timings, nil, func(context.Context, *snapshot, cause) (*snapshot, error) {
		return nil, errors.New("no fetch expected")
	})
	defer r.close()
	for _, why := range []cause{causeNoKeys, causeUnknownKey} {
		old, fresh := new(snapshot), new(snapshot)
		old.all = []*key{{kid: "old"}}
		for _, seen := range []*snapshot{nil, old} {
			r.current.Store(fresh)
			r.missAt = time.Now()
			f, _, err := r.join(why, seen)
			if err != nil {
				t.Fatalf("cause %d: %v", why, err)
			}
			select {
			case <-f.done:
			default:
				t.Errorf("cause %d: another fetch was started", why)
			}
		}
	}
}
