// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"sync"
	"sync/atomic"
	"time"
)

// openStreams are those of a Guard. While there are any, it is looked at once a
// second, and as soon as something is revoked, whether what they rest on is still
// there. While there are none, nothing runs.
type openStreams struct {
	revocations Revocations  // nil without
	revoked     atomic.Int32 // how many changes of theirs were not looked at yet
	unsure      atomic.Bool  // whether they could not tell

	mu      sync.Mutex
	first   *Stream // of a list, in which each has its neighbours
	count   int
	renewed map[string]*Stream // by the name under which they may be renewed
	timer   *time.Timer
	stop    func() // of the watch
}

// sweepInterval is how long a withdrawn key goes unnoticed by a stream.
const sweepInterval = time.Second

func (o *openStreams) add(s *Stream) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.link(s)
	if s.renewal != "" {
		if o.renewed == nil {
			o.renewed = make(map[string]*Stream)
		}
		// A client that tries a call again gives it the same name. Another party
		// would have to have guessed it, and gets none.
		if other := o.renewed[s.renewal]; other == nil || other.opened.sameParty(s.opened) {
			o.renewed[s.renewal] = s
		}
	}
	if o.count > 1 {
		return
	}
	if o.timer == nil {
		o.timer = time.AfterFunc(sweepInterval, o.sweep)
	} else {
		o.timer.Reset(sweepInterval)
	}
	if o.revocations != nil {
		o.stop = o.revocations.Watch(o.revocationsChanged)
	}
}

func (o *openStreams) remove(s *Stream) {
	o.mu.Lock()
	o.unlink(s)
	if s.renewal != "" && o.renewed[s.renewal] == s {
		delete(o.renewed, s.renewal)
	}
	var stop func()
	if o.count == 0 {
		o.timer.Stop()
		stop, o.stop = o.stop, nil
	}
	o.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// named returns the stream that may be renewed under this name; nil if there is
// none.
func (o *openStreams) named(name string) *Stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.renewed[name]
}

// list returns the streams that are open now.
func (o *openStreams) list() []*Stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]*Stream, 0, o.count)
	for s := o.first; s != nil; s = s.neighbours.next {
		all = append(all, s)
	}
	return all
}

// sweep looks at what a clock does not tell.
func (o *openStreams) sweep() {
	now := time.Now()
	for _, s := range o.list() {
		s.look(now)
	}
	if o.unsure.Swap(false) {
		o.revocationsChanged()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count > 0 {
		o.timer.Reset(sweepInterval)
	}
}

// revocationsChanged has the streams looked at, once for all changes that come
// meanwhile.
func (o *openStreams) revocationsChanged() {
	if o.revoked.Add(1) > 1 {
		return // whoever looks has to look again
	}
	go func() {
		for changes := int32(1); changes > 0; {
			o.sweepRevoked()
			changes = o.revoked.Add(-changes)
		}
	}()
}

// sweepRevoked ends the streams whose tokens are revoked.
func (o *openStreams) sweepRevoked() {
	for _, s := range o.list() {
		s.mu.Lock()
		s.checkRevoked()
		s.mu.Unlock()
	}
}

// neighbours are those of a stream among the open ones, whose mutex is theirs too.
type neighbours struct{ next, before *Stream }

func (o *openStreams) link(s *Stream) {
	s.neighbours.next = o.first
	if o.first != nil {
		o.first.neighbours.before = s
	}
	o.first = s
	o.count++
}

func (o *openStreams) unlink(s *Stream) {
	next, before := s.neighbours.next, s.neighbours.before
	if next != nil {
		next.neighbours.before = before
	}
	if before != nil {
		before.neighbours.next = next
	} else {
		o.first = next
	}
	s.neighbours = neighbours{}
	o.count--
}
