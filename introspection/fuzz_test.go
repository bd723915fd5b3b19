// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// value returns a member as encoding/json reads it, and nothing for null.
func value(o map[string]json.RawMessage, name string) any {
	var v any
	if json.Unmarshal(o[name], &v) != nil {
		return nil
	}
	return v
}

// objects says why nothing may be accepted by this document, or nothing.
func objects(document []byte, claims *auth.Claims) error {
	o, err := object(document)
	if err != nil {
		return err
	}
	if value(o, "active") != true {
		return fmt.Errorf("active %s", o["active"])
	}
	if _, bound := o["cnf"]; bound && value(o, "cnf") != nil {
		return errors.New("cnf")
	}
	if iss := value(o, "iss"); iss != nil && iss != issuerURL {
		return fmt.Errorf("iss %s", o["iss"])
	}
	switch aud := value(o, "aud").(type) {
	case string:
		if aud != audience {
			return fmt.Errorf("aud %s", o["aud"])
		}
	case []any:
		if !slices.Contains(aud, any(audience)) {
			return fmt.Errorf("aud %s", o["aud"])
		}
	default:
		return fmt.Errorf("aud %s", o["aud"])
	}
	for name, allowed := range map[string][]string{"token_type": {"bearer", "access_token"}, "token_use": {"access_token", "access"}, "typ": {"bearer", "at+jwt"}} {
		if v := value(o, name); v != nil {
			if s, _ := v.(string); !slices.Contains(allowed, strings.ToLower(s)) {
				return fmt.Errorf("%s %s", name, o[name])
			}
		}
	}
	if sub, _ := value(o, "sub").(string); sub == "" || claims.Subject() != sub {
		return fmt.Errorf("sub %s is %q", o["sub"], claims.Subject())
	}
	if client, _ := value(o, "client_id").(string); claims.ClientID() != client {
		return fmt.Errorf("client_id %s is %q", o["client_id"], claims.ClientID())
	}
	now := float64(time.Now().UnixMilli()) / 1000
	if exp := value(o, "exp"); exp != nil {
		if n, isNumber := exp.(float64); !isNumber || n < now-1 || claims.Deadline().Unix() > int64(n)+1 {
			return fmt.Errorf("exp %s", o["exp"])
		}
	} else if time.Until(claims.Deadline()) > 10*time.Second {
		return fmt.Errorf("no exp, and deadline %v", claims.Deadline())
	}
	for _, name := range []string{"nbf", "iat"} {
		if at := value(o, name); at != nil {
			if n, isNumber := at.(float64); !isNumber || n > now+skew.Seconds()+1 {
				return fmt.Errorf("%s %s", name, o[name])
			}
		}
	}
	scope, _ := value(o, "scope").(string)
	granted := strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' })
	for _, s := range claims.Scopes() {
		if !slices.Contains(granted, s) {
			return fmt.Errorf("scope %s gave %q", o["scope"], claims.Scopes())
		}
	}
	return nil
}

// scripted answers every question with the same document.
type scripted struct {
	f     *fixture
	media string
	body  string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/introspect") {
		return s.f.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {s.media}}, Body: io.NopCloser(strings.NewReader(s.body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(s.body)),
	}, nil
}

// judge asks about a token that nobody knows and checks the answer.
func (s *scripted) judge(t *testing.T, v *introspection.Verifier, document []byte, refusals ...auth.Kind) {
	t.Helper()
	claims, err := verify(t.Context(), v, "fuzzed-token-0123456789")
	if err == nil {
		if objection := objects(document, claims); objection != nil {
			t.Errorf("accepted %q: %v", document, objection)
		}
		return
	}
	e, isRefusal := errors.AsType[*auth.Error](err)
	if !isRefusal || claims != nil {
		t.Fatalf("%q: claims %v, error %T", document, claims, err)
	}
	if !slices.Contains(refusals, e.Kind) {
		t.Errorf("%q: %s", document, result(err))
	}
	if o, err := object(document); e.FreshFor > 0 && (err != nil || value(o, "active") != false) {
		t.Errorf("%q is remembered: %s", document, result(e))
	}
	if found := leak(err, "fuzzed-token-0123456789", clientSecret); found != "" {
		t.Error(found)
	}
}

func fuzzSeeds() []string {
	const good = `{"active":true,"token_type":"Bearer","iss":"` + issuerURL + `","sub":"u","aud":"` + audience + `","client_id":"c","iat":1700000000,"exp":4102444800,"jti":"j","scope":"read"}`
	return []string{
		good, `{"active":false}`, `{}`, `[]`, `null`, ``, ` `, good + good, " " + good + "\n", "\ufeff" + good, good[:40],
		strings.Replace(good, "true", `"true"`, 1), strings.Replace(good, "true", "1", 1), strings.Replace(good, "active", "Active", 1), strings.Replace(good, "active", `\u0061ctive`, 1),
		`{"active":false,` + good[1:], `{"ACTIVE":false,` + good[1:], `{"sub":"root",` + good[1:], `{"` + "\u017f" + `ub":"root",` + good[1:],
		`{"cnf":{},` + good[1:], `{"cnf":null,` + good[1:], `{"token_use":"refresh_token",` + good[1:], `{"typ":"Refresh",` + good[1:], strings.Replace(good, "Bearer", "refresh_token", 1),
		`{"nbf":4102444800,` + good[1:], `{"nbf":1e400,` + good[1:], strings.Replace(good, "4102444800", "1700000001", 1), strings.Replace(good, "4102444800", `"4102444800"`, 1), strings.Replace(good, "4102444800", "null", 1), strings.Replace(good, "4102444800", "1E10", 1),
		strings.Replace(good, `"`+audience+`"`, `["x","`+audience+`"]`, 1), strings.Replace(good, `"`+audience+`"`, "[]", 1), strings.Replace(good, `"`+audience+`"`, `[["`+audience+`"]]`, 1),
		strings.Replace(good, issuerURL, issuerURL+"/", 1), strings.Replace(good, `"read"`, `["read"]`, 1), strings.Replace(good, `"read"`, `" read  write\tx"`, 1), strings.Replace(good, `"u"`, `"\ud800"`, 1), strings.Replace(good, `"u"`, "null", 1),
		`{"act":[],` + good[1:], `{"authorization_details":[{}],` + good[1:], `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "," + good[1:],
	}
}

// FuzzAnswer: whatever is accepted is an answer that the standard library would
// read in the same way, and only the boolean false may be remembered.
func FuzzAnswer(f *testing.F) {
	s := &scripted{f: newFixture(f), media: "application/json"}
	v := s.f.verifier(f, once, func(c *introspection.Config) { c.Transport, c.Observer = s, nil })
	for _, seed := range fuzzSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		s.body = document
		s.judge(t, v, []byte(document), auth.KindUnauthenticated, auth.KindUnavailable)
	})
}

// FuzzSignedAnswer signs whatever the fuzzer makes of header and claims, or takes
// the whole as it is.
func FuzzSignedAnswer(f *testing.F) {
	s := &scripted{f: newFixture(f), media: "application/token-introspection+jwt"}
	v := s.f.verifier(f, once, signedAnswers, func(c *introspection.Config) { c.Transport, c.Observer = s, nil })
	kid := s.f.as.KeyID()
	header := `{"alg":"ES256","typ":"token-introspection+jwt","kid":"KID"}`
	outer := func(inner string) string {
		return `{"iss":"` + issuerURL + `","aud":"` + clientID + `","iat":IAT,"token_introspection":` + inner + `}`
	}
	good := outer(fuzzSeeds()[0])
	for _, seed := range fuzzSeeds() {
		f.Add(header, outer(seed), "")
	}
	for _, h := range []string{
		"", "{}", "[]", strings.Replace(header, "ES256", "none", 1), strings.Replace(header, "ES256", "RS256", 1), strings.Replace(header, "token-introspection", "at", 1), strings.Replace(header, "KID", "x", 1),
		`{"crit":[],` + header[1:], `{"jwk":{},` + header[1:], `{"ALG":"none",` + header[1:], strings.Replace(header, `,"kid":"KID"`, "", 1),
	} {
		f.Add(h, good, "")
	}
	for _, c := range []string{
		strings.Replace(good, issuerURL, "https://evil.test", 1), strings.Replace(good, clientID, "rs-2", 1), strings.Replace(good, "IAT", "1", 1), `{"active":true,` + good[1:],
		`{"token_introspection":{"active":true},` + good[1:], `{"exp":1,` + good[1:], strings.Replace(good, "token_introspection", "x", 1),
	} {
		f.Add(header, c, "")
	}
	for _, whole := range []string{"a.b.c", "..", "e30.e30.", fuzzSeeds()[0], "a.b.c.d.e"} {
		f.Add("", "", whole)
	}
	f.Fuzz(func(t *testing.T, header, claims, whole string) {
		header = strings.ReplaceAll(header, "KID", kid)
		claims = strings.ReplaceAll(claims, "IAT", fmt.Sprint(time.Now().Unix()))
		s.body = s.f.as.Sign([]byte(header), []byte(claims), "")
		if whole != "" {
			s.body, header, claims = whole, "", ""
		}
		var inner []byte
		if o, err := object([]byte(claims)); err == nil && value(o, "iss") == issuerURL && strings.Contains(string(o["aud"]), clientID) && o["active"] == nil && saysES256(header) {
			inner = o["token_introspection"]
		}
		s.judge(t, v, inner, auth.KindUnauthenticated, auth.KindUnavailable)
	})
}

// saysES256 reports whether a header is one under which an answer may be accepted.
func saysES256(header string) bool {
	h, err := object([]byte(header))
	typ, _ := value(h, "typ").(string)
	return err == nil && value(h, "alg") == "ES256" && strings.TrimPrefix(strings.ToLower(typ), "application/") == "token-introspection+jwt"
}

// The seeds are of some use: one of them is accepted.
func TestFuzzSeeds(t *testing.T) {
	f := newFixture(t)
	f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", fuzzSeeds()[0]))
	if _, err := verify(t.Context(), f.verifier(t), "token"); err != nil {
		t.Error(causes(err))
	}
}
