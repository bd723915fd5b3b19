// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/grpc/codes"
)

// The outcome codes of the corpus.
const (
	OK = "OK"
	NC = "NC" // no credentials
	IR = "IR" // invalid request
	IT = "IT" // invalid token
	EX = "EX" // invalid token: expired
	IS = "IS" // insufficient scope
	SU = "SU" // insufficient user authentication: step up
	MD = "MD" // no rule: method denied
	UN = "UN" // unavailable
	// transport: the transport itself refused, and nobody asked the guard.
	transport = "transport"
)

// answer is what a caller gets, the same on every transport (A-11, A-12, A-16,
//
type answer struct {
	code   codes.Code
	reason auth.Reason
	// challenged says that there is a challenge, with this error unless it is
	// empty, and with these parts of what the rule needs.
	challenged         bool
	error, description string
	scope, stepUp      bool
}

var answers = map[string]answer{
	OK: {code: codes.OK},
	NC: {code: codes.Unauthenticated, reason: "CREDENTIALS_MISSING", challenged: true, scope: true},
	IR: {code: codes.Unauthenticated, reason: "CREDENTIALS_MALFORMED", challenged: true, error: "invalid_request", description: "the authorization header must hold exactly one well-formed bearer token"},
	IT: {code: codes.Unauthenticated, reason: "TOKEN_INVALID", challenged: true, error: "invalid_token", description: "the access token is not valid here"},
	EX: {code: codes.Unauthenticated, reason: "TOKEN_EXPIRED", challenged: true, error: "invalid_token", description: "the access token has expired"},
	IS: {code: codes.PermissionDenied, reason: "SCOPE_INSUFFICIENT", challenged: true, error: "insufficient_scope", description: "the access token lacks a scope this method requires", scope: true},
	SU: {code: codes.Unauthenticated, reason: "AUTHENTICATION_INSUFFICIENT", challenged: true, error: "insufficient_user_authentication", description: "this method requires a more recent or a stronger authentication", scope: true, stepUp: true},
	MD: {code: codes.PermissionDenied, reason: "METHOD_DENIED"},
	UN: {code: codes.Unavailable, reason: "AUTHORITY_UNAVAILABLE"},
}

// need is what a rule asks for, as a challenge spells it.
type need struct{ scope, acrValues, maxAge, metadata string }

func needOf(rule auth.Rule) need {
	n := need{scope: strings.Join(rule.AllScopes, " "), acrValues: strings.Join(rule.ACRValues, " ")}
	if rule.MaxAge > 0 {
		n.maxAge = strconv.Itoa(int(rule.MaxAge / time.Second))
	}
	return n
}

// of leaves what the answer says of a need.
func (n need) of(a answer) need {
	if !a.scope {
		n.scope = ""
	}
	if !a.stepUp {
		n.acrValues, n.maxAge = "", ""
	}
	return n
}

// challenges are the values of WWW-Authenticate.
func (a answer) challenges(n need) []string {
	if !a.challenged {
		return nil
	}
	n = n.of(a)
	text := `Bearer realm="` + audience + `"`
	for _, p := range [][2]string{
		{"error", a.error}, {"error_description", a.description}, {"scope", n.scope},
		{"acr_values", n.acrValues}, {"max_age", n.maxAge}, {"resource_metadata", n.metadata},
	} {
		if p[1] != "" {
			text += ", " + p[0] + `="` + p[1] + `"`
		}
	}
	return []string{text}
}

// status is that of HTTP: only unary Connect has one of its own.
func (a answer) status(over matrix.Transport) int {
	if over.Protocol != matrix.Connect && over.Protocol != matrix.ConnectGet {
		return 200
	}
	return map[codes.Code]int{codes.OK: 200, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.Unavailable: 503}[a.code]
}

// contentType is the beginning of a refusal's.
func contentType(over matrix.Transport) string {
	switch over.Protocol {
	case matrix.GRPC:
		return "application/grpc+"
	case matrix.GRPCWeb:
		return "application/grpc-web+"
	case matrix.ConnectStream:
		return "application/connect+"
	default:
		return "application/json"
	}
}

// faults collects what is wrong.
type faults []string

func (f *faults) check(good bool, format string, args ...any) {
	if !good {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// judge compares an outcome with one of the codes and returns what differs. n is
// what the rule needs; without one a challenge names nothing.
func judge(over matrix.Transport, o matrix.Outcome, want string, n need, handled bool) []string {
	var wrong faults
	if want == transport {
		// What is no method here is not the guard's to decide either.
		refused := o.Transport != "" || o.Code == codes.Unimplemented
		wrong.check(refused && o.Info == nil && !o.Handled && o.Challenges == nil,
			"transport %q, HTTP %d, code %v, reason %q, handled %v", o.Transport, o.HTTPStatus, o.Code, o.Reason(), o.Handled)
		return wrong
	}
	a := answers[want]
	wrong.check(o.Transport == "", "refused by the transport: %s", o.Transport)
	wrong.check(o.HTTPStatus == a.status(over), "HTTP status %d, want %d", o.HTTPStatus, a.status(over))
	wrong.check(o.Code == a.code, "code %v, want %v", o.Code, a.code)
	wrong.check(o.Reason() == string(a.reason), "reason %q, want %q", o.Reason(), a.reason)
	wrong.check(o.Handled == handled, "handled %v", o.Handled)
	wrong.check(slices.Equal(o.Challenges, a.challenges(n)), "leading challenges %q, want %q", o.Challenges, a.challenges(n))
	wrong.check(o.MetaChallenges == nil, "trailing challenges %q", o.MetaChallenges)
	for _, c := range o.Challenges {
		wrong.check(malformed(c) == "", "the challenge %s: %q", malformed(c), c)
	}
	if want != OK {
		got := o.Header.Get("Content-Type")
		wrong.check(strings.HasPrefix(got, contentType(over)), "content type %q, want %q", got, contentType(over))
		wrong.check(strings.HasPrefix(o.Message, string(a.reason)+": "), "message %q", o.Message)
		wrong = append(wrong, judgeInfo(o, a, n)...)
	}
	return append(wrong, judgeRetry(over, o, want)...)
}

// The names in an ErrorInfo.
var (
	reasonName   = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,61}[A-Z0-9]$`)
	metadataName = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,63}$`)
)

// judgeInfo looks at the ErrorInfo, which has what the challenge has and which
// scopes are missing.
func judgeInfo(o matrix.Outcome, a answer, n need) []string {
	var wrong faults
	metadata := o.Info.GetMetadata()
	wrong.check(o.Info.GetDomain() == rpcerror.Domain, "domain %q", o.Info.GetDomain())
	wrong.check(reasonName.MatchString(o.Reason()), "reason %q", o.Reason())
	for name := range metadata {
		wrong.check(metadataName.MatchString(name), "metadata %q in the ErrorInfo", name)
	}
	missing := strings.Fields(metadata[rpcerror.KeyMissingScopes])
	required := strings.Fields(metadata[rpcerror.KeyRequiredScopes])
	wrong.check((len(missing) > 0) == (a.reason == auth.ReasonScopeInsufficient), "missing scopes %q", missing)
	for _, scope := range missing {
		wrong.check(slices.Contains(required, scope), "the missing %q is not required", scope)
	}
	for name, want := range map[string]string{
		rpcerror.KeyChallenge:      strings.Join(a.challenges(n), ", "),
		rpcerror.KeyRequiredScopes: n.of(a).scope,
		rpcerror.KeyMissingScopes:  metadata[rpcerror.KeyMissingScopes],
	} {
		got, present := metadata[name]
		wrong.check(got == want && present == (want != ""), "%s %q in the ErrorInfo, want %q", name, got, want)
	}
	return wrong
}

// judgeRetry looks at how long the caller is asked to wait. HTTP says it
// in whole seconds, and never too few.
func judgeRetry(over matrix.Transport, o matrix.Outcome, want string) []string {
	var wrong faults
	header := ""
	if want == UN {
		wrong.check(o.RetryAfter() > 0 && o.RetryAfter() <= 10*time.Second, "retry after %v", o.RetryAfter())
		if !over.Native() {
			header = strconv.Itoa(int(math.Ceil(o.RetryAfter().Seconds())))
		}
	} else {
		wrong.check(o.Retry == nil, "retry after %v", o.RetryAfter())
	}
	wrong.check(o.Header.Get("Retry-After") == header, "Retry-After %q, want %q", o.Header.Get("Retry-After"), header)
	return wrong
}

// The grammar of a challenge as RFC 6750 section 3 narrows it: neither a quote
// nor a backslash is in a value, escaped or not.
var (
	challengeParam = regexp.MustCompile(`([a-z_]+)="([\x20\x21\x23-\x5b\x5d-\x7e]*)"`)
	challengeText  = regexp.MustCompile(`^Bearer ` + challengeParam.String() + `(, ` + challengeParam.String() + `)*$`)
	scopeText      = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$`)
)

// malformed says what is wrong with a challenge.
func malformed(challenge string) string {
	if !challengeText.MatchString(challenge) {
		return "does not follow the grammar"
	}
	seen := make(map[string]bool)
	for _, p := range challengeParam.FindAllStringSubmatch(challenge, -1) {
		name, value := p[1], p[2]
		if seen[name] {
			return "has two of " + name
		}
		seen[name] = true
		if name == "scope" && !scopeText.MatchString(value) {
			return "has a malformed scope"
		}
	}
	return ""
}

// judgeReply compares what a client library shows with one of the codes.
func judgeReply(r matrix.Reply, want string, n need) []string {
	var wrong faults
	a := answers[want]
	wrong.check(r.Code == a.code && (r.Err == nil) == (want == OK), "code %v, want %v: %v", r.Code, a.code, r.Err)
	wrong.check(r.Handled == (want == OK), "handled %v", r.Handled)
	wrong.check(slices.Equal(r.Header, a.challenges(n)), "header %q, want %q", r.Header, a.challenges(n))
	wrong.check(r.Refused == (want != OK), "refused %v", r.Refused)
	c := auth.Challenge{Reason: a.reason, RetryAfter: r.Challenge.RetryAfter}
	if a.challenged {
		n = n.of(a)
		c.Scheme, c.Realm, c.Error, c.ErrorDescription = "Bearer", audience, a.error, a.description
		c.Scopes, c.ACRValues, c.ResourceMetadata = strings.Fields(n.scope), strings.Fields(n.acrValues), n.metadata
		if seconds, err := strconv.Atoi(n.maxAge); err == nil {
			c.MaxAge, c.HasMaxAge = time.Duration(seconds)*time.Second, true
		}
	}
	got, expected := fmt.Sprintf("%+v", r.Challenge), fmt.Sprintf("%+v", c)
	wrong.check(got == expected, "challenge %s, want %s", got, expected)
	wrong.check((c.RetryAfter > 0) == (want == UN), "retry after %v", c.RetryAfter)
	return wrong
}
