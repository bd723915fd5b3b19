// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/internal/attacks"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// The fuzzer runs in several processes, which must agree on the keys, so that
// these are fixed. They sign nothing else.
const (
	fuzzEC = "es256" // as in the corpus
	fuzzEd = "eddsa"
)

func fuzzKeys(t testing.TB) (*ecdsa.PrivateKey, ed25519.PrivateKey) {
	t.Helper()
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return ec, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
}

// oracle is the other opinion: what it says must be true of every accepted
// token, by the standard library alone.
type oracle struct {
	ec *ecdsa.PrivateKey
	ed ed25519.PrivateKey
	v  *jwtauth.Verifier

	fixture *fixture
}

func newOracle(f *testing.F, c jwtauth.Config) *oracle {
	f.Helper()
	fixture := newFixture(f, "ES256")
	o := &oracle{fixture: fixture}
	o.ec, o.ed = fuzzKeys(f)
	point, err := o.ec.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	fixture.keySet(
		fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"alg":"ES256","x":%q,"y":%q}`, fuzzEC, b64(point[1:33]), b64(point[33:])),
		fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, fuzzEd, b64(o.ed.Public().(ed25519.PublicKey))),
	)
	o.v = fixture.verifier(f, c)
	// Otherwise a broken fixture would refuse everything, and nothing be tested.
	for _, alg := range []string{"ES256", "EdDSA"} {
		if _, err := verify(f.Context(), o.v, o.sign(alg, fuzzHeader(alg), fuzzClaims)); err != nil {
			f.Fatal(err, causes(err))
		}
	}
	return o
}

// sign signs header and claims as they stand.
func (o *oracle) sign(alg, header, claims string) string {
	input := b64([]byte(header)) + "." + b64([]byte(claims))
	if alg != "ES256" {
		return input + "." + b64(ed25519.Sign(o.ed, []byte(input)))
	}
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, o.ec, digest[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func fuzzHeader(alg string) string {
	kid := fuzzEd
	if alg == "ES256" {
		kid = fuzzEC
	}
	return fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, alg, kid)
}

const fuzzClaims = `{"iss":"` + issuerURL + `","sub":"u","aud":"` + audience + `","client_id":"c","iat":1700000000,"exp":4102444800,"jti":"j","scope":"read"}`

var base64url = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// sameAgain reads a document strictly, writes down what was read and reads that.
// Whatever there is to a document, a strict reader finds it both times.
func sameAgain(document []byte) error {
	first, err := strictjson.Parse(document)
	if err != nil {
		return fmt.Errorf("%q is not strict JSON: %w", document, err)
	}
	var written bytes.Buffer
	e := jsontext.NewEncoder(&written, jsontext.CanonicalizeRawInts(false), jsontext.PreserveRawStrings(true))
	_ = e.WriteToken(jsontext.BeginObject)
	for _, m := range first {
		if err := errors.Join(e.WriteToken(jsontext.String(m.Name)), e.WriteValue(m.Value)); err != nil {
			return fmt.Errorf("%q cannot be written again: %w", document, err)
		}
	}
	_ = e.WriteToken(jsontext.EndObject)
	second, err := strictjson.Parse(written.Bytes())
	if err != nil || len(second) != len(first) {
		return fmt.Errorf("%q became %q: %w", document, written.Bytes(), err)
	}
	for n := range first {
		var a, b any
		if err := errors.Join(json.Unmarshal(first[n].Value, &a), json.Unmarshal(second[n].Value, &b)); err != nil {
			return err
		}
		if first[n].Name != second[n].Name || !reflect.DeepEqual(a, b) {
			return fmt.Errorf("%q became %q", document, written.Bytes())
		}
	}
	return nil
}

// member returns a member that is a string, or "".
func member(o map[string]json.RawMessage, name string) string {
	var v any
	if json.Unmarshal(o[name], &v) != nil {
		return ""
	}
	s, _ := v.(string)
	return s
}

// number returns a member that is a number.
func number(o map[string]json.RawMessage, name string) (float64, bool) {
	var v any
	if json.Unmarshal(o[name], &v) != nil {
		return 0, false
	}
	n, ok := v.(float64)
	return n, ok
}

// objects says why the token may not be accepted, or nothing.
func (o *oracle) objects(token string, legacy bool, claims *auth.Claims) error {
	segments := strings.Split(token, ".")
	if len(segments) != 3 || len(token) > auth.MaxTokenSize {
		return fmt.Errorf("%d segments, %d bytes", len(segments), len(token))
	}
	var decoded [3][]byte
	for n, s := range segments {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || !base64url.MatchString(s) || base64.RawURLEncoding.EncodeToString(b) != s {
			return fmt.Errorf("segment %d is not canonical base64url", n)
		}
		decoded[n] = b
	}
	header, err := object(decoded[0])
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	body, err := object(decoded[1])
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	for _, document := range decoded[:2] {
		if err := sameAgain(document); err != nil {
			return err
		}
	}
	if err := o.objectsHeader(header, legacy); err != nil {
		return err
	}
	if err := o.objectsSignature(member(header, "alg"), []byte(segments[0]+"."+segments[1]), decoded[2]); err != nil {
		return err
	}
	return objectsClaims(body, legacy, claims)
}

func (o *oracle) objectsHeader(header map[string]json.RawMessage, legacy bool) error {
	for _, name := range []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip"} {
		if _, ok := header[name]; ok {
			return fmt.Errorf("the header has %s", name)
		}
	}
	typ, hasTyp := header["typ"]
	types := []string{"at+jwt", "application/at+jwt"}
	if legacy {
		types = append(types, "jwt", "application/jwt")
	}
	if !(legacy && !hasTyp) && !slices.Contains(types, strings.ToLower(member(header, "typ"))) {
		return fmt.Errorf("typ %s", typ)
	}
	want := map[string]string{"ES256": fuzzEC, "EdDSA": fuzzEd, "Ed25519": fuzzEd}[member(header, "alg")]
	if want == "" {
		return fmt.Errorf("alg %s", header["alg"])
	}
	// Without kid there is just one key of each algorithm.
	if kid, ok := header["kid"]; ok && member(header, "kid") != want {
		return fmt.Errorf("kid %s", kid)
	}
	return nil
}

func (o *oracle) objectsSignature(alg string, input, signature []byte) error {
	good := len(signature) == 64
	if alg == "ES256" {
		digest := sha256.Sum256(input)
		good = good && ecdsa.Verify(&o.ec.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	} else {
		good = good && ed25519.Verify(o.ed.Public().(ed25519.PublicKey), input, signature)
	}
	if !good {
		return errors.New("the signature does not verify")
	}
	return nil
}

func objectsClaims(body map[string]json.RawMessage, legacy bool, claims *auth.Claims) error {
	if member(body, "iss") != issuerURL || claims.Issuer() != issuerURL {
		return fmt.Errorf("iss %s", body["iss"])
	}
	var audiences []string
	if err := json.Unmarshal(body["aud"], &audiences); err != nil {
		audiences = []string{member(body, "aud")}
	}
	if !slices.Contains(audiences, audience) || !claims.HasAudience(audience) {
		return fmt.Errorf("aud %s", body["aud"])
	}
	now, margin := float64(time.Now().Unix()), skew.Seconds()
	exp, ok := number(body, "exp")
	if !ok || exp+margin <= now-1 {
		return fmt.Errorf("exp %s", body["exp"])
	}
	for _, name := range []string{"nbf", "iat"} {
		at, isNumber := number(body, name)
		_, present := body[name]
		if present && (!isNumber || at > now+margin+1) || name == "iat" && (present && at >= exp || !present && !legacy) {
			return fmt.Errorf("%s %s", name, body[name])
		}
	}
	if member(body, "sub") == "" || claims.Subject() != member(body, "sub") {
		return fmt.Errorf("sub %s", body["sub"])
	}
	client := member(body, "client_id")
	if _, ok := body["client_id"]; !ok && legacy {
		client = member(body, "azp")
	}
	if client == "" || claims.ClientID() != client {
		return fmt.Errorf("client %s", body["client_id"])
	}
	if jti, ok := body["jti"]; ok && member(body, "jti") == "" || !ok && !legacy {
		return fmt.Errorf("jti %s", jti)
	}
	if _, ok := body["cnf"]; ok {
		return errors.New("cnf")
	}
	scope, hasScope := body["scope"]
	granted := strings.FieldsFunc(member(body, "scope"), func(r rune) bool { return r == ' ' })
	if !slices.Equal(claims.Scopes(), granted) || legacy && !hasScope || hasScope && scope[0] != '"' {
		return fmt.Errorf("scope %s gave %q", scope, claims.Scopes())
	}
	if act, ok := body["act"]; ok && act[0] != '{' {
		return fmt.Errorf("act %s", act)
	}
	if details, ok := body["authorization_details"]; ok {
		var entries []map[string]json.RawMessage
		if json.Unmarshal(details, &entries) != nil || details[0] != '[' || slices.ContainsFunc(entries, func(e map[string]json.RawMessage) bool { return member(e, "type") == "" }) {
			return fmt.Errorf("authorization_details %s", details)
		}
	}
	if !legacy {
		return nil
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events", "sub_id", "token_introspection", "status_list", "htm", "htu"} {
		if _, ok := body[name]; ok {
			return fmt.Errorf("%s in an access token", name)
		}
	}
	for name, want := range map[string]string{"typ": "bearer", "token_use": "access"} {
		if v, ok := body[name]; ok && !strings.EqualFold(member(body, name), want) {
			return fmt.Errorf("%s %s", name, v)
		}
	}
	return nil
}

// judge offers a token and checks the answer.
func (o *oracle) judge(t *testing.T, token string, legacy bool) {
	t.Helper()
	claims, err := verify(t.Context(), o.v, token)
	if err == nil {
		if objection := o.objects(token, legacy, claims); objection != nil {
			t.Errorf("accepted %q: %v", token, objection)
		}
		return
	}
	if _, isRefusal := errors.AsType[*auth.Error](err); !isRefusal || claims != nil {
		t.Errorf("%q: claims %v, error %T", token, claims, err)
	}
	// Short parts turn up by chance; these have 128 bits.
	var long []string
	for _, p := range parts(token) {
		if len(p) > 22 {
			long = append(long, p)
		}
	}
	if found := leak(err, long...); found != "" {
		t.Error(found)
	}
}

// corpusSeeds passes the headers and claims of the corpus on. Those with keys in
// them are left out, as the fuzzer's processes have others.
func corpusSeeds(f *testing.F, add func(header, claims string)) {
	f.Helper()
	for _, c := range attackCorpus(f) {
		if text := asJSON(c); strings.Contains(text, "${jwk ") || strings.Contains(text, "${good") {
			continue
		}
		if header, claims := c.Texts(); len(header)+len(claims) < 4<<10 {
			add(header, claims)
		}
	}
}

// FuzzVerify: whatever is accepted is a JWT that the standard library would
// accept as well, byte for byte.
func FuzzVerify(f *testing.F) {
	o := newOracle(f, strict())
	for _, alg := range []string{"ES256", "EdDSA"} {
		token := o.sign(alg, fuzzHeader(alg), fuzzClaims)
		p := strings.Split(token, ".")
		for _, seed := range []string{
			token, p[0] + "." + p[1] + ".", "." + p[1] + "." + p[2], p[0] + ".." + p[2], p[0] + "." + p[1], token + ".", token + ".e30", "." + token,
			token + "=", token + "==", token[:len(token)-1], token + "A", p[1] + "." + p[0] + "." + p[2], spare(token),
			b64([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + p[1] + ".",
			b64([]byte(`{"alg":"HS256","typ":"at+jwt","kid":"`+fuzzEC+`"}`)) + "." + p[1] + "." + p[2],
			p[0] + "." + b64([]byte(strings.Replace(fuzzClaims, `"sub":"u"`, `"sub":"root"`, 1))) + "." + p[2],
			p[0] + "." + p[1] + "." + b64(make([]byte, 64)),
			strings.Replace(token, "_", "/", 1), strings.Replace(token, "-", "+", 1), p[0] + "\n." + p[1] + "." + p[2],
		} {
			f.Add(seed)
		}
	}
	corpusSeeds(f, func(header, claims string) { f.Add(o.sign("ES256", header, claims)) })
	f.Add("")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) { o.judge(t, token, false) })
}

// spare flips a spare bit of the signature.
func spare(token string) string {
	end := strings.LastIndexByte(token, '.') + 1
	return token[:end] + attacks.SpareBits(token[end:])
}

var fuzzAlgorithms = []string{"ES256", "EdDSA", "Ed25519"}

// FuzzHeader signs whatever the fuzzer makes of a header.
func FuzzHeader(f *testing.F) {
	o := newOracle(f, strict())
	for n, alg := range fuzzAlgorithms {
		good := fuzzHeader(alg)
		for _, seed := range []string{
			good, `{"alg":"` + alg + `","typ":"at+jwt"}`, `{}`, `[]`, `null`, `"x"`, ``, ` `, good + "x", good + good, " " + good + "\n", "\ufeff" + good,
			`{"alg":"none",` + good[1:], `{"ALG":"none",` + good[1:], `{"\u0061lg":"none",` + good[1:], `{"` + "\u212a" + `id":"x",` + good[1:],
			`{"crit":["exp"],` + good[1:], `{"b64":false,` + good[1:], `{"jwk":{},` + good[1:], `{"jku":"https://evil.test",` + good[1:], `{"x5c":[],` + good[1:],
			`{"zip":"DEF",` + good[1:], `{"cty":"JWT",` + good[1:], `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "," + good[1:],
			strings.Replace(good, "at+jwt", "APPLICATION/AT+JWT", 1), strings.Replace(good, "at+jwt", "JWT", 1), strings.Replace(good, alg, "HS256", 1), strings.Replace(good, `"`+alg+`"`, "null", 1),
		} {
			f.Add(byte(n), seed)
		}
	}
	corpusSeeds(f, func(header, _ string) { f.Add(byte(0), header) })
	f.Fuzz(func(t *testing.T, alg byte, header string) {
		o.judge(t, o.sign(fuzzAlgorithms[int(alg)%len(fuzzAlgorithms)], header, fuzzClaims), false)
	})
}

func fuzzClaimSeeds(f *testing.F) {
	f.Helper()
	corpusSeeds(f, func(_, claims string) { f.Add(claims) })
	const good = fuzzClaims
	for _, seed := range []string{
		good, `{}`, `[]`, `null`, ``, good + good, " " + good, `{"sub":"root",` + good[1:], `{"SUB":"root",` + good[1:], `{"\u0073ub":"root",` + good[1:], `{"` + "\u017f" + `ub":"root",` + good[1:],
		`{"act":[],` + good[1:], `{"authorization_details":[{"type":"a"}],` + good[1:], `{"authorization_details":[{}],` + good[1:], `{"authorization_details":"a",` + good[1:],
		`{"cnf":{},` + good[1:], `{"nbf":4102444800,` + good[1:], `{"nbf":1e400,` + good[1:], `{"nbf":-9223372036854775808,` + good[1:], `{"scp":"admin",` + good[1:], `{"act":{"sub":"admin"},` + good[1:],
		strings.Replace(good, "4102444800", "1700000001", 1), strings.Replace(good, "4102444800", `"4102444800"`, 1), strings.Replace(good, "4102444800", "1E10", 1), strings.Replace(good, "4102444800", "4102444800.5", 1),
		strings.Replace(good, `"`+audience+`"`, `["x","`+audience+`"]`, 1), strings.Replace(good, `"`+audience+`"`, `[["`+audience+`"]]`, 1), strings.Replace(good, audience, "x "+audience, 1),
		strings.Replace(good, issuerURL, issuerURL+"/", 1), strings.Replace(good, `"read"`, `["read"]`, 1), strings.Replace(good, `"read"`, `" read  write\tx"`, 1), strings.Replace(good, `"u"`, `""`, 1), strings.Replace(good, `"u"`, `"\ud800"`, 1),
		strings.Replace(good, `"client_id":"c"`, `"azp":"c"`, 1), `{"typ":"Refresh",` + good[1:], `{"token_use":"id",` + good[1:], `{"nonce":"n",` + good[1:], `{"events":{},` + good[1:],
	} {
		f.Add(seed)
	}
}

// FuzzClaims signs whatever the fuzzer makes of claims.
func FuzzClaims(f *testing.F) {
	o := newOracle(f, strict())
	fuzzClaimSeeds(f)
	f.Fuzz(func(t *testing.T, claims string) { o.judge(t, o.sign("EdDSA", fuzzHeader("EdDSA"), claims), false) })
}

// FuzzLegacyClaims does the same for the other profile.
func FuzzLegacyClaims(f *testing.F) {
	o := newOracle(f, legacy())
	fuzzClaimSeeds(f)
	f.Fuzz(func(t *testing.T, claims string) {
		o.judge(t, o.sign("EdDSA", strings.Replace(fuzzHeader("EdDSA"), "at+jwt", "JWT", 1), claims), true)
	})
}

// FuzzIssuerClaims: no profile takes claims for those of an access token that
// lack what proves it.
func FuzzIssuerClaims(f *testing.F) {
	o := newOracle(f, strict())
	issuers := realIssuers()
	verifiers := make([]*jwtauth.Verifier, len(issuers))
	for n, issuer := range issuers {
		verifiers[n] = o.fixture.verifier(f, profileConfig(issuer.profile))
		claims := changed(members{"iss": issuerURL, "aud": audience, "iat": 1700000000, "exp": 4102444800}, issuer.user.claims)
		maps.DeleteFunc(claims, func(_ string, value any) bool { return value == absent })
		f.Add(byte(n), asJSON(claims))
		for _, p := range issuer.proofs {
			less := maps.Clone(claims)
			delete(less, p.claim)
			f.Add(byte(n), asJSON(less))
		}
	}
	// Where one claim does as well as another.
	instead := map[string]string{"Entra azp": "appid", "Entra azpacr": "appidacr", "Hydra scp": "scope", "Zitadel client_id": "azp"}
	f.Fuzz(func(t *testing.T, n byte, claims string) {
		issuer := issuers[int(n)%len(issuers)]
		token := o.sign("EdDSA", strings.Replace(fuzzHeader("EdDSA"), "at+jwt", "JWT", 1), claims)
		proved, err := verify(t.Context(), verifiers[int(n)%len(issuers)], token)
		if err != nil {
			if _, isRefusal := errors.AsType[*auth.Error](err); !isRefusal || proved != nil {
				t.Errorf("claims %v, error %T", proved, err)
			}
			return
		}
		body, err := object([]byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range issuer.proofs {
			_, ok := body[p.claim]
			_, other := body[instead[issuer.profile.String()+" "+p.claim]]
			if !ok && !other {
				t.Errorf("%v without %s: %s", issuer.profile, p.claim, claims)
			}
		}
		for name := range ownMarks {
			if _, ok := body[name]; ok {
				t.Errorf("%v with %s: %s", issuer.profile, name, claims)
			}
		}
		if proved.Principal() == auth.PrincipalUser && proved.Subject() == proved.ClientID() {
			t.Errorf("%v: a client is a user: %s", issuer.profile, claims)
		}
	})
}
