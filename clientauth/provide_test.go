// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// record is an Observer that keeps what it is told.
type record struct {
	mu     sync.Mutex
	events []auth.Event
	at     []time.Time
}

func (r *record) Observe(_ context.Context, e auth.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	r.at = append(r.at, time.Now())
}

// all returns what it was told so far.
func (r *record) all() []auth.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// count returns how often an event came.
func (r *record) count(name auth.EventName) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// last returns the latest event.
func (r *record) last() auth.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == 0 {
		return auth.Event{}
	}
	return r.events[len(r.events)-1]
}

// calls counts the calls of a function, and when they came.
type calls struct {
	mu sync.Mutex
	at []time.Duration
}

func (c *calls) note(since time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, time.Since(since))
	return len(c.at)
}

func (c *calls) times() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func provide(t *testing.T, i *Identity, get func(context.Context) (*tls.Certificate, error), c ProvideConfig) *Provider {
	t.Helper()
	p, err := Provide(i, get, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The function is called at once, and again when 80 % of what is left of the
// certificate's life is over, at most 5 % of that earlier.
func TestProvideTimes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		life             time.Duration
		earliest, latest time.Duration
	}{
		"an hour":      {time.Hour, 2736 * time.Second, 2880 * time.Second},
		"a day":        {24 * time.Hour, 65664 * time.Second, 69120 * time.Second},
		"30 hours":     {30 * time.Hour, 82080 * time.Second, 86400 * time.Second},
		"a year":       {365 * 24 * time.Hour, 82080 * time.Second, 86400 * time.Second},
		"a century":    {100 * 365 * 24 * time.Hour, 82080 * time.Second, 86400 * time.Second},
		"80 seconds":   {80 * time.Second, time.Minute, 64 * time.Second},
		"a minute":     {time.Minute, time.Minute, time.Minute},
		"almost over":  {time.Second, time.Minute, time.Minute},
		"over at once": {1, time.Minute, time.Minute},
		"is over":      {-time.Second, time.Minute, time.Minute},
		"is not begun": {time.Hour, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := NewAuthority(t, "root", nil)
				leaf := Leaf{Before: -time.Hour, Life: tc.life}
				if strings.HasPrefix(name, "is not") {
					leaf.Before, leaf.Life = 30*time.Minute, time.Hour
				}
				pair := a.Issue(t, leaf)
				began := time.Now()
				var c calls
				p := provide(t, new(Identity), func(context.Context) (*tls.Certificate, error) {
					c.note(began)
					return &pair.TLS, nil
				}, ProvideConfig{})
				synctest.Wait()
				time.Sleep(tc.earliest - time.Second)
				synctest.Wait()
				if at := c.times(); len(at) != 1 || at[0] != 0 {
					t.Errorf("called at %v, want at once and no more", at)
				}
				time.Sleep(tc.latest - tc.earliest + time.Second)
				synctest.Wait()
				if at := c.times(); len(at) != 2 || at[1] < tc.earliest {
					t.Errorf("called at %v, want again after %v to %v", at, tc.earliest, tc.latest)
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A fleet that started together does not come back together.
func TestProvideIsSpread(t *testing.T) {
	t.Parallel()
	i := new(Identity)
	pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Life: 100 * 365 * 24 * time.Hour})
	p := &Provider{identity: i}
	checked, err := checkCertificate(pair.TLS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.install(checked); err != nil {
		t.Fatal(err)
	}
	times := make(map[time.Duration]bool)
	for range 100 {
		times[p.next().Round(time.Minute)] = true
	}
	if len(times) < 20 {
		t.Errorf("100 certificates are renewed at %d times only", len(times))
	}
}

func TestProvideFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := NewAuthority(t, "root", nil)
		first := a.Issue(t, Leaf{Serial: 0xa1, Life: time.Hour})
		stranger := a.Issue(t, Leaf{})
		expired := a.Issue(t, Leaf{Before: -2 * time.Hour, Life: -time.Hour})
		began := time.Now()
		var c calls
		var events record
		mixed := tls.Certificate{Certificate: first.TLS.Certificate, PrivateKey: stranger.TLS.PrivateKey}
		p := provide(t, new(Identity), func(context.Context) (*tls.Certificate, error) {
			switch c.note(began) {
			case 1:
				return &first.TLS, nil
			case 2:
				return nil, errors.New("sealed")
			case 3:
				return &expired.TLS, nil
			case 4:
				return &mixed, nil
			case 5:
				return nil, nil
			case 6:
				var none []int
				return nil, errors.New(string(rune(none[3])))
			case 7:
				panic(errors.New("the secret"))
			case 8:
				runtime.Goexit()
				return nil, nil
			default:
				next := a.Issue(t, Leaf{Serial: 0xb2, Life: time.Hour})
				return &next.TLS, nil
			}
		}, ProvideConfig{Observer: &events})
		synctest.Wait()
		if e := events.last(); p.identity.Serial() != "a1" || e.Name != EventRotated || e.KeyID != "a1" {
			t.Fatalf("serial %s, event %+v", p.identity.Serial(), e)
		}
		old := p.identity.certificate()
		says := []string{
			"sealed", "has expired", "the private key is of another certificate", "neither a certificate nor an error",
			"it panicked: runtime error: index out of range", "it panicked with a *errors.errorString", "ended without returning",
		}
		for n, want := range says {
			for len(c.times()) < n+2 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			e := events.last()
			if e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), want) || strings.Contains(e.Cause.Error(), "the secret") {
				t.Errorf("call %d: event %+v, want %q", n+2, e, want)
			}
			if p.identity.certificate() != old {
				t.Errorf("call %d changed the certificate", n+2)
			}
		}
		for len(c.times()) < 9 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if e := events.last(); p.identity.Serial() != "b2" || e.Name != EventRotated || !strings.Contains(e.Cause.Error(), "before it serial=a1") {
			t.Errorf("serial %s, event %+v", p.identity.Serial(), e)
		}
		// After some 46 minutes of the hour, a tenth of what is left is about a minute.
		for n, at := range c.times()[2:] {
			if wait := at - c.times()[n+1]; wait < time.Minute || wait > 85*time.Second {
				t.Errorf("attempt %d after %v", n+3, wait)
			}
		}
		_ = p.Close()
	})
}

// While there is time, a source that fails is not asked every minute.
func TestProvideBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Life: 1000 * time.Hour})
		i, err := ParseIdentity(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var c calls
		p := provide(t, i, func(context.Context) (*tls.Certificate, error) {
			c.note(began)
			return nil, errors.New("sealed")
		}, ProvideConfig{})
		time.Sleep(36 * time.Minute)
		synctest.Wait()
		want := []time.Duration{0, 1 * time.Minute, 3 * time.Minute, 7 * time.Minute, 15 * time.Minute, 25 * time.Minute, 35 * time.Minute}
		got := c.times()
		if len(got) != len(want) {
			t.Fatalf("called at %v, want %v", got, want)
		}
		for n := range want {
			if got[n] != want[n] {
				t.Errorf("called at %v, want %v", got, want)
			}
		}
		_ = p.Close()
	})
}

// A function that does not come back is given up on, not called again before it
// has come back, and not waited for.
func TestProvideHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Serial: 0xa1})
		began, release := time.Now(), make(chan struct{})
		var c calls
		var events record
		i := new(Identity)
		p := provide(t, i, func(context.Context) (*tls.Certificate, error) {
			c.note(began)
			<-release
			return &pair.TLS, nil
		}, ProvideConfig{Observer: &events, Timeout: 7 * time.Second})
		time.Sleep(7*time.Second - time.Nanosecond)
		synctest.Wait()
		if events.count(EventRotationFailed) != 0 {
			t.Error("given up on too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if e := events.last(); e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), "no answer within 7s") || !errors.Is(e.Cause, context.DeadlineExceeded) {
			t.Errorf("event %+v", e)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(c.times()) != 1 || !errors.Is(events.last().Cause, errHung) {
			t.Errorf("called at %v while one is under way; %v", c.times(), events.last().Cause)
		}
		close(release) // what comes so late does not count
		synctest.Wait()
		if i.certificate() != nil {
			t.Error("a late answer was taken")
		}
		if err := p.Refresh(t.Context()); err != nil || i.Serial() != "a1" || len(c.times()) != 2 {
			t.Errorf("after it came back: %v, serial %s, calls %v", err, i.Serial(), c.times())
		}
		_ = p.Close()
	})
}

func TestProvideClose(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"during a call": true, "during one that goes on": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Serial: 0xa1})
				release := make(chan struct{})
				var c calls
				var events record
				i := new(Identity)
				p := provide(t, i, func(ctx context.Context) (*tls.Certificate, error) {
					if c.note(time.Now()) == 1 {
						return &pair.TLS, nil
					}
					if ends {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					<-release
					return &pair.TLS, nil
				}, ProvideConfig{Observer: &events})
				synctest.Wait()
				go func() { _ = p.Refresh(t.Context()) }()
				synctest.Wait()
				began := time.Now()
				_ = p.Close()
				_ = p.Close()
				if took := time.Since(began); took != 0 {
					t.Errorf("Close took %v", took)
				}
				if events.count(EventRotationFailed) != 0 {
					t.Error("Close is reported as a failure")
				}
				close(release)
				time.Sleep(24 * time.Hour)
				if n := len(c.times()); n != 2 {
					t.Errorf("%d calls; it went on after Close", n)
				}
				if err := p.Refresh(t.Context()); !errors.Is(err, errRotationClosed) {
					t.Errorf("Refresh after Close: %v", err)
				}
				if i.Serial() != "a1" {
					t.Error("the certificate is gone")
				}
				// Something else may bring certificates now.
				_ = provide(t, i, func(context.Context) (*tls.Certificate, error) { return &pair.TLS, nil }, ProvideConfig{}).Close()
			})
		})
	}
}

// Any number of refused requests are one call in ten seconds.
func TestProvideRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := NewAuthority(t, "root", nil)
		var c calls
		began := time.Now()
		i := new(Identity)
		var failing atomic.Bool
		p := provide(t, i, func(context.Context) (*tls.Certificate, error) {
			n := c.note(began)
			time.Sleep(time.Second)
			if failing.Load() {
				return nil, errors.New("sealed")
			}
			pair := a.Issue(t, Leaf{Serial: int64(n)})
			return &pair.TLS, nil
		}, ProvideConfig{})
		r := TLSClientAuth("widgets", i).(Refresher)
		refresh := func(n int, says string) {
			t.Helper()
			var done sync.WaitGroup
			for range n {
				done.Go(func() {
					if err := r.Refresh(t.Context()); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
						t.Errorf("got %v, want %q", err, says)
					}
				})
			}
			done.Wait()
		}
		refresh(100, "") // join the first call
		time.Sleep(8 * time.Second)
		refresh(100, "") // just now
		if n := len(c.times()); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		time.Sleep(time.Second)
		refresh(100, "")
		if n := len(c.times()); n != 2 || i.Serial() != "2" {
			t.Errorf("%d calls, want 2; serial %s", n, i.Serial())
		}
		failing.Store(true)
		time.Sleep(10 * time.Second)
		refresh(100, "sealed")
		refresh(100, "sealed") // what came of the attempt just now
		if n := len(c.times()); n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
		failing.Store(false)
		// An operator is not told to wait, and shares a call with others.
		var done sync.WaitGroup
		for range 100 {
			done.Go(func() {
				if err := p.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if n := len(c.times()); n != 4 || i.Serial() != "4" {
			t.Errorf("%d calls, want 4; serial %s", n, i.Serial())
		}

		// Who waits does so within its own time, and the call goes on.
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := r.Refresh(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if i.Serial() != "5" {
			t.Errorf("serial %s; a waiter that left took the call with it", i.Serial())
		}
		// The next call counts from this one.
		time.Sleep(44 * time.Minute)
		if n := len(c.times()); n != 5 {
			t.Errorf("%d calls, want 5", n)
		}
		time.Sleep(5 * time.Minute)
		if n := len(c.times()); n != 6 {
			t.Errorf("%d calls, want 6", n)
		}
		_ = p.Close()
	})
}

// A request that comes before the first certificate waits for it within its time.
func TestProvideFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := NewAuthority(t, "root", nil)
		var c calls
		began := time.Now()
		i := new(Identity)
		p := provide(t, i, func(context.Context) (*tls.Certificate, error) {
			if c.note(began); len(c.times()) == 1 {
				time.Sleep(time.Second)
				return nil, errors.New("sealed")
			}
			time.Sleep(3 * time.Second)
			pair := a.Issue(t, Leaf{})
			return &pair.TLS, nil
		}, ProvideConfig{})
		m := TLSClientAuth("widgets", i)
		if err := Check(m); err != nil {
			t.Error(err)
		}
		var got *tls.Certificate
		request := func(within time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			return m.Authenticate(ctx, &Request{setForm: func(string, string) {}, setCertificate: func(c *tls.Certificate) { got = c }})
		}
		if err := request(time.Minute); err == nil || !strings.Contains(err.Error(), "no client certificate: sealed") {
			t.Errorf("first: %v", err)
		}
		if err := request(time.Minute); err == nil || !strings.Contains(err.Error(), "sealed") || len(c.times()) != 1 {
			t.Errorf("at once: %v, %d calls", err, len(c.times()))
		}
		time.Sleep(10 * time.Second)
		if err := request(time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with little time: %v", err)
		}
		if err := request(time.Minute); err != nil || got == nil || len(c.times()) != 2 {
			t.Errorf("later: %v, %d calls", err, len(c.times()))
		}
		_ = p.Close()
	})
}

func TestProvideArguments(t *testing.T) {
	t.Parallel()
	get := func(context.Context) (*tls.Certificate, error) { return nil, errors.New("none") }
	for want, make := range map[string]func() (*Provider, error){
		"without an identity": func() (*Provider, error) { return Provide(nil, get, ProvideConfig{}) },
		"without a function":  func() (*Provider, error) { return Provide(new(Identity), nil, ProvideConfig{}) },
		"negative":            func() (*Provider, error) { return Provide(new(Identity), get, ProvideConfig{Timeout: -1}) },
		"provided already": func() (*Provider, error) {
			i := new(Identity)
			p, err := Provide(i, get, ProvideConfig{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.Close() }()
			return Provide(i, get, ProvideConfig{})
		},
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// An issuer that refuses whatever it is shown does not have certificates issued at the
// pace of one that refuses what is old; and the pace is forgotten.
func TestProvideSlowsDown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fails       bool
		least, most int
	}{
		"what is brought is refused": {false, 8, 14},
		"nothing is brought":         {true, 55, 65}, // it may be at any time
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAuthority(t, "root", nil)
				var fetched atomic.Int64
				i := new(Identity)
				p := provide(t, i, func(context.Context) (*tls.Certificate, error) {
					if n := fetched.Add(1); n > 1 && tc.fails {
						return nil, errors.New("sealed")
					}
					pair := a.Issue(t, Leaf{Serial: fetched.Load(), Life: 240 * time.Hour})
					return &pair.TLS, nil
				}, ProvideConfig{})
				synctest.Wait()
				r := TLSClientAuth("c", i).(Refresher)
				for range 1200 { // a refused request each half second
					_ = r.Refresh(t.Context())
					time.Sleep(500 * time.Millisecond)
				}
				if n := int(fetched.Load()); n < tc.least || n > tc.most {
					t.Errorf("%d calls in ten minutes, want %d to %d", n, tc.least, tc.most)
				}
				time.Sleep(10 * time.Minute)
				before := fetched.Load()
				for range 3 {
					_ = r.Refresh(t.Context())
					time.Sleep(provideCooldown)
				}
				if n := fetched.Load() - before; n != 3 {
					t.Errorf("%d calls for 3 refusals after a quiet time", n)
				}
				_ = p.Close()
			})
		})
	}
}
