// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// stricter are the checks that refuse tokens the oracle accepts, and why they
// are right to.
var stricter = map[auth.Check]string{
	auth.CheckCredentialSize:   "a token has a bounded size before anything looks inside it",
	auth.CheckCredentialSyntax: "a token is token68 text; the oracle skips white space and takes any base64",
	jwtauth.CheckShape:         "a segment is base64url without padding (RFC 7515 section 2); the oracle decodes standard base64 and padding too",
	jwtauth.CheckSignature:     "a signature has one spelling; the oracle ignores bits that the last character has to spare",
	jwtauth.CheckHeader:        "the header is strict JSON: no name twice, in whatever case, no bad UTF-8, no deep nesting; of JSON.parse the last name wins. And enc, zip and cty announce what is not supported",
	jwtauth.CheckClaims:        "the claims are strict JSON, like the header",
	jwtauth.CheckCritical:      "b64 changes what is signed (RFC 7797); the oracle refuses crit and ignores b64 without it",
	jwtauth.CheckOwnKey:        "a token cannot vouch for its own key (RFC 8725 section 3.10); the oracle ignores jwk, jku, x5u and x5c",
	jwtauth.CheckKey:           "two keys fit a token without kid, since EdDSA and Ed25519 are two names for one algorithm; the oracle tells them apart by the name",
	jwtauth.CheckBinding:       "any cnf binds the token to something nobody checks; the oracle takes an empty one for none",
	jwtauth.CheckAudience:      "aud is a string or an array of strings (RFC 7519 section 4.1.3); the oracle looks for one that fits among anything",
	jwtauth.CheckExpiry:        "a date has a bounded range, or it overflows; to the oracle infinity has not passed",
	jwtauth.CheckNotBefore:     "a date has a bounded range, or it overflows; to the oracle minus infinity has passed",
	jwtauth.CheckIssuedAt:      "a token issued in the future, after its expiry or at a date out of range is wrong; the oracle checks that iat is a number",
	jwtauth.CheckSubject:       "an empty sub names nobody",
	jwtauth.CheckClient:        "an empty client_id names nobody",
	jwtauth.CheckTokenID:       "an empty jti identifies nothing",
	jwtauth.CheckScope:         "scope is a string (RFC 8693 section 4.2); the oracle leaves it to the application",
	jwtauth.CheckActor:         "act is an object (RFC 8693 section 4.1); the oracle does not know it",
	jwtauth.CheckDetails:       "authorization_details is an array of typed objects (RFC 9396 section 2); the oracle does not know it",
	jwtauth.CheckSession:       "sid is a string; the oracle does not know it",
	jwtauth.CheckACR:           "acr is a string; the oracle does not know it here",
	jwtauth.CheckAuthTime:      "auth_time is a number; the oracle does not know it here",
}

// laxer are the tokens that the oracle refuses and this module accepts, and why
// it is right to.
var laxer = map[string]string{
	"J3 J4 the key of EdDSA says Ed25519": whyAlias,
	"J3 J4 the key of Ed25519 says EdDSA": whyAlias,
}

const whyAlias = "EdDSA with a key for Ed25519 and Ed25519 are one algorithm (RFC 9864); the oracle compares the names in token and key"

// oracleToken is what the oracle says to a token.
type oracleToken struct {
	Claims  map[string]any `json:"claims"`
	Refusal *oracleRefusal `json:"refusal"`
}

// opinions are what both sides said to many tokens.
type opinions struct {
	accepted, refused int
	stricter          map[auth.Check][]string // by check, the names of the rows
	laxer             map[string]bool
}

// No token that the oracle refuses is accepted here. The other way round there
// is a reason for each check.
func TestTokensAgainstOracle(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	f, bare := newTokenFixture(t, authtest.Config{}), newBareFixture(t)
	seen := opinions{stricter: make(map[auth.Check][]string), laxer: make(map[string]bool)}
	for _, batch := range []struct {
		fixture *tokenFixture
		rows    func() []tokenRow // not made before their turn: they expire
	}{
		{f, f.good}, {f, f.headers}, {f, f.claimRows}, {f, f.serializations}, {f, f.signatures},
		{bare, bare.bareRows},
		{f, func() []tokenRow { return newMutator(f, 1).rows(250) }},
	} {
		for _, row := range batch.rows() {
			seen.compare(t, o, batch.fixture, row, map[string]any{"issuer": batch.fixture.as.URL()})
		}
	}
	seen.report(t)
}

// compare asks both sides about one token.
func (s *opinions) compare(t *testing.T, o *oracle, f *tokenFixture, row tokenRow, oracleArgs map[string]any) {
	t.Helper()
	args := map[string]any{
		"token": []byte(row.token), "audience": tokenAudience, "algorithms": tokenAlgorithms,
		// One value for both: the clocks may be that far apart either way.
		"tolerance": tokenSkew.Seconds(),
	}
	maps.Copy(args, oracleArgs)
	var theirs oracleToken
	o.ask(t, "token", args, &theirs)
	claims, err := f.verify(t, row.token)
	ok := err == nil
	switch {
	case ok && theirs.Refusal == nil:
		s.accepted++
		if found := difference(claims, theirs.Claims); found != "" {
			t.Errorf("%s: %s", row.name, found)
		}
		return
	case !ok && theirs.Refusal == nil:
		refusal, _ := errors.AsType[*auth.Error](err)
		s.stricter[refusal.Check] = append(s.stricter[refusal.Check], row.name)
		if stricter[refusal.Check] == "" {
			t.Errorf("%s: refused by %s (%v), accepted by the oracle; find out who is right", row.name, refusal.Check, refusal.Cause)
		}
	case ok:
		s.laxer[row.name] = true
		if laxer[row.name] == "" {
			t.Errorf("%s: accepted, and the oracle refuses it: %s", row.name, theirs.Refusal.Message)
		}
	default:
		s.refused++
	}
	if row.good {
		t.Errorf("%s: not accepted by both: here %v, the oracle %+v", row.name, err, theirs.Refusal)
	}
}

// verify offers a token as the adapters do.
func (f *tokenFixture) verify(t *testing.T, token string) (*auth.Claims, error) {
	t.Helper()
	credential, err := auth.ParseAuthorization([]string{"Bearer " + token})
	if err != nil {
		return nil, err
	}
	return f.verifier.Verify(t.Context(), credential)
}

// difference says in which claims the two sides read something else.
func difference(ours *auth.Claims, theirs map[string]any) string {
	for name, value := range map[string]string{"iss": ours.Issuer(), "sub": ours.Subject(), "client_id": ours.ClientID(), "jti": ours.TokenID()} {
		if theirs[name] != value {
			return fmt.Sprintf("%s is %q here, %q to the oracle", name, value, theirs[name])
		}
	}
	for name, date := range map[string]time.Time{"exp": ours.Expiry(), "iat": ours.IssuedAt()} {
		seconds, _ := theirs[name].(float64)
		if date.Unix() != int64(math.Floor(seconds)) {
			return fmt.Sprintf("%s is %v here, %v to the oracle", name, date.Unix(), seconds)
		}
	}
	for _, name := range []string{"sid", "acr"} {
		value, _ := theirs[name].(string)
		if here := map[string]string{"sid": ours.SessionID(), "acr": ours.ACR()}[name]; here != value {
			return fmt.Sprintf("%s is %q here, %q to the oracle", name, here, value)
		}
	}
	scope, _ := theirs["scope"].(string)
	for s := range strings.SplitSeq(scope, " ") {
		if s != "" && !ours.HasScope(s) {
			return fmt.Sprintf("the scope %q is missing here", s)
		}
	}
	return ""
}

// report prints the counts, and fails for reasons that nothing needs any more.
func (s *opinions) report(t *testing.T) {
	t.Helper()
	t.Logf("accepted by both: %d; refused by both: %d", s.accepted, s.refused)
	for _, check := range slices.Sorted(maps.Keys(s.stricter)) {
		rows := s.stricter[check]
		t.Logf("refused here alone, by %s: %d, such as %q: %s", check, len(rows), rows[0], stricter[check])
	}
	for check := range stricter {
		if len(s.stricter[check]) == 0 {
			t.Errorf("%s refuses nothing that the oracle accepts; remove its reason", check)
		}
	}
	for name := range laxer {
		if !s.laxer[name] {
			t.Errorf("%s: the two sides agree; remove the reason why they do not", name)
		}
	}
}

// The edges of the times, on a clock that stands still for both. Offsets are in
// seconds from now.
func TestTokenTimesAgainstOracle(t *testing.T) {
	t.Parallel()
	const agree, onlyOracle, onlyHere = "", "the oracle alone accepts", "accepted here alone"
	o := startOracle(t) // outside of the bubble, which would wait for its end
	for _, tt := range []struct {
		claim    string
		offset   float64
		now      time.Duration // past the whole second
		accepted bool          // here
		but, why string
	}{
		{claim: "exp", offset: -61},
		{claim: "exp", offset: -60},
		{claim: "exp", offset: -60.5},
		{claim: "exp", offset: -59.5, accepted: true},
		{claim: "exp", offset: -59, accepted: true},
		{claim: "exp", offset: -59, now: 999 * time.Millisecond, accepted: true},
		{claim: "exp", offset: -60, now: 999 * time.Millisecond},
		{claim: "exp", offset: -59.75, now: 500 * time.Millisecond, but: onlyOracle, why: "the oracle cuts the time to whole seconds"},
		{claim: "nbf", offset: 0, accepted: true},
		{claim: "nbf", offset: 60, accepted: true},
		{claim: "nbf", offset: 60, now: 999 * time.Millisecond, accepted: true},
		{claim: "nbf", offset: 60.5},
		{claim: "nbf", offset: 61},
		{claim: "nbf", offset: 61, now: 999 * time.Millisecond},
		{claim: "nbf", offset: 60.25, now: 500 * time.Millisecond, accepted: true, but: onlyHere, why: "the oracle cuts the time to whole seconds"},
		{claim: "iat", offset: 60, accepted: true},
		{claim: "iat", offset: 61, but: onlyOracle, why: "the oracle does not compare iat with the clock"},
	} {
		t.Run(fmt.Sprintf("%s %+g at %v", tt.claim, tt.offset, tt.now), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				as := newTestIssuer(t, authtest.Config{InMemory: true, Audience: tokenAudience})
				f := &tokenFixture{as: as, verifier: newTestVerifier(t, as, jwtauth.Config{Audiences: []string{tokenAudience}, ClockSkew: tokenSkew})}
				base := time.Now()
				token := as.Mint(authtest.Claim(tt.claim, float64(base.Unix())+tt.offset), authtest.Claim("iat", base.Unix()-1000))
				if tt.claim == "iat" {
					token = as.Mint(authtest.Claim("iat", float64(base.Unix())+tt.offset))
				}
				time.Sleep(tt.now)
				_, err := f.verify(t, token)
				var theirs oracleToken
				o.ask(t, "token", map[string]any{
					"issuer": as.URL(), "jwks": map[string]any{"keys": []any{as.PublicJWK(as.KeyID())}}, "now": float64(base.Unix()) + tt.now.Seconds(),
					"token": []byte(token), "audience": tokenAudience, "algorithms": tokenAlgorithms, "tolerance": tokenSkew.Seconds(),
				}, &theirs)
				if (err == nil) != tt.accepted {
					t.Errorf("here: %v, want accepted %v", err, tt.accepted)
				}
				but := agree
				switch {
				case err == nil && theirs.Refusal != nil:
					but = onlyHere
				case err != nil && theirs.Refusal == nil:
					but = onlyOracle
				}
				if but != tt.but {
					t.Errorf("here: %v, the oracle: %+v, want %q (%s)", err, theirs.Refusal, tt.but, tt.why)
				}
			})
		})
	}
}
