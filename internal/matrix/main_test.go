// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/grpclog"
)

// output is everything that this process logs or writes to os.Stderr, and
// secrets is everything that was presented as a credential: at the end, the one
// must not hold any of the other.
var (
	output  syncBuffer
	secrets sync.Map
)

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))) // and package log with it
	grpclog.SetLoggerV2(grpclog.NewLoggerV2WithVerbosity(&output, &output, &output, 99))
	stderr := os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stderr = w
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.MultiWriter(&output, stderr), r)
		close(copied)
	}()
	code := m.Run()
	_ = w.Close()
	<-copied
	os.Stderr = stderr
	secrets.Range(func(secret, row any) bool {
		if strings.Contains(output.b.String(), secret.(string)) {
			fmt.Printf("FAIL: the log holds %.60q, presented in %v\n", secret, row)
			code = 1
		}
		return true
	})
	os.Exit(code)
}

// The fixture of the attack corpus.
const (
	issuerURL = "https://as.test"
	audience  = "https://rs.test"
	skew      = 60 * time.Second
	service   = "/widget.v1.WidgetService/"
)

// fixture is an authorization server, and the widget service behind one guard
// on every transport.
type fixture struct {
	*matrix.Server

	as    *authtest.Issuer
	guard *auth.Guard

	mu     sync.Mutex
	events []auth.Event
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: issuerURL, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	f := &fixture{as: as}
	iss, err := issuer.New(issuerURL, issuer.WithTransport(as.Transport()), issuer.WithObserver(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew})
	if err != nil {
		t.Fatal(err)
	}
	read := auth.Rule{AllScopes: []string{"read"}}
	f.guard, err = auth.NewGuard(v, auth.Rules{
		service + "GetWidget":     read,
		service + "WatchWidgets":  read,
		service + "ImportWidgets": read,
		service + "SyncWidgets":   read,
		service + "Ping":          {Access: auth.AccessPublic},
		service + "CreateWidget":  {AllScopes: []string{"write"}},
		// DeleteWidget has none.
	}, auth.WithObserver(f))
	if err != nil {
		t.Fatal(err)
	}
	f.Server = matrix.NewServer(t, f.guard)
	return f
}

// mint returns a token that is good for scope read, changed by options.
func (f *fixture) mint(options ...authtest.TokenOption) string {
	return f.as.Mint(append([]authtest.TokenOption{authtest.Scopes("read")}, options...)...)
}

// Observe records what the guard and the issuer report.
func (f *fixture) Observe(_ context.Context, e auth.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// takeEvents returns the events since the last time.
func (f *fixture) takeEvents() []auth.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.events
	f.events = nil
	return events
}

// answer is what a caller gets, the same on every transport.
type answer struct {
	code   codes.Code
	reason string
	// params of the one challenge, besides its realm; "none" for no challenge.
	params string
}

const noChallenge = "none"

// The outcome codes of the corpus.
const (
	OK = "OK"
	NC = "NC" // no credentials
	IR = "IR" // invalid request
	IT = "IT" // invalid token
	EX = "EX" // invalid token: expired
	IS = "IS" // insufficient scope
	MD = "MD" // no rule: method denied
	UN = "UN" // unavailable
	// transport: the transport itself refused, and nobody asked the guard.
	transport = "transport"
)

const invalidToken = `, error="invalid_token", error_description="the access token `

// answers by outcome code; SCOPE is what the rule asks for.
var answers = map[string]answer{
	NC: {codes.Unauthenticated, "CREDENTIALS_MISSING", `, scope="SCOPE"`},
	IR: {codes.Unauthenticated, "CREDENTIALS_MALFORMED", `, error="invalid_request", error_description="the authorization header must hold exactly one well-formed bearer token"`},
	IT: {codes.Unauthenticated, "TOKEN_INVALID", invalidToken + `is not valid here"`},
	EX: {codes.Unauthenticated, "TOKEN_EXPIRED", invalidToken + `has expired"`},
	IS: {codes.PermissionDenied, "SCOPE_INSUFFICIENT", `, error="insufficient_scope", error_description="the access token lacks a scope this method requires", scope="SCOPE"`},
	MD: {codes.PermissionDenied, "METHOD_DENIED", noChallenge},
	UN: {codes.Unavailable, "AUTHORITY_UNAVAILABLE", noChallenge},
}

var httpStatus = map[codes.Code]int{codes.OK: 200, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.Unavailable: 503}

// judge compares an outcome with one of the codes and returns what differs.
// scope is that of the rule; without one a challenge names none.
func judge(over matrix.Transport, o matrix.Outcome, want, scope string, handled bool) []string {
	var wrong []string
	check := func(good bool, format string, args ...any) {
		if !good {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	if want == transport {
		// What is no method here is not the guard's to decide either.
		refused := o.Transport != "" || o.Code == codes.Unimplemented
		check(refused && o.Info == nil && !o.Handled && o.Challenges == nil,
			"transport %q, HTTP %d, code %v, reason %q, handled %v", o.Transport, o.HTTPStatus, o.Code, o.Reason(), o.Handled)
		return wrong
	}
	a, status := answers[want], 200
	if over.Protocol == matrix.Connect || over.Protocol == matrix.ConnectGet {
		status = httpStatus[a.code]
	}
	check(o.Transport == "", "refused by the transport: %s", o.Transport)
	check(o.HTTPStatus == status, "HTTP status %d, want %d", o.HTTPStatus, status)
	check(o.Code == a.code, "code %v, want %v", o.Code, a.code)
	check(o.Reason() == a.reason, "reason %q, want %q", o.Reason(), a.reason)
	check(o.Handled == handled, "handled %v", o.Handled)
	var challenges []string
	if a.params != "" && a.params != noChallenge {
		params := strings.ReplaceAll(a.params, "SCOPE", scope)
		if scope == "" {
			params = strings.ReplaceAll(params, `, scope=""`, "")
		}
		challenges = []string{`Bearer realm="` + audience + `"` + params}
	}
	check(slices.Equal(o.Challenges, challenges), "leading challenges %q, want %q", o.Challenges, challenges)
	check(o.MetaChallenges == nil, "trailing challenges %q", o.MetaChallenges)
	if want != OK {
		check(o.Info.GetDomain() == rpcerror.Domain, "domain %q", o.Info.GetDomain())
		check(o.Info.GetMetadata()[rpcerror.KeyChallenge] == strings.Join(challenges, ", "), "challenge in the ErrorInfo %q", o.Info.GetMetadata()[rpcerror.KeyChallenge])
		check(strings.HasPrefix(o.Message, a.reason+": "), "message %q", o.Message)
	}
	if want == UN {
		check(o.RetryAfter() > 0 && o.RetryAfter() <= 10*time.Second, "retry after %v", o.RetryAfter())
	} else {
		check(o.Retry == nil, "retry after %v", o.RetryAfter())
	}
	return wrong
}

// opaque finds what in a header value could be a secret.
var opaque = regexp.MustCompile(`[A-Za-z0-9_-]{13,}`)

// presented returns what a call presents as credentials, and has it looked for
// in the log at the end.
func presented(row string, c matrix.Call) []string {
	var all []string
	for _, field := range slices.Concat(c.Header, c.Trailer, []matrix.Field{{Name: "query", Value: c.Query}, {Name: "body", Value: string(c.Body)}}) {
		// The beginning of a huge value is enough to know it by.
		for _, secret := range opaque.FindAllString(field.Value[:min(len(field.Value), 32<<10)], -1) {
			if secret != "authorization" && secret != "access_token" {
				secret = secret[:min(len(secret), 128)]
				all = append(all, secret)
				secrets.Store(secret, row)
			}
		}
	}
	return all
}

// leaks finds secrets in what came back and in what an operator is told.
func leaks(o matrix.Outcome, events []auth.Event, secrets []string) []string {
	var printed strings.Builder
	printed.Write(o.Bytes)
	_, _ = fmt.Fprintln(&printed, o.Message, o.Info, o.Retry)
	log := auth.SlogObserver(slog.New(slog.NewJSONHandler(&printed, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, e := range events {
		_, _ = fmt.Fprintf(&printed, "%v %+v %#v\n", e, e, e)
		log.Observe(context.Background(), e)
		for err := error(e.Error); e.Error != nil && err != nil; {
			_, _ = fmt.Fprintf(&printed, "%v %+v %#v\n", err, err, err)
			u, ok := err.(interface{ Unwrap() error })
			if !ok {
				break
			}
			err = u.Unwrap()
		}
	}
	text := printed.String()
	var found []string
	for _, s := range secrets {
		if strings.Contains(text, s) {
			found = append(found, fmt.Sprintf("%.60q came back or was reported", s))
		}
	}
	return found
}

// family is how a transport reads HTTP: grpc-go by itself, or net/http with
// HTTP/1.1 or HTTP/2.
func family(over matrix.Transport) string {
	switch {
	case over.Native() && !strings.Contains(over.Name, "ServeHTTP"):
		return "grpc-go"
	case over.HTTP2:
		return "http2"
	default:
		return "http1"
	}
}

// row is one case of a table. In except, keyed by the name of a transport or by
// its family, stands what differs where a transport refuses or rewrites what
// was sent. Several outcomes joined by "|" depend on timing.
type row struct {
	name   string
	call   func(f *fixture) matrix.Call
	want   string
	except map[string]string
}

func (r row) expected(over matrix.Transport) []string {
	want := r.want
	for _, key := range []string{family(over), over.Name} {
		if special, ok := r.except[key]; ok {
			want = special
		}
	}
	return strings.Split(want, "|")
}

// run makes each call over every transport.
func (f *fixture) run(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				f.check(t, r, over)
			}
		})
	}
}

func (f *fixture) check(t *testing.T, r row, over matrix.Transport) {
	t.Helper()
	f.takeEvents()
	c := r.call(f)
	o := f.Do(t, over, c)
	var wrong []string
	for _, want := range r.expected(over) {
		if wrong = judge(over, o, want, scopeOf(c, over), want == OK); wrong == nil {
			break
		}
	}
	if c.Query != "" && o.Code == codes.Unimplemented {
		// grpc-go tells the caller which method it does not know, and what the
		// caller wrote there.
		o.Bytes, o.Message = nil, ""
	}
	for _, w := range append(wrong, leaks(o, f.takeEvents(), presented(r.name, c))...) {
		t.Errorf("%s: %s", over.Name, w)
	}
}

// scopeOf is the scope in the rule of the method that a call reaches.
func scopeOf(c matrix.Call, over matrix.Transport) string {
	switch {
	case over.Streams() && c.Path == "", c.Method == "" && c.Path == "":
		return "read"
	case c.Method == "CreateWidget":
		return "write"
	default:
		return ""
	}
}

// fields sends these header fields; TOKEN stands for a good token.
func fields(pairs ...string) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call {
		token := f.mint()
		var header []matrix.Field
		for n := 0; n < len(pairs); n += 2 {
			header = append(header, matrix.Field{Name: pairs[n], Value: strings.ReplaceAll(pairs[n+1], "TOKEN", token)})
		}
		return matrix.Call{Header: header}
	}
}

// value sends one Authorization field.
func value(v string) func(*fixture) matrix.Call { return fields("authorization", v) }

// minted sends a token of the issuer.
func minted(options ...authtest.TokenOption) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call { return matrix.Call{Header: matrix.Bearer(f.mint(options...))} }
}

// edited sends a good token that was changed on its way.
func edited(edit func(token string) string) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call { return matrix.Call{Header: matrix.Bearer(edit(f.mint()))} }
}
