// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// challengeAudience is also the realm where no other is configured.
const challengeAudience = "https://rs.test"

// foundChallenge is a challenge as the oracle found it.
type foundChallenge struct {
	Scheme     string            `json:"scheme"`
	Parameters map[string]string `json:"parameters"`
	Token68    string            `json:"token68"`
}

// foundChallenges are the challenges of a response; Challenges is nil if the
// oracle found none.
type foundChallenges struct {
	Status     int              `json:"status"`
	Header     string           `json:"header"`
	Challenges []foundChallenge `json:"challenges"`
	// Impossible says why no response can have such a header.
	Impossible string `json:"impossible"`
}

// parsed returns what auth.ParseChallenges should have made of the same header.
// A token68 has no place in an [auth.Challenge].
func (f foundChallenges) parsed() []auth.Challenge {
	var all []auth.Challenge
	for _, c := range f.Challenges {
		if c.Token68 == "" {
			all = append(all, meaning(c.Scheme, c.Parameters))
		}
	}
	return all
}

// meaning is what a challenge of these parameters says.
func meaning(scheme string, parameters map[string]string) auth.Challenge {
	c := auth.Challenge{
		Scheme:           scheme,
		Realm:            parameters["realm"],
		Error:            parameters["error"],
		ErrorDescription: parameters["error_description"],
		Scopes:           strings.Fields(parameters["scope"]),
		ACRValues:        strings.Fields(parameters["acr_values"]),
		ResourceMetadata: parameters["resource_metadata"],
	}
	if seconds, err := strconv.ParseUint(parameters["max_age"], 10, 31); err == nil {
		c.MaxAge, c.HasMaxAge = time.Duration(seconds)*time.Second, true
	}
	return c
}

// lowerSchemes is how the oracle names schemes, which compare without regard to
// case.
func lowerSchemes(challenges []auth.Challenge) []auth.Challenge {
	for i := range challenges {
		challenges[i].Scheme = strings.ToLower(challenges[i].Scheme)
	}
	return challenges
}

// challengeRefusal is a way to be refused.
type challengeRefusal struct {
	name string
	// rule is that of every method; without one no method has a rule.
	rule *auth.Rule
	// authorization is the header's value; nil sends none.
	authorization func(*authtest.Issuer) string
	// down is set for an issuer that gives no keys.
	down bool

	code codes.Code
	// parameters of the challenge besides those that every challenge of the
	// guard has; nil for no challenge.
	parameters map[string]string
}

var (
	severalScopes = auth.Rule{AllScopes: []string{"widgets.read", "https://scopes.test/widgets!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}, AnyScope: []string{"a,b", "c=d"}}
	stepUp        = auth.Rule{AllScopes: []string{"widgets.read"}, ACRValues: []string{"urn:mace:incommon:iap:silver", "phr,=;"}, MaxAge: 300 * time.Second}
)

const severalScopesJoined = "widgets.read https://scopes.test/widgets!#$%&'()*+,-./:;<=>?@[]^_`{|}~ a,b"

func presented(value string) func(*authtest.Issuer) string {
	return func(*authtest.Issuer) string { return value }
}

func minted(options ...authtest.TokenOption) func(*authtest.Issuer) string {
	return func(i *authtest.Issuer) string { return "Bearer " + i.Mint(options...) }
}

func described(code, description string, more ...string) map[string]string {
	parameters := map[string]string{"error": code, "error_description": description}
	for i := 0; i < len(more); i += 2 {
		parameters[more[i]] = more[i+1]
	}
	return parameters
}

const (
	saysMalformed = "the authorization header must hold exactly one well-formed bearer token"
	saysInvalid   = "the access token is not valid here"
	saysExpired   = "the access token has expired"
	saysScope     = "the access token lacks a scope this method requires"
	saysStepUp    = "this method requires a more recent or a stronger authentication"
)

var challengeRefusals = []challengeRefusal{
	{name: "good token", rule: new(auth.Rule), authorization: minted()},
	{name: "no token", rule: new(auth.Rule), code: codes.Unauthenticated, parameters: map[string]string{}},
	{name: "no token where scopes are required", rule: &severalScopes, code: codes.Unauthenticated,
		parameters: map[string]string{"scope": severalScopesJoined}},
	{name: "another scheme", rule: new(auth.Rule), authorization: presented("Basic dTpw"), code: codes.Unauthenticated, parameters: map[string]string{}},
	{name: "no method has a rule, no token", code: codes.Unauthenticated, parameters: map[string]string{}},
	{name: "no method has a rule, good token", authorization: minted(), code: codes.PermissionDenied},
	{name: "malformed", rule: &severalScopes, authorization: presented("Bearer a b"), code: codes.Unauthenticated,
		parameters: described("invalid_request", saysMalformed)},
	{name: "two tokens in one value", rule: new(auth.Rule), authorization: presented("Bearer a, Bearer b"), code: codes.Unauthenticated,
		parameters: described("invalid_request", saysMalformed)},
	{name: "not a JWT", rule: &severalScopes, authorization: presented("Bearer a.b.c"), code: codes.Unauthenticated,
		parameters: described("invalid_token", saysInvalid)},
	{name: "bad signature", rule: new(auth.Rule),
		authorization: minted(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), code: codes.Unauthenticated,
		parameters: described("invalid_token", saysInvalid)},
	{name: "expired", rule: new(auth.Rule), authorization: minted(authtest.IssuedAt(time.Now().Add(-2 * time.Hour))), code: codes.Unauthenticated,
		parameters: described("invalid_token", saysExpired)},
	{name: "insufficient scope", rule: &auth.Rule{AllScopes: []string{"widgets.read"}}, authorization: minted(), code: codes.PermissionDenied,
		parameters: described("insufficient_scope", saysScope, "scope", "widgets.read")},
	{name: "insufficient scope of several", rule: &severalScopes, authorization: minted(authtest.Scopes("widgets.read", "c=d")), code: codes.PermissionDenied,
		parameters: described("insufficient_scope", saysScope, "scope", severalScopesJoined)},
	{name: "step-up", rule: &stepUp, authorization: minted(authtest.Scopes("widgets.read")), code: codes.Unauthenticated,
		parameters: described("insufficient_user_authentication", saysStepUp, "scope", "widgets.read", "acr_values", "urn:mace:incommon:iap:silver phr,=;", "max_age", "300")},
	{name: "step-up by acr alone", rule: &auth.Rule{ACRValues: []string{"gold"}}, authorization: minted(authtest.Claim("acr", "bronze")), code: codes.Unauthenticated,
		parameters: described("insufficient_user_authentication", saysStepUp, "acr_values", "gold")},
	{name: "step-up by age alone", rule: &auth.Rule{MaxAge: time.Second},
		authorization: minted(authtest.Claim("auth_time", time.Now().Add(-time.Hour).Unix())), code: codes.Unauthenticated,
		parameters: described("insufficient_user_authentication", saysStepUp, "max_age", "1")},
	{name: "unavailable", rule: &severalScopes, authorization: minted(), down: true, code: codes.Unavailable},
}

// challengeGuard is what a guard adds to every challenge.
type challengeGuard struct {
	name       string
	options    []auth.GuardOption
	parameters map[string]string
}

var challengeGuards = []challengeGuard{
	{"default realm", nil, map[string]string{"realm": challengeAudience}},
	realm(`a "quoted" realm`),
	realm(`back\slash, "quote" and \"both\"`),
	realm(`\`),
	realm(`"`),
	realm(`, error="invalid_token", Basic realm="x"`),
	realm(` spaces = around , and ; within `),
	{"protected resource", []auth.GuardOption{auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test/api"})},
		map[string]string{"realm": challengeAudience, "resource_metadata": "https://rs.test/.well-known/oauth-protected-resource/api"}},
	{"protected resource with its own place for metadata, odd realm", []auth.GuardOption{
		auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test/api", MetadataURL: `https://rs.test/meta?for=api,"x"&y=\`}),
		auth.WithRealm(`\",`),
	}, map[string]string{"realm": `\",`, "resource_metadata": `https://rs.test/meta?for=api,"x"&y=\`}},
}

func realm(text string) challengeGuard {
	return challengeGuard{fmt.Sprintf("realm %s", text), []auth.GuardOption{auth.WithRealm(text)}, map[string]string{"realm": text}}
}

// challengeRoute is a way to call a method of the widget service.
type challengeRoute struct {
	name string
	// on picks the server.
	on func(challengeServers) string
	// contentType is that of the protocol; empty for an HTTP GET.
	contentType string
	http2       bool
	stream      bool
	// unary HTTP status codes tell the outcome apart.
	unary bool
	// sample routes stand for all of the same adapter.
	sample bool
	// hidden says that the challenge is no leading header there: in trailers or
	// the end of the stream no HTTP client looks for it.
	hidden bool
}

// challengeServers are the addresses of the servers behind one guard.
type challengeServers struct{ grpc, connect, bare string }

var challengeRoutes = func() []challengeRoute {
	behind := func(s challengeServers) string { return s.grpc }
	wrapped := func(s challengeServers) string { return s.connect }
	bare := func(s challengeServers) string { return s.bare }
	const grpcType, webType, unaryType, streamType = "application/grpc+proto", "application/grpc-web+proto", "application/proto", "application/connect+proto"
	return []challengeRoute{
		{name: "grpc-go behind ServeHTTP, unary", on: behind, contentType: grpcType, http2: true, sample: true},
		{name: "grpc-go behind ServeHTTP, stream", on: behind, contentType: grpcType, http2: true, stream: true},
		{name: "Connect unary, HTTP/1.1", on: wrapped, contentType: unaryType, unary: true, sample: true},
		{name: "Connect unary, HTTP/2", on: wrapped, contentType: unaryType, http2: true, unary: true},
		{name: "Connect GET", on: wrapped, unary: true},
		{name: "Connect stream, HTTP/1.1", on: wrapped, contentType: streamType, stream: true},
		{name: "connect-go gRPC unary", on: wrapped, contentType: grpcType, http2: true},
		{name: "connect-go gRPC stream", on: wrapped, contentType: grpcType, http2: true, stream: true},
		{name: "connect-go gRPC-Web unary", on: wrapped, contentType: webType},
		{name: "Connect unary without the middleware, HTTP/1.1", on: bare, contentType: unaryType, unary: true, sample: true},
		{name: "Connect unary without the middleware, HTTP/2", on: bare, contentType: unaryType, http2: true, unary: true},
		{name: "Connect GET without the middleware", on: bare, unary: true},
		{name: "Connect stream without the middleware", on: bare, contentType: streamType, stream: true, hidden: true},
		{name: "connect-go gRPC unary without the middleware", on: bare, contentType: grpcType, http2: true, hidden: true},
	}
}()

// httpStatus is the status where it depends on the outcome.
var httpStatus = map[codes.Code]int{
	codes.OK: http.StatusOK, codes.Unauthenticated: http.StatusUnauthorized,
	codes.PermissionDenied: http.StatusForbidden, codes.Unavailable: http.StatusServiceUnavailable,
}

// Every refusal, read from the HTTP response by somebody else's parser: by the
// default guard over every route, by the others over one route of each adapter.
func TestChallengesReadByOracle(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	for _, refused := range challengeRefusals {
		as := newTestIssuer(t, authtest.Config{Audience: challengeAudience})
		if refused.down {
			as.FailAlways(authtest.Discovery, authtest.Status(http.StatusInternalServerError))
		}
		verifier := newTestVerifier(t, as, jwtauth.Config{Audiences: []string{challengeAudience}})
		for i, by := range challengeGuards {
			t.Run(refused.name+"/"+by.name, func(t *testing.T) {
				guard, err := auth.NewGuard(verifier, append(slices.Clone(by.options), refused.rules())...)
				if err != nil {
					t.Fatal(err)
				}
				servers := serveChallenges(t, guard)
				for _, route := range challengeRoutes {
					if i > 0 && !route.sample {
						continue
					}
					refused.check(t, by, route, route.call(t, o, servers, refused, as))
				}
			})
		}
	}
}

func (r challengeRefusal) rules() auth.Rules {
	if r.rule == nil {
		return auth.Rules{widgetv1connect.WidgetServicePingProcedure: {}}
	}
	return auth.Rules{
		widgetv1connect.WidgetServiceGetWidgetProcedure:    *r.rule,
		widgetv1connect.WidgetServiceWatchWidgetsProcedure: *r.rule,
	}
}

// check compares what the oracle read with what the guard meant, and with what
// this module reads from the same header.
func (r challengeRefusal) check(t *testing.T, by challengeGuard, route challengeRoute, got foundChallenges) {
	t.Helper()
	status := http.StatusOK
	if route.unary {
		status = httpStatus[r.code]
	}
	if got.Status != status {
		t.Errorf("%s: status %d, want %d", route.name, got.Status, status)
	}
	var want []foundChallenge
	if r.parameters != nil && !route.hidden {
		parameters := maps.Clone(by.parameters)
		maps.Copy(parameters, r.parameters)
		want = []foundChallenge{{Scheme: "bearer", Parameters: parameters}}
	}
	if !reflect.DeepEqual(got.Challenges, want) {
		t.Errorf("%s: the oracle read %v from %q, want %v", route.name, got.Challenges, got.Header, want)
	}
	var lines []string
	if got.Header != "" {
		lines = []string{got.Header}
	}
	if ours := lowerSchemes(auth.ParseChallenges(lines)); !reflect.DeepEqual(ours, got.parsed()) {
		t.Errorf("%s: ParseChallenges read %+v from %q, the oracle %+v", route.name, ours, got.Header, got.parsed())
	}
}

// call makes the call as the oracle.
func (r challengeRoute) call(t *testing.T, o *oracle, servers challengeServers, refused challengeRefusal, as *authtest.Issuer) foundChallenges {
	t.Helper()
	procedure, method, headers := widgetv1connect.WidgetServiceGetWidgetProcedure, http.MethodPost, map[string]string{"content-type": r.contentType}
	// An empty message, with a length in front where the protocol has frames.
	var body []byte
	if r.stream {
		procedure = widgetv1connect.WidgetServiceWatchWidgetsProcedure
	}
	switch {
	case r.contentType == "":
		method, headers = http.MethodGet, map[string]string{}
		procedure += "?connect=v1&encoding=proto&message="
	case !r.unary:
		body = make([]byte, 5)
		headers["te"] = "trailers"
	}
	args := map[string]any{"url": "http://" + r.on(servers) + procedure, "method": method, "headers": headers, "body": body, "http2": r.http2}
	if refused.authorization != nil {
		args["authorization"] = refused.authorization(as)
	}
	var got foundChallenges
	o.ask(t, "call", args, &got)
	return got
}

// serveChallenges starts the widget service behind one guard, on every server
// that has leading headers of its own.
func serveChallenges(t *testing.T, guard *auth.Guard) challengeServers {
	t.Helper()
	service := new(widget.Service)
	behind := grpc.NewServer(grpcauth.ServerOptions(guard)...)
	widgetv1.RegisterWidgetServiceServer(behind, service.GRPC())
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(service.Connect(), connectauth.HandlerOptions(guard)))
	s := new(guarded)
	return challengeServers{
		grpc:    s.serveHTTP(t, behind, nil),
		connect: s.serveHTTP(t, connectauth.Middleware(guard)(mux), nil),
		bare:    s.serveHTTP(t, mux, nil),
	}
}

// newTestIssuer starts a fake issuer on a loopback port.
func newTestIssuer(t testing.TB, c authtest.Config) *authtest.Issuer {
	t.Helper()
	as, err := authtest.NewIssuer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	return as
}

// newTestVerifier returns a verifier of the fake issuer's tokens.
func newTestVerifier(t testing.TB, as *authtest.Issuer, c jwtauth.Config) *jwtauth.Verifier {
	t.Helper()
	iss, err := issuer.New(as.URL(), issuer.WithTransport(as.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	verifier, err := jwtauth.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}
