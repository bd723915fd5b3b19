// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// What a look-up reads is laid out in lines of 64 bytes, and what a token takes is
// counted.
func TestLayout(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("sizes are those of 64-bit machines")
	}
	const line = lineSize
	for _, room := range []int64{1, 20, 22, 23, 30, 256, 1000, firstRoom, firstRoom * growth, 1 << 16} {
		if at := uintptr(unsafe.Pointer(&newBuckets[Claims](room).list[0])); at%line != 0 {
			t.Errorf("of %d entries, every bucket is in two lines", room)
		}
	}
	var e cacheEntry[Claims]
	for name, tc := range map[string]struct{ got, most uintptr }{
		"a bucket":                  {unsafe.Sizeof(bucket[Claims]{}), line},
		"what is read of an entry":  {unsafe.Offsetof(e.known) + unsafe.Offsetof(e.known.issuer), 2 * line},
		"an entry, in memory":       {unsafe.Sizeof(e), 6 * line},
		"claims that nobody caches": {unsafe.Sizeof(e.known), 320},
	} {
		if tc.got > tc.most {
			t.Errorf("%s has %d bytes, and %d at most", name, tc.got, tc.most)
		}
	}
}

// Data gives back what claims were made of.
func TestData(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 250_000_001) }
	full := ClaimsData{
		Issuer: "https://i", Subject: "subject", ClientID: "client", Principal: PrincipalUser, TokenID: "jti", SessionID: "sid",
		Tenant: "tenant", User: "user", Roles: []string{"a", "b"}, ACR: "2", AuthTime: at(1), KeyID: "kid",
		Audiences: []string{"x", "y"}, Scopes: []string{"r", "w"}, IssuedAt: at(2), NotBefore: at(-3), Expiry: at(4),
		Deadline: at(5), FreshUntil: at(6), StaleUntil: at(7), ConfirmedAt: at(8), Payload: []byte(`{"sub":"subject"}`), Custom: 7,
	}
	least := ClaimsData{Issuer: "https://i", Deadline: at(5)}
	fresh := least
	fresh.FreshUntil = fresh.Deadline
	for name, want := range map[string]ClaimsData{"everything": full, "the least": least, "fresh until the deadline": fresh} {
		unmarshal, holds := func([]byte, any) error { return nil }, func(time.Time) bool { return true }
		want.Unmarshal, want.Holds = unmarshal, holds
		claims, err := NewClaims(want)
		if err != nil {
			t.Fatal(err)
		}
		got := claims.Data()
		if got.Unmarshal == nil || got.Holds == nil {
			t.Errorf("%s: functions are gone", name)
		}
		got.Unmarshal, got.Holds, want.Unmarshal, want.Holds = nil, nil, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Strings that are in the payload are parts of it, and others are themselves.
func TestPartsOfThePayload(t *testing.T) {
	grants = newLists() // of what other tests grant
	payload := `{"sub":"somebody","jti":"a-\u0062","scope":"read write","sid":""}`
	claims, err := NewClaims(ClaimsData{
		Issuer: "https://i", Deadline: time.Now(), Payload: []byte(payload), Unmarshal: func([]byte, any) error { return nil },
		Subject: "somebody", TokenID: "a-b", Scopes: []string{"write", "read", "admin"}, User: "body", Roles: []string{"some"},
	})
	if err != nil {
		t.Fatal(err)
	}
	within := func(s string) bool {
		from, p := uintptr(unsafe.Pointer(unsafe.StringData(claims.payload))), uintptr(unsafe.Pointer(unsafe.StringData(s)))
		return p >= from && p+uintptr(len(s)) <= from+uintptr(len(claims.payload))
	}
	for _, tc := range []struct {
		got, want string
		within    bool
	}{
		{claims.Subject(), "somebody", true},
		{claims.TokenID(), "a-b", false},
		{strings.Join(claims.Scopes(), " "), "write read admin", false},
		{claims.Scopes()[0], "write", true},
		{claims.Scopes()[2], "admin", false},
		{claims.User(), "body", true},
		{claims.Roles()[0], "some", true},
	} {
		if tc.got != tc.want || within(tc.got) != tc.within {
			t.Errorf("%q, within the payload %v; want %q, %v", tc.got, within(tc.got), tc.want, tc.within)
		}
	}
	if claims.own != uint32(len("a-b")+len("admin")) {
		t.Errorf("%d bytes of its own", claims.own)
	}
}

// Times are what they were, also those that no clock shows.
func TestInstant(t *testing.T) {
	for _, want := range []time.Time{
		{},
		time.Unix(0, 0),
		time.Unix(1_700_000_000, 123_456_789),
		time.Unix(-1, 999_999_999),
		time.Unix(253_402_300_799, 0), // the end of the year 9999
		time.Unix(1<<53, 0),
		time.Unix(-1<<53, 1),
	} {
		if got := instantOf(want).time(); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%v becomes %v", want, got)
		}
	}
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What a token brings is counted, also if no payload has it.
func TestAudiencesAreCounted(t *testing.T) {
	var audiences []string
	for range 100 {
		audiences = append(audiences, strings.Repeat("a", 10_000))
	}
	c, err := NewClaims(ClaimsData{Issuer: "https://i", Deadline: time.Now(), Audiences: audiences})
	if err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(c); size < 1_000_000 {
		t.Errorf("%d bytes are counted for a megabyte of audiences", size)
	}
}

// A revocation keeps what it is about, and not the payload that this is a part of.
func TestRevocationsKeepNoPayload(t *testing.T) {
	const n = 500
	list, err := NewRevocationList(RevocationListConfig{MaxTokenLife: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range n {
		id := fmt.Sprint("jti-", i)
		c, err := NewClaims(ClaimsData{
			Issuer: "https://i", TokenID: id, Deadline: time.Now(),
			Payload: fmt.Appendf(nil, `{"jti":%q,"more":%q}`, id, strings.Repeat("x", 10_000)), Unmarshal: func([]byte, any) error { return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := list.Revoke(Revocation{Issuer: c.Issuer(), TokenID: c.TokenID()}); err != nil {
			t.Fatal(err)
		}
	}
	if taken := (heap() - before) / n; taken > 1000 {
		t.Errorf("%d bytes for a revocation", taken)
	}
	runtime.KeepAlive(list)
}

// Scopes that a handler makes of what its caller sent do not stay.
func TestPrebuiltKeepsLittle(t *testing.T) {
	g := new(Guard)
	before := heap()
	for n := range 600 {
		scope := []string{fmt.Sprint(n, strings.Repeat("x", 50_000))}
		e := insufficientScope(CheckHandlerScopes, scope, scope)
		_ = Prebuilt(g, e, func() *[]string { c := g.Challenges(e); return &c })
	}
	if after := heap(); after > before+5<<20 {
		t.Errorf("%d bytes are kept", after-before)
	}
	runtime.KeepAlive(g)
}

// A token takes about as many bytes as its entry says, with its place in the table.
func TestSizeOfAnEntry(t *testing.T) {
	const n = 4096
	audience := []string{"https://widgets.example.com"}
	verify := VerifierFunc(func(_ context.Context, c Credential) (*Claims, error) {
		subject := "subject-" + strings.Clone(c.Token())
		return NewClaims(ClaimsData{
			Issuer: "https://i", Subject: subject, Audiences: audience, Scopes: []string{"widgets.read", "widgets.write"},
			Deadline: time.Now().Add(time.Hour), FreshUntil: time.Now().Add(time.Hour),
			Payload: fmt.Appendf(nil, `{"sub":%q,"scope":"widgets.read widgets.write","more":%q}`, subject, strings.Repeat("x", 300)), Unmarshal: func([]byte, any) error { return nil },
		})
	})
	cache, err := Cached(verify, CacheConfig{Entries: n})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range n {
		credential, err := NewBearer(fmt.Sprintf("token-%06d", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Verify(t.Context(), credential); err != nil {
			t.Fatal(err)
		}
	}
	taken := float64(heap()-before) / n
	counted := float64(cache.claims.bytes.Load()) / float64(cache.claims.entries.Load())
	runtime.KeepAlive(cache)
	// Sizes are rounded up to those of the allocator.
	if taken < 0.8*counted || taken > 1.25*counted {
		t.Errorf("a token takes %.0f bytes, and %.0f are counted", taken, counted)
	}
}
