// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// TestModel runs made-up schedules of what issuers, callers, operators and time
// do, and holds all that the library did against what it may do. A schedule
// follows from its seed alone:
//
//	BEARERKIT_MODEL_SEED=17 go test -run TestModel ./auth/issuer          # this one
//	BEARERKIT_MODEL_SEED=17,100000 go test -run TestModel ./auth/issuer   # so many from there
//
// The library's jitter and the order of goroutines do not follow from it: a
// failure that does not come back at once comes back with -count=100.
func TestModel(t *testing.T) {
	first, count := seeds(t)
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for n := range count {
				synctest.Test(t, func(t *testing.T) { newWorld(t, p, first+n).run() })
				if t.Failed() {
					return // one failed schedule is enough to read
				}
			}
		})
	}
}

const seedVariable = "BEARERKIT_MODEL_SEED"

// seeds says which schedules each profile runs.
func seeds(t *testing.T) (first, count uint64) {
	t.Helper()
	if given, ok := os.LookupEnv(seedVariable); ok {
		seed, number, several := strings.Cut(given, ",")
		first, err := strconv.ParseUint(seed, 10, 64)
		if err == nil && several {
			count, err = strconv.ParseUint(number, 10, 64)
		}
		if err != nil {
			t.Fatalf("%s=%s; give a number, or the first and how many", seedVariable, given)
		}
		return first, cmp.Or(count, 1)
	}
	if testing.Short() || raceDetector() {
		return 1, 40
	}
	return 1, 300
}

// raceDetector reports whether the test was built with it, which makes it slow.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// profile is the kind of issuer and configuration that a schedule is about.
type profile struct {
	name string
	// timings are given to the library, unless they are the defaults.
	timings issuer.Timings
	// longest is how much time may pass between two actions.
	longest time.Duration
	direct  bool // the keys' URL is configured: no discovery
	seeded  bool // the library begins with seed keys
	// sometimes are other weights of actions, by name.
	sometimes map[string]int
}

// defaults are what the documentation promises.
var defaults = issuer.Timings{
	Fresh: 10 * time.Minute, MinFresh: time.Minute, MaxFresh: time.Hour, HardStop: 4 * time.Hour,
	Cooldown: 10 * time.Second, FetchTimeout: 5 * time.Second, MinBackoff: time.Second, MaxBackoff: time.Minute,
}

// short are timings with which keys reach their end within minutes.
var short = issuer.Timings{
	Fresh: 40 * time.Second, MinFresh: 20 * time.Second, MaxFresh: 3 * time.Minute, HardStop: 6 * time.Minute,
	Cooldown: 4 * time.Second, FetchTimeout: 3 * time.Second, MinBackoff: 500 * time.Millisecond, MaxBackoff: 20 * time.Second,
}

// eager are timings with a cooldown that a slow fetch outlives.
var eager = issuer.Timings{
	Fresh: 5 * time.Minute, MinFresh: time.Minute, MaxFresh: 10 * time.Minute, HardStop: 10 * time.Minute,
	Cooldown: time.Second, FetchTimeout: 4 * time.Second, MinBackoff: 3 * time.Second, MaxBackoff: 10 * time.Second,
}

var profiles = []profile{
	{name: "defaults", timings: defaults, longest: 5 * time.Hour},
	{name: "short lives", timings: short, longest: 20 * time.Minute},
	{name: "short cooldown", timings: eager, longest: 30 * time.Minute},
	{name: "seed keys", timings: short, longest: 20 * time.Minute, seeded: true},
	{name: "configured URL", timings: short, longest: 20 * time.Minute, direct: true},
	{name: "bad days", timings: short, longest: 20 * time.Minute, sometimes: map[string]int{"break": 40, "break for a while": 20, "recover": 10}},
	{name: "busy issuer", timings: short, longest: time.Minute, sometimes: map[string]int{"publish and use": 40, "remove": 25, "move": 10, "cache": 15}},
}

// action is something that happens.
type action struct {
	name   string
	weight int
	do     func(w *world)
}

var actions = []action{
	{"token", 20, func(w *world) { w.tokens(w.someKid(), 1, forever) }},
	{"tokens", 10, func(w *world) { w.tokens(w.someKid(), 2+w.rng.IntN(20), forever) }},
	{"hasty tokens", 10, func(w *world) {
		w.tokens(w.someKid(), 1+w.rng.IntN(3), w.within(5*time.Second))
		w.tokens(w.someKid(), 1, 0) // its caller has left already
	}},
	{"flood", 8, func(w *world) {
		for range 2 + w.rng.IntN(30) {
			w.tokens(w.madeUpKid(), 1, forever)
		}
		w.tokens(w.someKid(), 1, forever)
	}},
	{"all at once", 4, func(w *world) {
		w.tokens(w.someKid(), 5, forever)
		w.refresh()
		w.tokens(w.madeUpKid(), 5, w.within(time.Second))
		w.badSignatures(w.someKid(), 2)
		w.waitReady()
		w.tokens(w.someKid(), 5, forever)
	}},
	{"bad signatures", 6, func(w *world) { w.badSignatures(w.someKid(), 1+w.rng.IntN(4)) }},
	{"rotate", 6, func(w *world) { w.publish() }},
	{"publish and use", 12, func(w *world) { w.tokens(w.publish(), 1+w.rng.IntN(20), forever) }},
	{"remove", 8, func(w *world) { w.remove() }},
	{"publish again", 2, func(w *world) { w.publishAgain() }},
	{"replace", 3, func(w *world) { w.replace() }},
	{"move", 2, func(w *world) { w.move() }},
	{"break", 12, func(w *world) { w.fail(true) }},
	{"break for a while", 8, func(w *world) { w.fail(false) }},
	{"panic", 2, func(w *world) { w.panicNext() }},
	{"recover", 16, func(w *world) { w.recover() }},
	{"caching headers", 5, func(w *world) { w.setCacheControl() }},
	{"ETags", 4, func(w *world) { w.switchETags() }},
	{"cache", 4, func(w *world) { w.switchCache() }},
	{"refresh", 6, func(w *world) { w.refresh() }},
	{"distrust", 2, func(w *world) { w.distrust() }},
	{"wait until ready", 3, func(w *world) { w.waitReady() }},
	{"wait", 15, func(*world) {}},
}

// fault is how an endpoint fails, or is slow.
type fault struct {
	name string
	make func(r *rand.Rand) authtest.Fault
}

func always(f authtest.Fault) func(*rand.Rand) authtest.Fault {
	return func(*rand.Rand) authtest.Fault { return f }
}

var faults = []fault{
	{"500", always(authtest.Status(http.StatusInternalServerError))},
	{"404", always(authtest.Status(http.StatusNotFound))},
	{"204", always(authtest.Status(http.StatusNoContent))},
	{"503 with Retry-After", func(r *rand.Rand) authtest.Fault {
		return authtest.Status(http.StatusServiceUnavailable, "Retry-After", strconv.Itoa(r.IntN(100)))
	}},
	{"redirect", always(authtest.Redirect("https://issuer.test/jwks"))},
	{"hang", always(authtest.Hang())},
	{"reset", always(authtest.Reset())},
	{"{}", always(authtest.Garbage("application/json", `{}`))},
	{"empty set", always(authtest.Garbage("application/json", `{"keys":[]}`))},
	{"no usable key", always(authtest.Garbage("application/json", `{"keys":[{"kty":"oct","kid":"key-1","k":"AQ"}]}`))},
	{"HTML", always(authtest.Garbage("text/html", `<html>sign in</html>`))},
	{"cut", always(authtest.Truncate(20))},
	{"slow", func(r *rand.Rand) authtest.Fault {
		return authtest.Delay(time.Duration(r.Int64N(int64(2 * time.Second))))
	}},
	{"very slow", func(r *rand.Rand) authtest.Fault {
		return authtest.Delay(time.Duration(r.Int64N(int64(7 * time.Second))))
	}},
	{"in pieces", func(r *rand.Rand) authtest.Fault {
		return authtest.Slow(100, time.Duration(1+r.Int64N(int64(time.Second))))
	}},
}

// cacheControls are values of that header and what they say.
var cacheControls = []struct {
	header  string
	limited bool
	age     time.Duration
}{
	{"", false, 0},
	{"public, max-age=45", true, 45 * time.Second},
	{"max-age=120", true, 2 * time.Minute},
	{"max-age=1800, must-revalidate", true, 30 * time.Minute},
	{"max-age=86400", true, 24 * time.Hour},
	{"max-age=0", true, 0},
	{"no-store", true, 0},
	{"private", false, 0},
}

// world is a schedule that runs: an issuer, the library, the wire between them
// and the model that watches.
type world struct {
	model
	t    *testing.T
	seed uint64
	rng  *rand.Rand
	fake *authtest.Issuer
	lib  *issuer.Issuer

	madeUp int
	tag    int
	tagged bool
}

// forever is the limit of callers that have none.
const forever time.Duration = -1

func newWorld(t *testing.T, p profile, seed uint64) *world {
	w := &world{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, uint64(crc32.ChecksumIEEE([]byte(p.name))))), fake: fake(t, authtest.Config{})}
	w.model = model{profile: p, start: time.Now(), closed: never, path: "/jwks"}
	w.add(w.fake.KeyID())
	options := []issuer.Option{issuer.WithTransport(&wire{&w.model, w.fake.Transport()})}
	if p.timings != defaults {
		options = append(options, issuer.WithTimings(p.timings))
	}
	if p.direct {
		options = append(options, issuer.WithJWKSURL(w.fake.URL()+"/jwks"))
	}
	if p.seeded {
		options = append(options, issuer.WithSeedKeys(set(w.fake)))
		w.sets = append(w.sets, &fetch{seed: true, over: true, ok: true, keys: w.published()})
	}
	w.lib = open(t, w.fake, options...)
	return w
}

// run makes a schedule, ends it in peace or in the middle of things, and closes.
func (w *world) run() {
	total, others := 0, 0
	weights := make([]int, len(actions))
	for n, a := range actions {
		weights[n] = a.weight
		if other, ok := w.sometimes[a.name]; ok {
			weights[n] = other
			others++
		}
		total += weights[n]
	}
	if others != len(w.sometimes) {
		w.t.Fatalf("profile %q has weights of actions that do not exist", w.name)
	}
	for range 10 + w.rng.IntN(40) {
		w.pass()
		choice, n := w.rng.IntN(total), 0
		for ; choice >= weights[n]; n++ {
			choice -= weights[n]
		}
		w.note("%s", actions[n].name)
		actions[n].do(w)
		synctest.Wait()
		w.check()
	}
	if w.rng.IntN(4) > 0 {
		w.settle()
	}
	w.close()
}

// pass lets time go by: mostly moments, sometimes hours.
func (w *world) pass() {
	var most time.Duration
	switch n := w.rng.IntN(100); {
	case n < 50:
		most = time.Second
	case n < 80:
		most = 20 * time.Second
	case n < 95:
		most = 10 * time.Minute
	default:
		most = w.longest
	}
	// Everything else in a schedule lasts whole milliseconds or is random: with
	// nanoseconds, things happen at one time only if one causes the other.
	time.Sleep(w.within(most))
	synctest.Wait()
	w.check()
}

func (w *world) within(most time.Duration) time.Duration {
	return 1 + time.Duration(w.rng.Int64N(int64(min(most, w.longest))))
}

// settle is the end of a schedule in which all comes to rest: every key that is
// published is found.
func (w *world) settle() {
	w.note("settle")
	w.recover()
	w.mu.Lock()
	w.cache = nil
	w.mu.Unlock()
	time.Sleep(w.timings.MaxFresh + w.timings.MaxBackoff*2)
	synctest.Wait()
	w.check()
	for _, k := range w.published() {
		if w.distrusted(k.id, w.now()) == never {
			if got := read(w.t.Context(), w.lib, k.id); got != "found" {
				w.broken("in the end the published key %s is %s", k.id, got)
			}
		}
	}
	w.tokens(w.someKid(), 3, forever)
	synctest.Wait()
	w.check()
}

// close ends the library's work, and watches for what goes on.
func (w *world) close() {
	w.note("close")
	began := w.now()
	_ = w.lib.Close()
	w.end(began)
	w.tokens(w.someKid(), 2, forever)
	w.tokens(w.madeUpKid(), 2, forever)
	w.refresh()
	w.badSignatures(w.someKid(), 1)
	synctest.Wait()
	w.check()
	for range 2 {
		time.Sleep(w.timings.HardStop)
		w.tokens(w.someKid(), 2, forever)
		synctest.Wait()
		w.check()
	}
}

// add has the model know a key that the fake has just published.
func (w *world) add(kid string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys = append(w.keys, &jwk{id: kid, text: w.fake.PublicJWK(kid), public: w.fake.Key(kid).Public(), spans: []span{{w.now(), never}}})
}

func (w *world) publish() string {
	kid := w.fake.Rotate()
	w.note("  %s", kid)
	w.add(kid)
	w.changed()
	return kid
}

// changed gives the key set another ETag.
func (w *world) changed() {
	w.tag++
	w.setETag()
}

func (w *world) setETag() {
	tag := ""
	if w.tagged {
		tag = strconv.Quote(strconv.Itoa(w.tag))
	}
	w.fake.SetHeader(authtest.JWKS, "ETag", tag)
}

func (w *world) switchETags() {
	w.tagged = !w.tagged
	w.note("  %t", w.tagged)
	w.setETag()
}

func (w *world) withdraw(k *jwk) {
	w.note("  %s", k.id)
	w.fake.WithdrawKey(k.id)
	w.unpublish(k)
}

func (w *world) remove() {
	if list := w.published(); len(list) > 1 {
		w.withdraw(list[w.rng.IntN(len(list))])
		w.changed()
	}
}

func (w *world) publishAgain() {
	k := w.keys[w.rng.IntN(len(w.keys))]
	if k.isPublished() || slices.ContainsFunc(w.published(), func(other *jwk) bool { return other.id == k.id }) || !bytes.Equal(k.text, w.fake.PublicJWK(k.id)) {
		return
	}
	w.note("  %s", k.id)
	w.fake.PublishKey(k.id)
	w.mu.Lock()
	k.spans = append(k.spans, span{w.now(), never})
	w.mu.Unlock()
	w.changed()
}

// replace has the issuer use a key id again.
func (w *world) replace() {
	list := w.published()
	k := list[w.rng.IntN(len(list))]
	w.note("  %s", k.id)
	w.fake.ReplaceKey(k.id)
	w.unpublish(k)
	w.add(k.id)
	w.changed()
}

// move publishes other keys in another place, under the ETag of the old ones:
// what a server says of one URL is nothing about another.
func (w *world) move() {
	w.mu.Lock()
	asked := w.underWay() != nil
	w.mu.Unlock()
	if w.direct || asked { // what is asked of the old place is not answered by the new one
		return
	}
	for _, k := range w.published() {
		w.withdraw(k)
	}
	w.publish()
	w.tag--
	w.setETag()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cache = nil
	w.path = fmt.Sprintf("/keys-%d", w.now())
	w.fake.SetMetadata("jwks_uri", w.fake.URL()+w.path)
}

func (w *world) fail(lasting bool) {
	e := authtest.JWKS
	if !w.direct && w.rng.IntN(3) == 0 {
		e = authtest.Discovery
	}
	for range 1 + w.rng.IntN(3) {
		f := faults[w.rng.IntN(len(faults))]
		w.note("  %s: %s", e, f.name)
		if lasting {
			w.fake.FailAlways(e, f.make(w.rng))
			return
		}
		w.fake.Fail(e, f.make(w.rng))
	}
}

func (w *world) recover() {
	w.fake.Recover(authtest.Discovery)
	w.fake.Recover(authtest.JWKS)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panics = 0
}

func (w *world) panicNext() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panics = 1
}

func (w *world) setCacheControl() {
	c := cacheControls[w.rng.IntN(len(cacheControls))]
	w.note("  %s", c.header)
	w.fake.SetHeader(authtest.JWKS, "Cache-Control", c.header)
}

// switchCache puts a cache before the issuer, which answers with the key set as
// it is now until it is taken away.
func (w *world) switchCache() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cache != nil {
		w.cache = nil
		return
	}
	w.cache = &cached{at: w.now(), body: set(w.fake), keys: w.publishedNow(), header: http.Header{"Content-Type": {"application/json"}}}
	if w.tagged {
		w.cache.header.Set("ETag", strconv.Quote(strconv.Itoa(w.tag)))
	}
	if c := cacheControls[w.rng.IntN(len(cacheControls))]; c.header != "" {
		w.cache.header.Set("Cache-Control", c.header)
	}
}

// someKid is mostly a recent key's, published or not, and sometimes made up.
func (w *world) someKid() string {
	n := w.rng.IntN(20)
	if n == 0 {
		return w.madeUpKid()
	}
	return w.keys[max(0, len(w.keys)-1-min(n/3, w.rng.IntN(len(w.keys))))].id
}

func (w *world) madeUpKid() string {
	w.madeUp++
	return fmt.Sprint(madeUp, w.madeUp)
}

func (w *world) distrust() {
	kid := w.someKid()
	w.note("  %s", kid)
	w.mu.Lock()
	w.distrusts = append(w.distrusts, distrust{kid, w.now()})
	known := len(w.sets) > 0 && w.sets[len(w.sets)-1].has(kid) && w.distrusted(kid, w.now()-1) == never
	w.mu.Unlock()
	if found := w.lib.Distrust(kid); found != known {
		w.broken("Distrust(%s) says %t, want %t", kid, found, known)
	}
}

// tokens look up a key as tokens do, from a goroutine each.
func (w *world) tokens(kid string, n int, limit time.Duration) {
	for range n {
		w.start(&call{kind: token, kid: kid}, limit, func(ctx context.Context, c *call) {
			c.outcome = read(ctx, w.lib, kid)
		})
	}
}

func (w *world) badSignatures(kid string, n int) {
	for range n {
		w.start(&call{kind: badSignature, kid: kid}, forever, func(ctx context.Context, c *call) {
			c.outcome = "no key"
			if c.key = w.lib.Reconsider(ctx, kid, "ES256"); c.key != nil {
				c.outcome = "found"
			}
		})
	}
}

func (w *world) refresh() {
	limit := forever
	if w.rng.IntN(3) == 0 {
		limit = w.within(time.Second)
	}
	for range 1 + w.rng.IntN(3) {
		w.start(&call{kind: operator}, limit, func(ctx context.Context, c *call) {
			c.outcome = outcomeOf(w.lib.Refresh(ctx))
		})
	}
}

func (w *world) waitReady() {
	w.start(&call{kind: waiter}, w.within(5*time.Minute), func(ctx context.Context, c *call) {
		c.outcome = outcomeOf(w.lib.WaitReady(ctx))
	})
}

func outcomeOf(err error) string {
	if err != nil {
		return err.Error()
	}
	return "done"
}

// start makes a call in its own goroutine.
func (w *world) start(c *call, limit time.Duration, do func(ctx context.Context, c *call)) {
	ctx, cancel := w.t.Context(), func() {}
	c.arrived, c.deadline = w.now(), never
	if limit != forever {
		c.deadline = c.arrived + limit
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	go func() {
		defer cancel()
		done := *c
		do(ctx, &done)
		w.mu.Lock()
		defer w.mu.Unlock()
		done.answered, done.over = w.now(), true
		*c = done
	}()
}

// check ends the test if anything has happened that may not happen. All
// goroutines wait for something when it is called.
func (w *world) check() {
	w.t.Helper()
	h, keys := w.lib.Health(), w.lib.Keys()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge()
	w.judgeHealth(h, keys)
	if len(w.violations) > 0 {
		w.t.Fatalf("%s\n%s=%d, profile %q:\n%s", strings.Join(w.violations, "\n"), seedVariable, w.seed, w.name, w.journal())
	}
}

// wire is the way between the library and the issuer. It tells the model of
// every request and answer.
type wire struct {
	*model
	issuer http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &exchange{tag: r.Header.Get("If-None-Match"), path: r.URL.Path, discovery: strings.Contains(r.URL.Path, "/.well-known/")}
	w.mu.Lock()
	w.asked(x)
	if w.runsAway() {
		w.mu.Unlock()
		<-r.Context().Done() // or it would go on for ever
		return nil, r.Context().Err()
	}
	cache, path, boom := w.cache, w.path, w.panics > 0
	if boom {
		w.panics--
		x.status = "panic"
		w.failed(x)
	}
	w.mu.Unlock()
	if boom {
		panic("transport bug")
	}
	if !x.discovery {
		r = r.Clone(r.Context())
		r.URL.Path = "/gone"
		if x.path == path {
			r.URL.Path = "/jwks"
			if cache != nil {
				return w.watch(x, cache.answer(r, w.now()), cache.keys), nil
			}
		}
	}
	response, err := w.issuer.RoundTrip(r)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		x.status = err.Error()
		w.failed(x)
		return nil, err
	}
	return w.watch(x, response, w.published()), nil
}

// watch has the model told of an answer once its reader has all of it. If there
// is nothing to read because nothing has changed, these are the keys.
func (w *wire) watch(x *exchange, response *http.Response, unchanged []*jwk) *http.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	x.status = strconv.Itoa(response.StatusCode)
	x.header = response.Header
	switch {
	case response.StatusCode == http.StatusNotModified && x.tag != "":
		x.keys = unchanged
		w.succeeded(x)
	case response.StatusCode != http.StatusOK:
		x.retryAfter = wholeSeconds(response.Header.Get("Retry-After"))
		w.failed(x)
	default:
		response.Body = &watched{ReadCloser: response.Body, model: w.model, exchange: x}
	}
	return response
}

// watched is the body of an answer.
type watched struct {
	io.ReadCloser
	*model
	*exchange
	read bytes.Buffer
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if err != nil {
		b.ended(err == io.EOF)
	}
	return n, err
}

func (b *watched) Close() error {
	b.ended(false)
	return b.ReadCloser.Close()
}

func (b *watched) ended(whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.exchange.over {
		return
	}
	if b.discovery {
		whole = whole && bytes.Contains(b.read.Bytes(), []byte(`"jwks_uri"`))
	} else {
		for _, k := range b.model.keys {
			if bytes.Contains(b.read.Bytes(), k.text) {
				b.exchange.keys = append(b.exchange.keys, k)
			}
		}
		whole = whole && len(b.exchange.keys) > 0
	}
	if whole {
		b.succeeded(b.exchange)
	} else {
		b.exchange.status += " unusable"
		b.failed(b.exchange)
	}
}

// cached is an answer of the issuer that a cache before it keeps.
type cached struct {
	at     time.Duration
	body   []byte
	keys   []*jwk
	header http.Header
}

func (c *cached) answer(r *http.Request, now time.Duration) *http.Response {
	response := &http.Response{StatusCode: http.StatusOK, Header: c.header.Clone(), Request: r, Body: io.NopCloser(bytes.NewReader(c.body))}
	response.Header.Set("Age", strconv.Itoa(int((now-c.at)/time.Second)))
	if tag := c.header.Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
		response.StatusCode, response.Body = http.StatusNotModified, http.NoBody
	}
	return response
}

// model knows what has happened, from the wire and the callers, and says what
// may: it is given no more than the documentation and sees nothing of the
// library's inside. All times are since the start; at one and the same time,
// things may have happened in any order.
type model struct {
	profile
	start time.Time

	mu sync.Mutex
	// The issuer, as it is.
	keys   []*jwk
	path   string // of the key set
	cache  *cached
	panics int // as many requests panic
	// What has happened.
	fetches   []*fetch
	sets      []*fetch // those that brought keys, with the seed before them
	calls     []*call  // not judged yet, apart from those before them
	distrusts []distrust
	closed    time.Duration
	silent    bool // Close has returned
	notes     []note
	// The metadata that the library has.
	metadata      bool
	metadataRead  time.Duration
	metadataStale bool
	reading       *fetch        // that began to read them, while they are read
	readingEnded  time.Duration // when they last were, or were not

	explained  int // fetches
	compared   int // fetches, as to what they asked
	judged     []*call
	violations []string
}

// never is a time that has not come.
const never time.Duration = -1

// jwk is a key that the issuer has or had.
type jwk struct {
	id     string
	text   []byte
	public crypto.PublicKey
	spans  []span // when it was published
}

type span struct{ from, until time.Duration }

type distrust struct {
	kid string
	at  time.Duration
}

type note struct {
	at   time.Duration
	text string
}

// exchange is one request and its answer.
type exchange struct {
	discovery  bool
	path       string
	tag        string // that was asked about
	began      time.Duration
	over       bool
	status     string
	header     http.Header
	keys       []*jwk
	retryAfter time.Duration
}

// fetch is one or two requests for metadata, if need be, and one for keys.
type fetch struct {
	seed         bool
	exchanges    []*exchange
	began, ended time.Duration
	earliest     time.Duration // if it began with waiting for another's metadata
	over, ok     bool
	causes       cause
	// What the library had of metadata when it began.
	metadata, stale bool
	age             time.Duration
	// mayAsk is the validator that it may ask about.
	mayAsk string
	// If it failed.
	failures   int // in a row, with this one
	retryAfter time.Duration
	// If it brought keys.
	keys      []*jwk
	path, tag string
	whole     time.Duration // when the answer was last read in full
	asked     time.Duration // the answer is not older
	aged      bool          // it came from a cache
	fresh     time.Duration
}

// cause is why a fetch may have been made; there can be several.
type cause uint8

const (
	itWasTime cause = 1 << iota
	anOperator
	noKeys
	anUnknownKey
	aBadSignature
)

// call is somebody's call of the library.
type call struct {
	kind              kind
	kid               string
	arrived, answered time.Duration
	deadline          time.Duration
	over              bool
	outcome           string
	key               crypto.PublicKey // of a bad signature
	spent             bool             // an operator's own fetch is made
}

type kind string

const (
	token        kind = "token"
	badSignature kind = "bad signature"
	operator     kind = "refresh"
	waiter       kind = "wait until ready"
	madeUp            = "made-up-"
)

func (m *model) now() time.Duration { return time.Since(m.start) }

func (m *model) note(format string, args ...any) {
	m.notes = append(m.notes, note{m.now(), fmt.Sprintf(format, args...)})
}

func (m *model) broken(format string, args ...any) {
	m.violations = append(m.violations, fmt.Sprintf(format, args...))
}

func (k *jwk) isPublished() bool { return k.spans[len(k.spans)-1].until == never }

func (m *model) published() []*jwk {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.publishedNow()
}

func (m *model) publishedNow() []*jwk {
	return slices.DeleteFunc(slices.Clone(m.keys), func(k *jwk) bool { return !k.isPublished() })
}

func (m *model) unpublish(k *jwk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k.spans[len(k.spans)-1].until = m.now()
}

// wasPublished reports whether one key with this id was published all the time.
func (m *model) wasPublished(kid string, from, to time.Duration) bool {
	return slices.ContainsFunc(m.keys, func(k *jwk) bool {
		return k.id == kid && slices.ContainsFunc(k.spans, func(s span) bool {
			return s.from <= from && (s.until == never || s.until > to)
		})
	})
}

// distrusted returns when a key was first distrusted, if it was by then.
func (m *model) distrusted(kid string, by time.Duration) time.Duration {
	for _, d := range m.distrusts {
		if d.kid == kid && d.at <= by {
			return d.at
		}
	}
	return never
}

func wholeSeconds(s string) time.Duration {
	n, _ := strconv.Atoi(s)
	return time.Duration(n) * time.Second
}

// last returns the latest fetch, or nil.
func (m *model) last() *fetch {
	if len(m.fetches) == 0 {
		return nil
	}
	return m.fetches[len(m.fetches)-1]
}

// underWay returns the fetch that is not over, or nil.
func (m *model) underWay() *fetch {
	if f := m.last(); f != nil && !f.over {
		return f
	}
	return nil
}

// What the documentation says of metadata: they are read again after an hour, if
// keys could not be fetched, and if an unknown key or an operator says that they
// may have changed; who has older ones waits for newer for a part of the time
// that a fetch has.
const (
	metadataLife  = time.Hour
	metadataDoubt = time.Minute
)

func (m *model) patience() time.Duration { return m.timings.FetchTimeout / 5 }

// asked takes note of a request. There is one fetch at a time, and one reader of
// metadata.
func (m *model) asked(x *exchange) {
	x.began = m.now()
	if m.silent {
		m.broken("%s was asked for after Close", x.path)
	}
	f := m.underWay()
	switch {
	case x.discovery && m.reading != nil:
		f = m.reading
		if first := f.exchanges[0]; !first.over || first.status != "404" || slices.ContainsFunc(f.exchanges[1:], (*exchange).isDiscovery) {
			m.broken("%s was asked for after %s (%s)", x.path, first.path, first.status)
		}
	case x.discovery:
		if f != nil {
			m.broken("%s was asked for in the middle of a fetch", x.path)
		}
		f = m.begin(x.began)
		m.reading = f
	case f == nil:
		f = m.begin(x.began)
		// It may have waited for metadata that another has begun to read.
		if waited := x.began - m.patience(); m.reading != nil || m.readingEnded >= waited {
			f.earliest = max(0, waited)
			if n := len(m.fetches); n > 1 {
				f.earliest = max(f.earliest, m.fetches[n-2].ended)
			}
		}
	default:
		limit := f.began + m.patience()
		read := m.reading == nil && x.began == m.readingEnded && (x.began <= limit || !f.metadata)
		if waited := f.metadata && x.began == limit; !read && !waited || slices.ContainsFunc(f.exchanges, (*exchange).isKeys) {
			m.broken("%s was asked for in the middle of a fetch", x.path)
		}
	}
	f.exchanges = append(f.exchanges, x)
	if x.discovery || len(m.sets) == 0 {
		return
	}
	// Only what the same place has said of the keys in use is asked about, now and
	// then the whole answer is read, and always if something went wrong before.
	last := m.sets[len(m.sets)-1]
	if n := len(m.fetches); last.path == x.path && x.began-last.whole < m.timings.MaxFresh && n > 1 && m.fetches[n-2].ok {
		f.mayAsk = last.tag
	}
}

func (x *exchange) isDiscovery() bool { return x.discovery }
func (x *exchange) isKeys() bool      { return !x.discovery }

func (m *model) begin(now time.Duration) *fetch {
	f := &fetch{began: now, earliest: now, metadata: m.metadata, stale: m.metadataStale, age: now - m.metadataRead}
	m.fetches = append(m.fetches, f)
	return f
}

// compare looks at what a fetch has asked for, once it is over.
func (m *model) compare(f *fetch) {
	if f.earliest == f.began && !m.direct {
		doubt := f.age >= metadataDoubt
		must := !f.metadata || f.stale || f.age >= metadataLife || doubt && f.causes&^(anUnknownKey|anOperator) == 0
		may := must || doubt && f.causes&(anUnknownKey|anOperator) != 0
		if read := f.exchanges[0].discovery; read && !may || !read && must {
			m.broken("the fetch at %v read the metadata: %t", f.began, read)
		}
	}
	for _, x := range f.exchanges {
		if x.discovery {
			if m.direct {
				m.broken("metadata were read at %v", x.began)
			}
			continue
		}
		whole := x.tag == "" && f.causes&anOperator != 0
		if x.tag != f.mayAsk && !whole || x.tag != "" && f.causes == anOperator {
			m.broken("at %v, %s was asked for with If-None-Match %s, want %s", x.began, x.path, x.tag, f.mayAsk)
		}
	}
}

// runsAway reports whether there is one fetch after another at one time.
func (m *model) runsAway() bool {
	n := len(m.fetches) - 100
	return n >= 0 && m.fetches[n].began == m.now()
}

func (m *model) succeeded(x *exchange) {
	now := m.now()
	x.over = true
	if x.discovery {
		m.metadata, m.metadataRead, m.metadataStale = true, now, false
		m.reading, m.readingEnded = nil, now
		return
	}
	f := m.last()
	age := wholeSeconds(x.header.Get("Age"))
	f.over, f.ok, f.ended = true, true, now
	f.keys, f.path, f.tag, f.whole = x.keys, x.path, x.header.Get("ETag"), x.began
	if x.status == "304" {
		f.whole = m.sets[len(m.sets)-1].whole
	}
	if f.asked = x.began; x.header.Get("Age") != "" {
		f.asked, f.aged = x.began-age-time.Second, true // it is cut to whole seconds
	}
	f.fresh = m.timings.Fresh
	for _, c := range cacheControls {
		if c.header == x.header.Get("Cache-Control") && c.limited {
			f.fresh = min(max(c.age-age, m.timings.MinFresh), m.timings.MaxFresh)
		}
	}
	m.sets = append(m.sets, f)
}

func (m *model) failed(x *exchange) {
	x.over = true
	f := m.last()
	if !x.discovery {
		m.metadataStale = m.metadataStale || x.status != "panic"
		m.fail(f, x.retryAfter)
		return
	}
	if x.status == "404" && !slices.ContainsFunc(m.reading.exchanges[1:], (*exchange).isDiscovery) {
		return // there is a second place
	}
	m.reading, m.readingEnded = nil, m.now()
	if !m.metadata { // or older ones do
		m.fail(f, x.retryAfter)
	}
}

func (m *model) fail(f *fetch, retryAfter time.Duration) {
	f.over, f.ended, f.retryAfter = true, m.now(), retryAfter
	f.failures = 1
	if n := len(m.fetches); n > 1 {
		f.failures += m.fetches[n-2].failures
	}
}

// end takes note that Close has returned.
func (m *model) end(called time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.silent = called, true
	if m.now() != called {
		m.broken("Close took %v", m.now()-called)
	}
	for _, f := range m.fetches {
		for _, x := range f.exchanges {
			if !x.over {
				m.broken("Close returned while %s was asked for", x.path)
			}
		}
	}
	if f := m.underWay(); f != nil {
		m.fail(f, 0)
	}
}

// slack is what rounding may add to a time.
const slack = time.Microsecond

// next returns when the library fetches again by itself, between two times.
// Before the first of them, nobody but an operator may have it fetch after a
// failure.
func (m *model) next(f *fetch) (from, to time.Duration) {
	if f.ok {
		return f.ended + f.fresh*76/100 - slack, f.ended + f.fresh*84/100 + slack
	}
	delay := m.timings.MinBackoff
	for n := 1; n < f.failures && delay < m.timings.MaxBackoff; n++ {
		delay *= 2
	}
	delay = min(delay, m.timings.MaxBackoff)
	asked := min(f.retryAfter, m.timings.MaxBackoff)
	return f.ended + max(delay*8/10, asked) - slack, f.ended + max(delay*12/10, asked) + slack
}

// held returns the key sets in use from one time to another, in order, and
// whether for some time there was none.
func (m *model) held(from, to time.Duration) (sets []*fetch, none bool) {
	for _, s := range slices.Backward(m.sets) {
		if s.ended > to {
			continue
		}
		sets = append(sets, s)
		// At the very time when it came, those before may have been in use.
		if s.ended < from || s.seed {
			slices.Reverse(sets)
			return sets, false
		}
	}
	slices.Reverse(sets)
	return sets, true
}

func (f *fetch) has(kid string) bool {
	return slices.ContainsFunc(f.keys, func(k *jwk) bool { return k.id == kid })
}

// stop returns when the keys may not be used any more.
func (m *model) stop(set *fetch) time.Duration { return set.ended + m.timings.HardStop }

// judge looks at what has happened since the last time.
func (m *model) judge() {
	for ; m.explained < len(m.fetches); m.explained++ {
		m.explain(m.explained)
	}
	for ; m.compared < len(m.fetches) && m.fetches[m.compared].over; m.compared++ {
		m.compare(m.fetches[m.compared])
	}
	now := m.now()
	if f := m.underWay(); f != nil && m.reading == nil && f.exchanges[len(f.exchanges)-1].over {
		m.broken("the fetch since %v does nothing", f.began)
	}
	waiting := m.calls[:0]
	for _, c := range m.calls {
		switch {
		case !c.over && c.deadline != never && now > c.deadline:
			m.broken("not answered within its deadline: %s", c)
		case !c.over && c.kind != waiter && m.underWay() == nil && m.reading == nil:
			m.broken("waits for nothing: %s", c)
		case !c.over && m.silent:
			m.broken("still waits although the library is closed: %s", c)
		case c.over:
			m.judgeCall(c)
			m.judged = append(m.judged, c)
			continue
		}
		waiting = append(waiting, c)
	}
	clear(m.calls[len(waiting):])
	m.calls = waiting
	if f := m.last(); f != nil && f.over && m.closed == never {
		_, to := m.next(f)
		if m.reading != nil {
			to += m.patience()
		}
		if now > to {
			m.broken("no fetch at %v, when it was time", to)
		}
	}
}

// explain finds out why a fetch was made. There must be a reason, and its budget
// must allow it.
func (m *model) explain(n int) {
	f := m.fetches[n]
	first, last := f.earliest, f.began
	at := func(t time.Duration) bool { return first <= t && t <= last }
	var before *fetch
	patient := true // the wait after a failure is over
	if n > 0 {
		before = m.fetches[n-1]
		from, to := m.next(before)
		patient = before.ok || last >= from
		if last >= from && first <= to {
			f.causes |= itWasTime
		}
	}
	sets, none := m.held(first, last)
	lacking := func(kid string) bool {
		return none || m.distrusted(kid, last) != never || slices.ContainsFunc(sets, func(s *fetch) bool { return !s.has(kid) })
	}
	needy := none || slices.ContainsFunc(sets, func(s *fetch) bool { return s.seed || last >= m.stop(s) })
	missed := m.paid(n, anUnknownKey, m.timings.Cooldown)
	forged := m.paid(n, aBadSignature, 5*time.Minute)
	var operated *call
	calls := m.calls
	if first < last { // whoever began it may have left before it showed
		calls = slices.Concat(m.judged, m.calls)
	}
	for _, c := range calls {
		if c.arrived > last || c.over && c.answered < first {
			continue
		}
		woken := before != nil && at(before.ended)
		acts := at(c.arrived) || woken
		switch c.kind {
		case operator:
			// It goes on after a fetch that began before it came, if no other has begun
			// since.
			if !c.spent && (at(c.arrived) || woken && c.arrived > before.earliest) {
				f.causes |= anOperator
				operated = c
			}
		case token:
			if patient && acts && lacking(c.kid) && !missed {
				f.causes |= anUnknownKey
			}
			if patient && acts && needy {
				f.causes |= noKeys
			}
		case waiter:
			if patient && needy {
				f.causes |= noKeys
			}
		case badSignature:
			if patient && at(c.arrived) && !forged {
				f.causes |= aBadSignature
			}
		}
	}
	switch f.causes {
	case 0:
		m.broken("over budget: a fetch at %v that nothing explains", f.began)
	case anOperator:
		operated.spent = first == last // or it may have been another's
	}
}

// paid reports whether a fetch that was made for this cause, and for certain no
// other, leaves nothing for another one yet. For unknown keys, failed ones do
// not count.
func (m *model) paid(n int, why cause, cooldown time.Duration) bool {
	t := m.fetches[n].began
	for _, f := range slices.Backward(m.fetches[:n]) {
		if t-f.earliest >= cooldown {
			return false
		}
		if f.causes == why && (f.ok || why != anUnknownKey) {
			return true
		}
	}
	return false
}

// excused reports whether nothing could be fetched for a call: the library is
// closed, or waits because a fetch failed.
func (m *model) excused(c *call) bool {
	if m.closed != never && m.closed <= c.answered {
		return true
	}
	for _, f := range slices.Backward(m.fetches) {
		if !f.over || f.ended > c.answered {
			continue
		}
		if _, to := m.next(f); !f.ok && c.answered <= to {
			return true
		}
		if f.ended < c.answered {
			return false
		}
	}
	return false
}

// cooling reports whether a fetch for an unknown key leaves none for a call that
// came later.
func (m *model) cooling(c *call) bool {
	for _, f := range slices.Backward(m.fetches) {
		if c.answered-f.began >= m.timings.Cooldown {
			return false
		}
		if f.ok && f.ended <= c.answered && f.causes&anUnknownKey != 0 && (f.earliest < c.arrived || f.aged) {
			return true
		}
	}
	return false
}

func (m *model) judgeCall(c *call) {
	if c.deadline != never && c.answered > c.deadline {
		m.broken("answered after its deadline: %s", c)
	}
	var wrong string
	switch c.kind {
	case token:
		wrong = m.judgeToken(c)
	case badSignature:
		wrong = m.judgeBadSignature(c)
	case operator:
		wrong = m.judgeOperator(c)
	case waiter:
		wrong = m.judgeWaiter(c)
	}
	if wrong != "" {
		m.broken("%s: %s", wrong, c)
	}
}

// view is what a call could see of a key between its arrival and its answer.
type view struct {
	always  bool // it was known all the time
	there   bool // it was known for some time
	lacking bool // it was not, for some time, although there were keys
	dead    bool // for some time there were no keys
	final   bool // a key set that was asked for after the call arrived lacks it
	arrived bool // the call waited, and at its end the key was there
	late    bool // and before
	trusted bool // it was not distrusted all the time
	known   []*jwk
}

func (m *model) view(c *call) view {
	distrusted := m.distrusted(c.kid, c.answered)
	sets, none := m.held(c.arrived, c.answered)
	v := view{always: !none && distrusted == never, dead: none, trusted: distrusted == never || distrusted >= c.arrived}
	for n, s := range sets {
		to := c.answered
		if n+1 < len(sets) {
			to = sets[n+1].ended
		}
		if to >= m.stop(s) {
			v.dead, v.always = true, false
		}
		if max(c.arrived, s.ended) >= m.stop(s) {
			continue
		}
		if !s.has(c.kid) {
			v.lacking, v.always = true, false
			v.final = v.final || !s.seed && s.asked >= c.arrived
			continue
		}
		for _, k := range s.keys {
			if k.id == c.kid && v.trusted {
				v.known, v.there = append(v.known, k), true
			}
		}
		if distrusted == never && s.ended > c.arrived {
			v.arrived = v.arrived || s.ended == c.answered && s.began < c.answered
			v.late = v.late || s.ended < c.answered
		}
	}
	return v
}

// judgeToken says what is wrong with the answer to a token.
func (m *model) judgeToken(c *call) string {
	v := m.view(c)
	hasty := c.deadline != never && c.answered >= c.deadline
	switch {
	case v.always && c.outcome != "found":
		return "its key was known all the time"
	case v.always && c.answered != c.arrived:
		return "waited for a key that was known"
	case v.late, v.arrived && !hasty && c.outcome != "found":
		return "its key arrived while it waited"
	case !v.trusted && !v.dead && (c.outcome != "unknown" || c.answered != c.arrived):
		return "its key is distrusted"
	}
	switch c.outcome {
	case "found":
		if !v.there {
			return "its key was not there, was removed, distrusted, or past the hard stop"
		}
	case "unknown":
		distrusted := m.distrusted(c.kid, c.answered)
		if !v.final && distrusted == never {
			return "no key set that was asked for later lacks its key"
		}
		if distrusted == never && m.wasPublished(c.kid, c.arrived, c.answered) {
			return "its key is published"
		}
	case "not known yet":
		if !v.lacking {
			return "its key was there"
		}
		if !m.excused(c) && !m.cooling(c) {
			return "nothing was fetched for it, although the budget allows it"
		}
	case "unavailable":
		if !hasty && !(v.dead && m.excused(c)) {
			return "there were keys, or could have been"
		}
	default:
		return "no answer anybody expects"
	}
	return ""
}

// judgeBadSignature says what is wrong with the key that is offered instead.
func (m *model) judgeBadSignature(c *call) string {
	v := m.view(c)
	if c.key == nil && v.always {
		return "its key was known all the time"
	}
	if c.key != nil && !slices.ContainsFunc(v.known, func(k *jwk) bool { return same(k.public, c.key) }) {
		return "its key was not there, was removed, distrusted, or past the hard stop"
	}
	return ""
}

func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// judgeOperator says what is wrong with the answer to Refresh.
func (m *model) judgeOperator(c *call) string {
	var succeeded, failed bool
	for _, f := range m.fetches {
		if f.over && f.ended <= c.answered && f.ended >= c.arrived && f.began >= c.arrived {
			succeeded = succeeded || f.ok
			failed = failed || !f.ok
		}
	}
	closed := m.closed != never && m.closed <= c.answered
	hasty := c.deadline != never && c.answered >= c.deadline
	switch {
	case c.outcome == "done" && !succeeded:
		return "nothing was fetched for the operator"
	case c.outcome != "done" && !failed && !closed && !hasty:
		return "the operator's own fetch has not failed"
	}
	return ""
}

// judgeWaiter says what is wrong with the answer to WaitReady.
func (m *model) judgeWaiter(c *call) string {
	now, without := m.usable(c.answered)
	then, _ := m.usable(c.arrived)
	closed := m.closed != never && m.closed <= c.answered
	switch {
	case then && !without && c.outcome != "done":
		return "there were keys when it came"
	case then && c.answered != c.arrived:
		return "it waited although there were keys"
	case c.outcome == "done" && !now:
		return "there are no keys"
	case c.outcome != "done" && c.answered != c.deadline && !closed && !without:
		return "it gave up"
	}
	return ""
}

// usable reports whether there are keys, and whether all of them are distrusted.
func (m *model) usable(at time.Duration) (some, distrusted bool) {
	sets, _ := m.held(at, at)
	for _, s := range sets {
		if at >= m.stop(s) {
			continue
		}
		if len(m.trusted(s, at)) > 0 {
			some = true
		} else {
			distrusted = true
		}
	}
	return some, distrusted
}

// trusted returns the keys of a set without those that are distrusted by then.
func (m *model) trusted(s *fetch, by time.Duration) []*jwk {
	return slices.DeleteFunc(slices.Clone(s.keys), func(k *jwk) bool { return m.distrusted(k.id, by) != never })
}

// judgeHealth compares what the library says of itself.
func (m *model) judgeHealth(h issuer.Health, keys []issuer.Key) {
	now := m.now()
	var want issuer.Health
	if n := len(m.fetches); n > 0 {
		f := m.fetches[n-1]
		if !f.over && n > 1 {
			f = m.fetches[n-2]
		}
		want.Failures = f.failures
	}
	var expected []*jwk
	if n := len(m.sets); n > 0 {
		s := m.sets[n-1]
		want.HardStop = m.start.Add(m.stop(s))
		if !s.seed {
			want.LastSuccess = m.start.Add(s.ended)
		}
		if now < m.stop(s) {
			expected = m.trusted(s, now)
		}
		if len(expected) > 0 {
			want.State = issuer.Degraded
			if !s.seed && now < s.ended+s.fresh {
				want.State = issuer.Ready
			}
		}
	}
	want.Keys = len(expected)
	if m.silent { // it may have ended one more
		want.Failures = h.Failures
	}
	if h.State != want.State || h.Keys != want.Keys || h.Failures != want.Failures || !m.silent && (h.LastError != nil) != (want.Failures > 0) ||
		!h.LastSuccess.Equal(want.LastSuccess) || !h.HardStop.Equal(want.HardStop) {
		m.broken("at %v, health is %+v, want %+v", now, h, want)
	}
	for _, k := range expected {
		if !slices.ContainsFunc(keys, func(other issuer.Key) bool { return k.id == other.ID && same(k.public, other.Public) }) {
			m.broken("at %v, %s is not among the keys %v", now, k.id, keys)
		}
	}
	if len(keys) != len(expected) {
		m.broken("at %v, there are %d keys in use, want %d", now, len(keys), len(expected))
	}
}

func (c *call) String() string {
	s := fmt.Sprintf("%s %s at %v", c.kind, c.kid, c.arrived)
	if c.deadline != never {
		s += fmt.Sprintf(" until %v", c.deadline)
	}
	if c.over {
		s += fmt.Sprintf(": %s at %v", c.outcome, c.answered)
	}
	return s
}

// journal tells what has happened, in order.
func (m *model) journal() string {
	list := slices.Clone(m.notes)
	for _, f := range m.fetches {
		text := fmt.Sprintf("    fetch since %v (causes %05b):", f.began, f.causes)
		for _, x := range f.exchanges {
			text += fmt.Sprintf(" %s %s %s,", x.path, x.tag, cmp.Or(x.status, "..."))
		}
		for _, k := range f.keys {
			text += " " + k.id
		}
		at := f.ended
		if !f.over {
			at = m.now()
		}
		list = append(list, note{at, text})
	}
	// Those of a flood are one line.
	floods := make(map[string]int)
	for _, c := range slices.Concat(m.judged, m.calls) {
		line := *c
		if strings.HasPrefix(c.kid, madeUp) {
			line.kid = "made up"
		}
		floods[line.String()]++
		if floods[line.String()] == 1 {
			list = append(list, note{c.arrived, line.String()})
		}
	}
	slices.SortStableFunc(list, func(a, b note) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	for _, n := range list {
		fmt.Fprintf(&b, "%-20v %s", n.at, n.text)
		if floods[n.text] > 1 {
			fmt.Fprintf(&b, " (%d times)", floods[n.text])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
