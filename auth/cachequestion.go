// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// question is a call of the verifier that belongs to none of those who wait for
// it.
type question struct {
	done   chan struct{}
	claims *Claims
	err    error

	ctx        context.Context // of whoever came first, without its end
	credential Credential

	// Under the mutex of the cache.
	flight  *flight // nil before it is asked
	cancel  context.CancelFunc
	waiters int
	orphan  bool // it is asked, and counted among those that nobody waits for
}

// questions are those about one token: the one that is asked, and the one that
// will be asked after it, for those to whom the first one began too early.
type questions struct{ asked, next *question }

const (
	// questionTimeout bounds a question, which no caller's deadline does. Verifiers
	// that ask have bounds of their own; this is for one that has not.
	questionTimeout = 30 * time.Second
	// maxOrphans bounds the questions that go on although nobody waits any more,
	// for those who come again.
	maxOrphans = 64
)

// ask joins a question about this token, or asks one. A fresh one is asked from
// now on. What is newer than these claims, if there are any, is an answer too.
func (k *Cache) ask(ctx context.Context, key cacheKey, c Credential, fresh bool, than *Claims) (*Claims, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		q, before := k.join(ctx, key, c, fresh, than)
		select {
		case <-q.done:
			if k.outdated(q, before) {
				continue
			}
			return q.claims, q.err
		case <-ctx.Done():
			k.leave(key, q)
			return nil, ctx.Err()
		}
	}
}

// join returns a question, and how much was invalidated since it was asked.
func (k *Cache) join(ctx context.Context, key cacheKey, c Credential, fresh bool, than *Claims) (q *question, before int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	about := k.questions[key]
	if about == nil && !fresh {
		if q = k.answered(key, than); q != nil {
			return q, 0
		}
	}
	if about == nil {
		about = new(questions)
		k.questions[key] = about
	}
	switch {
	case about.asked == nil || about.asked.flight.void:
		// What is asked already, and of no use any more, goes on for those who wait
		// for it.
		q = newQuestion(ctx, c)
		about.asked = q
		k.put(q, key)
	case !fresh:
		q = about.asked
		before = len(q.flight.meanwhile)
	default:
		if about.next == nil {
			about.next = newQuestion(ctx, c)
		}
		q = about.next
	}
	q.waiters++
	if q.orphan {
		q.orphan = false
		k.orphans--
	}
	return q, before
}

// answered returns a question that was answered between a look at what is known and
// now, so that nobody asks it again; nil if there is none.
func (k *Cache) answered(key cacheKey, than *Claims) *question {
	now := time.Now()
	q := &question{done: make(chan struct{}), claims: k.known(key, now, than)}
	if q.claims == nil {
		e := k.refusals.find(key)
		if e == nil || !now.Before(e.known.until) {
			return nil
		}
		q.err = e.known.err
	}
	close(q.done)
	return q
}

func newQuestion(ctx context.Context, c Credential) *question {
	return &question{done: make(chan struct{}), ctx: context.WithoutCancel(ctx), credential: c}
}

// outdated reports whether a question, which is answered, began before something
// was invalidated that it is about, and that before the one who asks here came.
func (k *Cache) outdated(q *question, before int) bool {
	if before == 0 || q.err != nil || q.claims == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return matchesAny(q.flight.meanwhile[:before], q.claims)
}

// put puts a question to the verifier. The mutex is held.
func (k *Cache) put(q *question, key cacheKey) {
	q.flight = k.beginLocked(key)
	ctx, cancel := context.WithTimeout(q.ctx, questionTimeout)
	q.cancel = cancel
	go k.run(ctx, q)
}

func (k *Cache) run(ctx context.Context, q *question) {
	defer q.cancel()
	defer func() {
		if p := recover(); p != nil { // it would end the process
			q.claims, q.err = nil, panicked(p)
		}
		k.mu.Lock()
		delete(k.flights, q.flight)
		if q.orphan {
			k.orphans--
		}
		k.advance(q)
		k.mu.Unlock()
		close(q.done)
	}()
	q.claims, q.err = k.verify(ctx, q.flight, q.credential)
}

// advance has the next question asked in place of this one. The mutex is held.
func (k *Cache) advance(q *question) {
	key := q.flight.key
	about := k.questions[key]
	if about == nil || about.asked != q {
		return
	}
	about.asked, about.next = about.next, nil
	if about.asked == nil {
		delete(k.questions, key)
		return
	}
	k.put(about.asked, key)
}

// leave says that one who waited does not any more.
func (k *Cache) leave(key cacheKey, q *question) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if q.waiters--; q.waiters > 0 {
		return
	}
	switch {
	case q.flight == nil: // nobody ever wanted it
		if about := k.questions[key]; about != nil && about.next == q {
			about.next = nil
		}
	case k.orphans < maxOrphans:
		q.orphan = true
		k.orphans++
	default:
		k.advance(q) // so that nobody joins it
		q.cancel()
	}
}
