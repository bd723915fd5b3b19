// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func revocationList(t testing.TB, c auth.RevocationListConfig) *auth.RevocationList {
	t.Helper()
	l, err := auth.NewRevocationList(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Which tokens a revocation means.
func TestRevoked(t *testing.T) {
	const iss = "https://i"
	now := time.Unix(1_800_000_000, 0)
	// The token that is asked about, issued now.
	base := auth.ClaimsData{Issuer: iss, Subject: "alice", ClientID: "app", TokenID: "jti", SessionID: "sid", KeyID: "kid", IssuedAt: now, Expiry: now.Add(time.Hour)}
	for name, tc := range map[string]struct {
		revocation auth.Revocation
		change     func(d *auth.ClaimsData)
		want       bool
	}{
		"jti":                      {auth.Revocation{Issuer: iss, TokenID: "jti"}, nil, true},
		"another jti":              {auth.Revocation{Issuer: iss, TokenID: "jti2"}, nil, false},
		"jti at another issuer":    {auth.Revocation{Issuer: "https://j", TokenID: "jti"}, nil, false},
		"jti as sid":               {auth.Revocation{Issuer: iss, SessionID: "jti"}, nil, false},
		"sid":                      {auth.Revocation{Issuer: iss, SessionID: "sid"}, nil, true},
		"sid of a token without":   {auth.Revocation{Issuer: iss, SessionID: "sid"}, func(d *auth.ClaimsData) { d.SessionID = "" }, false},
		"subject, later":           {auth.Revocation{Issuer: iss, Subject: "alice", Before: now.Add(time.Second)}, nil, true},
		"subject, at that moment":  {auth.Revocation{Issuer: iss, Subject: "alice", Before: now}, nil, true},
		"subject, in that second":  {auth.Revocation{Issuer: iss, Subject: "alice", Before: now.Add(999 * time.Millisecond)}, nil, true},
		"subject, before":          {auth.Revocation{Issuer: iss, Subject: "alice", Before: now.Add(-time.Second)}, nil, false},
		"subject, no iat":          {auth.Revocation{Issuer: iss, Subject: "alice", Before: now.Add(-time.Hour)}, func(d *auth.ClaimsData) { d.IssuedAt, d.Expiry = time.Time{}, time.Now().Add(time.Hour) }, true},
		"another subject":          {auth.Revocation{Issuer: iss, Subject: "bob", Before: now}, nil, false},
		"client":                   {auth.Revocation{Issuer: iss, ClientID: "app", Before: now}, nil, true},
		"client as subject":        {auth.Revocation{Issuer: iss, Subject: "app", Before: now}, nil, false},
		"client, before":           {auth.Revocation{Issuer: iss, ClientID: "app", Before: now.Add(-time.Second)}, nil, false},
		"key":                      {auth.Revocation{Issuer: iss, KeyID: "kid"}, nil, true},
		"key of a token without":   {auth.Revocation{Issuer: iss, KeyID: "kid"}, func(d *auth.ClaimsData) { d.KeyID = "" }, false},
		"issuer":                   {auth.Revocation{Issuer: iss, Before: now}, nil, true},
		"issuer, before":           {auth.Revocation{Issuer: iss, Before: now.Add(-time.Second)}, nil, false},
		"another issuer":           {auth.Revocation{Issuer: "https://j", Before: now}, nil, false},
		"digest":                   {auth.Revocation{Token: auth.DigestToken(token(t, "opaque"))}, nil, true},
		"digest, whatever it says": {auth.Revocation{Token: auth.DigestToken(token(t, "opaque"))}, func(d *auth.ClaimsData) { *d = auth.ClaimsData{Issuer: "https://j"} }, true},
		"another digest":           {auth.Revocation{Token: auth.DigestToken(token(t, "opaque2"))}, nil, false},
	} {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 24 * time.Hour})
		if err := l.Revoke(tc.revocation); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d := base
		if tc.change != nil {
			tc.change(&d)
		}
		if got, err := l.Revoked(claims(t, d), token(t, "opaque")); got != tc.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if !l.Restore(tc.revocation) || l.Restore(tc.revocation) {
			t.Errorf("%s: restored not once", name)
		}
		if got, err := l.Revoked(claims(t, d), token(t, "opaque")); got || err != nil || l.Len() != 0 {
			t.Errorf("%s, restored: %v, %v, %d", name, got, err, l.Len())
		}
	}
}

func TestRevocationListRefusesNonsense(t *testing.T) {
	for name, c := range map[string]auth.RevocationListConfig{
		"no life":        {},
		"negative life":  {MaxTokenLife: -1},
		"negative count": {MaxTokenLife: 1, Entries: -1},
		"when full?":     {MaxTokenLife: 1, WhenFull: 9},
	} {
		if l, err := auth.NewRevocationList(c); err == nil {
			t.Errorf("%s: %v", name, l)
		}
	}
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
	for name, tc := range map[string]struct {
		r    auth.Revocation
		says string
	}{
		"nothing":          {auth.Revocation{}, "without Issuer"},
		"no issuer":        {auth.Revocation{Subject: "a"}, "without Issuer"},
		"an issuer whole":  {auth.Revocation{Issuer: "https://i"}, "needs Before"},
		"two things":       {auth.Revocation{Issuer: "https://i", Subject: "a", ClientID: "b"}, "several things"},
		"a digest and jti": {auth.Revocation{Issuer: "https://i", TokenID: "a", Token: auth.TokenDigest{1}}, "several things"},
	} {
		if err := l.Revoke(tc.r); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
		if l.Restore(tc.r) {
			t.Errorf("%s: restored", name)
		}
	}
	if err := l.RevokeToken(auth.Credential{}); err == nil {
		t.Error("no token")
	}
	if l.Len() != 0 {
		t.Errorf("%d revocations", l.Len())
	}
}

// A subject or client is revoked as of now, unless it is said otherwise.
func TestRevokedAsOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
		old := claims(t, auth.ClaimsData{Issuer: "https://i", Subject: "alice", ClientID: "app", IssuedAt: time.Now()})
		time.Sleep(time.Minute)
		for _, r := range []auth.Revocation{{Issuer: "https://i", Subject: "alice"}, {Issuer: "https://i", ClientID: "app"}} {
			if err := l.Revoke(r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		anew := claims(t, auth.ClaimsData{Issuer: "https://i", Subject: "alice", ClientID: "app", IssuedAt: time.Now()})
		for c, want := range map[*auth.Claims]bool{old: true, anew: false} {
			if got, _ := l.Revoked(c, auth.Credential{}); got != want {
				t.Errorf("issued %v: %v", c.IssuedAt(), got)
			}
		}
		// Twice is the wider of the two.
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice", Before: time.Now().Add(-time.Hour)})
		if got, _ := l.Revoked(old, auth.Credential{}); !got {
			t.Error("an earlier time has narrowed it")
		}
		if l.Len() != 2 {
			t.Errorf("%d revocations", l.Len())
		}
	})
}

// Revocations are forgotten when no token can be left that they mean, and not
// before.
func TestRevocationsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour, Entries: 3})
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "a"})
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "b"})
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "c", Before: time.Now().Add(time.Hour)})
		nobody := claims(t, auth.ClaimsData{Issuer: "https://i", TokenID: "a"})
		const slack = 10 * time.Minute // of clocks
		time.Sleep(time.Hour + slack - 1)
		if got, _ := l.Revoked(nobody, auth.Credential{}); !got {
			t.Error("forgotten too early")
		}
		if err := l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "d"}); !errors.Is(err, auth.ErrRevocationsFull) {
			t.Errorf("full: %v", err)
		}
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "b"}) // again: it counts from now
		time.Sleep(time.Nanosecond)
		if got, _ := l.Revoked(nobody, auth.Credential{}); got {
			t.Error("not forgotten")
		}
		if err := l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "d"}); err != nil || l.Len() != 3 {
			t.Errorf("room for one more: %v, %d", err, l.Len())
		}
		for id, want := range map[string]bool{"a": false, "b": true, "d": true} {
			if got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", TokenID: id}), auth.Credential{}); got != want {
				t.Errorf("%s: %v", id, got)
			}
		}
		if got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", Subject: "c", IssuedAt: time.Now().Add(time.Second)}), auth.Credential{}); got {
			t.Error("c was revoked for tokens until an hour from the beginning, and this is a second later")
		}
	})
}

// A full list forgets nothing.
func TestRevocationsFull(t *testing.T) {
	const n = 2000
	now := time.Now()
	jti := func(i int) auth.Revocation {
		return auth.Revocation{Issuer: "https://i", TokenID: fmt.Sprint("jti", i)}
	}
	one := func(i int, issued time.Time) *auth.Claims {
		return claims(t, auth.ClaimsData{Issuer: "https://i", TokenID: fmt.Sprint("jti", i), IssuedAt: issued})
	}
	for _, policy := range []auth.WhenFull{auth.RefuseRevocation, auth.RevokeIssuer} {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour, Entries: n, WhenFull: policy})
		for i := range n {
			if err := l.Revoke(jti(i)); err != nil {
				t.Fatal(err)
			}
		}
		err := l.Revoke(jti(n))
		if (policy == auth.RefuseRevocation) != errors.Is(err, auth.ErrRevocationsFull) {
			t.Errorf("policy %d: %v", policy, err)
		}
		for i := range n + 1 {
			want := i < n || policy == auth.RevokeIssuer
			if got, _ := l.Revoked(one(i, now.Add(-time.Minute)), auth.Credential{}); got != want {
				t.Fatalf("policy %d, %d: %v", policy, i, got)
			}
		}
		if got, _ := l.Revoked(one(n+1, time.Now().Add(time.Minute)), auth.Credential{}); got {
			t.Errorf("policy %d: a token that is not issued yet", policy)
		}
		if err := l.RevokeToken(token(t, "opaque")); !errors.Is(err, auth.ErrRevocationsFull) {
			t.Errorf("policy %d, a digest: %v", policy, err)
		}
		if l.Len() > n+1 {
			t.Errorf("policy %d: %d entries", policy, l.Len())
		}
	}
}

// A token that may outlive its revocation is not believed.
func TestRevocationsAndLongLives(t *testing.T) {
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
	now := time.Now()
	for name, tc := range map[string]struct {
		issued, expires time.Time
		ok              bool
	}{
		"an hour":                {now, now.Add(time.Hour), true},
		"a second more":          {now, now.Add(time.Hour + time.Second), false},
		"nobody knows":           {time.Time{}, now.Add(time.Hour), true},
		"too long in any case":   {time.Time{}, now.Add(time.Hour + time.Minute), false},
		"without exp, young":     {now.Add(-time.Minute), time.Time{}, true},
		"without exp, old":       {now.Add(-time.Hour - time.Second), time.Time{}, false},
		"without either of them": {time.Time{}, time.Time{}, true},
	} {
		revoked, err := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", IssuedAt: tc.issued, Expiry: tc.expires}), auth.Credential{})
		if revoked || (err == nil) != tc.ok {
			t.Errorf("%s: %v, %v", name, revoked, err)
		}
	}
	g, err := auth.NewGuard(verifier(t, auth.ClaimsData{IssuedAt: now, Expiry: now.Add(2 * time.Hour)}), auth.Rules{method: {}}, auth.WithRevocations(l))
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Check(t.Context(), call(method, bearer("good")))
	if e, ok := errors.AsType[*auth.Error](err); !ok || e.Kind != auth.KindUnavailable || e.Check != auth.CheckRevoked {
		t.Errorf("the guard: %v", err)
	}
}

// A revocation counts from when Revoke has returned, for calls that the cache knows
// and for open streams.
func TestRevocationReachesCallsAndStreams(t *testing.T) {
	for name, tc := range map[string]struct {
		r    auth.Revocation
		want auth.Check
	}{
		"subject":         {auth.Revocation{Issuer: "https://i", Subject: "alice"}, auth.CheckRevoked},
		"jti":             {auth.Revocation{Issuer: "https://i", TokenID: "t"}, auth.CheckRevoked},
		"digest":          {auth.Revocation{Token: auth.DigestToken(token(t, "t"))}, auth.CheckRevoked},
		"another subject": {auth.Revocation{Issuer: "https://i", Subject: "bob"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
				f := newStreams(t, auth.WithRevocations(l))
				stream, left := f.open(method, "t"), f.open(method, "t")
				_ = left.Close()
				time.Sleep(time.Minute)
				if err := l.Revoke(tc.r); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				stream.check(t, tc.want, time.Minute, time.Minute)
				left.check(t, "", 0, 0)
				_, err := f.guard.Check(t.Context(), call(method, bearer("t")))
				var got auth.Check
				if e, ok := errors.AsType[*auth.Error](err); ok {
					got = e.Check
				}
				if got != tc.want {
					t.Errorf("a call: %v", err)
				}
				_ = stream.Close()
				// And once more, when there were no streams for a while.
				f.says(expiring(time.Hour, func(d *auth.ClaimsData) { d.Subject = "carol" }))
				time.Sleep(2 * time.Second)
				anew := f.open(method, "t2")
				_ = l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "carol"})
				synctest.Wait()
				anew.check(t, auth.CheckRevoked, time.Minute+2*time.Second, time.Minute+2*time.Second)
			})
		})
	}
}

// What is revoked between the decision and the stream is found.
func TestRevokedBeforeTheStreamIsOpen(t *testing.T) {
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 2 * time.Hour})
	f := newStreams(t, auth.WithRevocations(l))
	r := call(method, bearer("t"))
	ctx, err := f.guard.Check(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice"})
	ends := 0
	s := f.guard.OpenStream(ctx, r, func(*auth.Error) { ends++ })
	if e := s.Err(); ends != 1 || e == nil || e.Check != auth.CheckRevoked {
		t.Errorf("ended %d times, %v", ends, e)
	}
	_ = s.Close()
}

// What a revocation is kept as has no odd values.
func TestRevocationCorners(t *testing.T) {
	now := time.Now()
	is := func(l *auth.RevocationList, issued time.Time) bool {
		got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", Subject: "a", IssuedAt: issued, Expiry: issued.Add(time.Minute)}), auth.Credential{})
		return got
	}
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
	if err := l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "a", Before: time.Unix(0, 0)}); err != nil || is(l, now) {
		t.Errorf("the epoch is no time: %v", err)
	}
	_ = l.Revoke(auth.Revocation{Issuer: "https://i", Before: now})
	if !is(l, now.Add(-time.Minute)) || !l.Restore(auth.Revocation{Issuer: "https://i"}) || is(l, now.Add(-time.Minute)) {
		t.Error("a whole issuer is not restored")
	}
	full := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour, Entries: 1, WhenFull: auth.RevokeIssuer})
	_ = full.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "x"})
	if err := full.Revoke(auth.Revocation{Issuer: "https://i", Subject: "b", Before: now.Add(24 * time.Hour)}); !errors.Is(err, auth.ErrRevocationsFull) || is(full, now.Add(time.Minute)) {
		t.Errorf("everybody is shut out: %v", err)
	}
}

// One that has ended does not widen the one that comes after it.
func TestEndedRevocationIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", KeyID: "k"})
		time.Sleep(3 * time.Hour)
		before := time.Now()
		time.Sleep(time.Minute)
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", KeyID: "k", Before: before})
		if got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", KeyID: "k", IssuedAt: time.Now()}), auth.Credential{}); got {
			t.Error("revoked for ever")
		}
	})
}

// A list that is full and can forget nothing does not look through all of it each
// time.
func TestFullListIsQuick(t *testing.T) {
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour, Entries: 50_000})
	for n := range 50_000 {
		if err := l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	if allocations := testing.AllocsPerRun(100, func() {
		n++
		_ = l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: fmt.Sprint("more", n)})
	}); allocations > 50 { // each bucket would be one
		t.Errorf("%v allocations for one that is refused", allocations)
	}
}

// Revoking and asking at the same time, with the race detector.
func TestRevocationListUnderLoad(t *testing.T) {
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
	var wg sync.WaitGroup
	var told atomic.Int64
	stop := l.Watch(func() { told.Add(1) })
	for w := range 4 {
		wg.Go(func() {
			for i := range 1500 {
				id := fmt.Sprint(w, "-", i)
				if err := l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: id}); err != nil {
					t.Error(err)
				}
				if got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", TokenID: id}), auth.Credential{}); !got {
					t.Errorf("%s is not revoked", id)
				}
				if got, _ := l.Revoked(claims(t, auth.ClaimsData{Issuer: "https://i", TokenID: id + "x"}), auth.Credential{}); got {
					t.Errorf("%sx is revoked", id)
				}
			}
		})
	}
	wg.Wait()
	stop()
	_ = l.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "last"})
	if l.Len() != 6001 || told.Load() != 6000 {
		t.Errorf("%d revocations, told of %d", l.Len(), told.Load())
	}
}

func TestTokenDigest(t *testing.T) {
	d := auth.DigestToken(token(t, "opaque"))
	if got, err := auth.ParseTokenDigest(d.String()); got != d || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, s := range []string{"", "00", d.String() + "00", strings.Repeat("g", 64)} {
		if got, err := auth.ParseTokenDigest(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// What asking costs on every call.
func BenchmarkRevoked(b *testing.B) {
	c := claims(b, auth.ClaimsData{Issuer: "https://i", Subject: "alice", ClientID: "app", TokenID: "jti", SessionID: "sid", KeyID: "kid"})
	opaque := token(b, strings.Repeat("t", 1000))
	for name, n := range map[string]int{"none": 0, "100": 100, "100000": 100_000} {
		b.Run(name, func(b *testing.B) {
			l := revocationList(b, auth.RevocationListConfig{MaxTokenLife: time.Hour})
			for i := range n {
				_ = l.Revoke(auth.Revocation{Issuer: "https://i", Subject: fmt.Sprint(i)})
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if revoked, err := l.Revoked(c, opaque); revoked || err != nil {
						b.Fail()
					}
				}
			})
		})
	}
}
