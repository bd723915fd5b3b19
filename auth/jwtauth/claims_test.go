// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

func TestClaimsCorpus(t *testing.T) {
	f := newFixture(t, "ES256")
	const exp, aud, iss, sub, cnf, claims = jwtauth.CheckExpiry, jwtauth.CheckAudience, jwtauth.CheckIssuer, jwtauth.CheckSubject, jwtauth.CheckBinding, jwtauth.CheckClaims
	rows := []row{{"C1 exp absent", with(authtest.WithoutClaim("exp")), invalid(exp)}}
	for _, value := range []string{"null", `"1700000000"`, `"never"`, "true", "[]", "{}", "1e400", "-1e400", "1e30", "9223372036854775808", "9007199254740994", `"2030-01-01T00:00:00Z"`} {
		rows = append(rows, row{"C1 exp " + value, with(raw("exp", value)), invalid(exp)})
	}
	for _, value := range []string{"NaN", "Infinity", "-Infinity", "0x1", "01", "+1", "1.", ".5", "1_0"} {
		rows = append(rows, row{"C1 exp " + value, with(raw("exp", value)), invalid(claims)})
	}
	// These are in the past, and before iat as well: whoever issued such a token
	// would issue the same again.
	for _, value := range []string{"0", "-1", "-0", "1e-400", "-9007199254740992"} {
		rows = append(rows, row{"C1 exp " + value, with(raw("exp", value)), invalid("")})
	}
	for _, value := range []string{"9007199254740992", "1E10", "1.7e+10", "4102444800.5"} {
		rows = append(rows, row{"C2 exp " + value, with(raw("exp", value)), ok})
	}
	for _, value := range []string{"9223372036854775807", "-9223372036854775808", `"x"`, "null", "1e400", "[0]"} {
		rows = append(rows,
			row{"C3 nbf " + value, with(raw("nbf", value)), invalid(jwtauth.CheckNotBefore)},
			row{"C4 iat " + value, with(raw("iat", value)), invalid(jwtauth.CheckIssuedAt)})
	}
	rows = append(rows,
		row{"C4 iat after exp", with(authtest.RawClaims(claimsJSON(map[string]any{"iat": time.Now().Unix() + 30, "exp": time.Now().Unix() + 20}))), invalid(jwtauth.CheckIssuedAt)},
		row{"C4 iat equal to exp", with(authtest.RawClaims(claimsJSON(map[string]any{"iat": time.Now().Unix() + 30, "exp": time.Now().Unix() + 30}))), invalid(jwtauth.CheckIssuedAt)},
		row{"C4 iat 10 years old", with(authtest.IssuedAt(time.Now().AddDate(-10, 0, 0)), authtest.Lifetime(11*365*24*time.Hour)), ok},

		row{"C6 R", with(authtest.Claim("aud", audience)), ok},
		row{"C6 [R]", with(authtest.Claim("aud", []string{audience})), ok},
		row{"C6 [x,R]", with(authtest.Claim("aud", []string{"x", audience})), ok},
		row{"C6 [R,R]", with(authtest.Claim("aud", []string{audience, audience})), ok},
		row{"C6 absent", with(authtest.WithoutClaim("aud")), invalid(aud)},
		row{"C7 absent", with(authtest.WithoutClaim("iss")), invalid(iss)},
	)
	for _, value := range []any{[]string{}, "", nil, map[string]int{audience: 1}, []any{[]string{audience}}, []any{audience, 5}, []any{audience, nil}, 5, true,
		audience + "/", audience + ".evil", strings.ToUpper(audience), "https%3A%2F%2Frs.test", "x " + audience, audience + " x", audience + "\x00", " " + audience,
		"https://rs.test:443", "http://rs.test", "rs.test", []string{""}, []string{"x", "y"}, "https://r\u0455.test", "*"} {
		rows = append(rows, row{"C6 " + asJSON(value), with(authtest.Claim("aud", value)), invalid(aud)})
	}
	for _, value := range []string{issuerURL + "/", "https://AS.test", "https://as.test:443", "http://as.test", "https://\u0430s.test", "", " " + issuerURL, issuerURL + "\x00", issuerURL + "#", "HTTPS://as.test", "https://as.test/.", "https://as.test."} {
		rows = append(rows, row{"C7 " + asJSON(value), with(authtest.Claim("iss", value)), foreign(iss)})
	}
	for _, value := range []any{[]string{issuerURL}, nil, 5, true, map[string]int{issuerURL: 1}} {
		rows = append(rows, row{"C7 " + asJSON(value), with(authtest.Claim("iss", value)), invalid(iss)})
	}
	for _, value := range []any{[]string{"read"}, map[string]int{}, nil, 5, true} {
		rows = append(rows, row{"C8 scope " + asJSON(value), with(authtest.Claim("scope", value)), invalid(jwtauth.CheckScope)})
	}
	rows = append(rows,
		row{"C9 Scope beside scope", with(authtest.Claim("Scope", "write")), invalid(claims)},
		row{"C9 scope with U+017F beside scope", with(authtest.Claim("\u017fcope", "write")), invalid(claims)},
		row{"C10 sub absent", with(authtest.WithoutClaim("sub")), invalid(sub)},
		row{"C10 sub of 1 MiB", with(authtest.Subject(strings.Repeat("s", 1<<20))), malformed(auth.CheckCredentialSize)},
		row{"C14 cnf null", with(authtest.Claim("cnf", nil)), invalid(cnf)},
	)
	for _, value := range []any{"", 5, nil, []string{"user-1"}, map[string]int{}} {
		rows = append(rows, row{"C10 sub " + asJSON(value), with(authtest.Subject(""), authtest.Claim("sub", value)), invalid(sub)})
	}
	for _, value := range []string{`{}`, `{"jkt":1}`, `{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`, `{"jwk":{"kty":"EC"}}`,
		`{"jkt":"a","x5t#S256":"b"}`, `{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, `{"unknown":1}`, `"x"`, `[]`, `false`} {
		rows = append(rows, row{"C14 cnf " + value, with(raw("cnf", value)), invalid(cnf)})
	}
	// C11: whichever of the two a reader takes, somebody else takes the other.
	good := claimsJSON(nil)
	later := claimsJSON(map[string]any{"exp": time.Now().Unix() + 900})
	for name, evil := range map[string]string{"iss": `"https://evil.test"`, "aud": `"https://evil.test"`, "sub": `"root"`, "exp": `4102444800`} {
		escaped := fmt.Sprintf(`\u%04x%s`, name[0], name[1:])
		folded := map[string]string{"iss": "i\u017fs", "aud": "AUD", "sub": "\u017fub", "exp": "EXP"}[name]
		for spelling, member := range map[string]string{"twice": name, "differing by escape": escaped, "differing by case": folded, "in upper case": strings.ToUpper(name)} {
			text := fmt.Sprintf(`"%s":%s`, member, evil)
			rows = append(rows,
				row{"C11 " + name + " " + spelling + ", good last", with(authtest.RawClaims("{" + text + "," + good[1:])), invalid(claims)},
				row{"C11 " + name + " " + spelling + ", good first", with(authtest.RawClaims(strings.TrimSuffix(later, "}") + "," + text + "}")), invalid(claims)})
		}
	}
	rows = append(rows,
		row{"C11 duplicate deep in the claims", with(raw("x", `{"a":{"b":1,"b":2}}`)), invalid(claims)},
		row{"C11 duplicate that no one reads", with(authtest.RawClaims(`{"x":1,"x":1,` + good[1:])), invalid(claims)},
		row{"C11 the same name at two depths", with(raw("x", `{"sub":"root","iss":"https://evil.test"}`)), ok},
		row{"C12 act of depth 1000", with(raw("act", strings.Repeat(`{"act":`, 1000)+`1`+strings.Repeat(`}`, 1000))), invalid(claims)},
	)
	f.run(t, strict(), rows)
}

// Every claim that RFC 9068 requires, absent, empty and of the wrong type.
func TestRequiredClaims(t *testing.T) {
	f := newFixture(t, "ES256")
	checks := map[string]auth.Check{
		"iss": jwtauth.CheckIssuer, "exp": jwtauth.CheckExpiry, "aud": jwtauth.CheckAudience, "sub": jwtauth.CheckSubject,
		"client_id": jwtauth.CheckClient, "iat": jwtauth.CheckIssuedAt, "jti": jwtauth.CheckTokenID,
	}
	var rows []row
	for name, check := range checks {
		wrong := []any{nil, true, []any{}, map[string]any{}}
		if name == "iat" || name == "exp" {
			wrong = append(wrong, "", "1700000000")
		} else {
			wrong = append(wrong, 5)
			if name != "iss" { // an empty issuer is another issuer
				wrong = append(wrong, "")
			}
		}
		for _, value := range wrong {
			rows = append(rows, row{name + " " + asJSON(value), with(authtest.Claim(name, value)), invalid(check)})
		}
		rows = append(rows, row{name + " absent", with(authtest.WithoutClaim(name)), invalid(check)})
	}
	rows = append(rows,
		row{"sid 5", with(authtest.Claim("sid", 5)), invalid(jwtauth.CheckSession)},
		row{"sid null", with(authtest.Claim("sid", nil)), invalid(jwtauth.CheckSession)},
		row{"azp does not stand in for client_id", with(authtest.WithoutClaim("client_id"), authtest.Claim("azp", "client-1")), invalid(jwtauth.CheckClient)},
		row{"scope is not required", with(authtest.WithoutClaim("scope")), ok},
		row{"nonce is not forbidden: typ says it all", with(authtest.Claim("nonce", "n")), ok},
	)
	f.run(t, strict(), rows)
}

// The claims arrive as they are, and nothing else does.
func TestWhatIsProved(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.verifier(t, strict())
	now := time.Now().Truncate(time.Second)
	token := f.mint(
		authtest.IssuedAt(now), authtest.Lifetime(time.Minute), authtest.Claim("nbf", now.Unix()-5), authtest.Claim("jti", "id-1"), authtest.Claim("sid", "s-1"),
		authtest.Audience("x", audience), authtest.Scopes("read", "write"),
		// C12: an actor is not the subject.
		authtest.Claim("act", map[string]any{"sub": "admin", "exp": 1}), authtest.Claim("may_act", map[string]any{"sub": "admin"}),
	)
	c, err := verify(t.Context(), v, token)
	if err != nil {
		t.Fatal(err, causes(err))
	}
	got := []any{c.Issuer(), c.Subject(), c.ClientID(), c.Principal(), c.TokenID(), c.SessionID(), c.KeyID(), c.Audiences(), c.Scopes(),
		c.IssuedAt().Unix(), c.NotBefore().Unix(), c.Expiry().Unix(), c.Deadline().Unix()}
	want := []any{issuerURL, "user-1", "client-1", auth.PrincipalUser, "id-1", "s-1", f.as.KeyID(), []string{"x", audience}, []string{"read", "write"},
		now.Unix(), now.Unix() - 5, now.Unix() + 60, now.Unix() + 120}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// C10: a client that is its own subject is no user.
	c, err = verify(t.Context(), v, f.mint(authtest.Subject("client-1")))
	if err != nil || c.Principal() != auth.PrincipalClient {
		t.Errorf("sub = client_id: %v, %v", c, err)
	}
	// A kid is reported only where the token named one.
	c, err = verify(t.Context(), v, f.mint(authtest.WithoutHeader("kid")))
	if err != nil || c.KeyID() != "" {
		t.Errorf("no kid: %v, %v", c, err)
	}
}

// C10: what a subject holds cannot break a log line.
func TestSubjectInLogs(t *testing.T) {
	f := newFixture(t, "ES256")
	for _, subject := range []string{"a\x00b", "a\r\nlevel=ERROR msg=forged", "a\u2028b", "\x1b[31m", `a" b="c`} {
		c, err := verify(t.Context(), f.verifier(t, strict()), f.mint(authtest.Subject(subject)))
		if err != nil {
			t.Fatal(err, causes(err))
		}
		if c.Subject() != subject {
			t.Errorf("subject %q became %q", subject, c.Subject())
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "claims", c)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "claims", c)
		printed := log.String() + fmt.Sprintf("%v %+v %#v %s", c, c, c, c)
		if strings.Count(printed, "\n") != 2 || strings.ContainsAny(printed, "\r\x00\x1b\u2028") {
			t.Errorf("printed as %q", printed)
		}
	}
}

func TestScopes(t *testing.T) {
	f := newFixture(t, "ES256")
	for _, tc := range []struct {
		name      string
		option    authtest.TokenOption
		grantable []string
		want      []string
	}{
		{"C8 read", authtest.Claim("scope", "read"), nil, []string{"read"}},
		{"C8 read write", authtest.Claim("scope", "read write"), nil, []string{"read", "write"}},
		{"C8 reader", authtest.Claim("scope", "reader"), nil, []string{"reader"}},
		{"C8 READ", authtest.Claim("scope", "READ"), nil, []string{"READ"}},
		{"C8 a tab does not separate", authtest.Claim("scope", "read\twrite"), nil, []string{"read\twrite"}},
		{"C8 nor does a line break", authtest.Claim("scope", "read\nwrite"), nil, []string{"read\nwrite"}},
		{"C8 nor does U+00A0", authtest.Claim("scope", "read\u00a0write"), nil, []string{"read\u00a0write"}},
		{"C8 space in front", authtest.Claim("scope", " read"), nil, []string{"read"}},
		{"C8 spaces everywhere", authtest.Claim("scope", "  read   write "), nil, []string{"read", "write"}},
		{"C8 empty", authtest.Claim("scope", ""), nil, nil},
		{"C8 absent", authtest.WithoutClaim("scope"), nil, nil},
		{"C9 scp", authtest.RawClaims(claimsJSON(map[string]any{"scope": nil, "scp": "read"})), nil, nil},
		{"C9 scp array", authtest.RawClaims(claimsJSON(map[string]any{"scope": nil, "scp": []string{"read"}})), nil, nil},
		{"C9 scopes", authtest.RawClaims(claimsJSON(map[string]any{"scope": nil, "scopes": "read"})), nil, nil},
		{"C9 Scope", authtest.RawClaims(claimsJSON(map[string]any{"scope": nil, "Scope": "read"})), nil, nil},
		{"C9 scope with U+017F", authtest.RawClaims(claimsJSON(map[string]any{"scope": nil, "\u017fcope": "read"})), nil, nil},
		{"C9 permissions", authtest.Claim("permissions", []string{"write"}), nil, []string{"read"}},
		{"grantable: all of them", authtest.Scopes("read", "write"), []string{"read", "write"}, []string{"read", "write"}},
		{"grantable: some", authtest.Scopes("read", "write", "admin"), []string{"write", "x"}, []string{"write"}},
		{"grantable: none", authtest.Scopes("read", "write"), []string{}, nil},
		{"grantable: compared exactly", authtest.Scopes("Read", "read2"), []string{"read"}, nil},
		{"grantable: not a gift", authtest.Scopes(), []string{"read"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := strict()
			c.GrantableScopes = tc.grantable
			v := f.verifier(t, c)
			claims, err := verify(t.Context(), v, f.mint(tc.option))
			if err != nil {
				t.Fatal(err, causes(err))
			}
			if got := claims.Scopes(); !slices.Equal(got, tc.want) {
				t.Errorf("scopes %q, want %q", got, tc.want)
			}
			if claims.HasScope("") || claims.HasScope("admin") {
				t.Error("a scope that was never granted")
			}
			if got := v.Describe().LimitsScopes; got != (tc.grantable != nil) {
				t.Errorf("LimitsScopes %v", got)
			}
		})
	}
}

func TestLegacyProfile(t *testing.T) {
	f := newFixture(t, "ES256")
	jwt := authtest.Header("typ", "JWT")
	typ, kind, client := invalid(jwtauth.CheckType), invalid(jwtauth.CheckKind), invalid(jwtauth.CheckClient)
	idToken := func(change map[string]any) authtest.TokenOption {
		claims := map[string]any{"scope": nil, "client_id": nil, "jti": nil, "auth_time": 1, "email": "u@example.test"}
		for k, v := range change {
			claims[k] = v
		}
		return authtest.RawClaims(claimsJSON(claims))
	}
	f.run(t, legacy(), []row{
		{"typ JWT", with(jwt), ok},
		{"typ jwt", with(authtest.Header("typ", "jwt")), ok},
		{"typ application/jwt", with(authtest.Header("typ", "application/jwt")), ok},
		{"typ at+jwt", with(), ok},
		{"no typ", with(authtest.WithoutHeader("typ")), ok},
		{"azp in place of client_id", with(jwt, authtest.WithoutClaim("client_id"), authtest.Claim("azp", "c")), ok},
		{"no iat, no jti", with(jwt, authtest.WithoutClaim("iat"), authtest.WithoutClaim("jti")), ok},
		{"typ claim Bearer", with(jwt, authtest.Claim("typ", "Bearer")), ok},
		{"typ claim bearer", with(jwt, authtest.Claim("typ", "bearer")), ok},
		{"token_use access", with(jwt, authtest.Claim("token_use", "access")), ok},
		{"empty scope", with(jwt, authtest.Scopes()), ok},

		{"typ empty", with(authtest.Header("typ", "")), typ},
		{"typ null", with(authtest.Header("typ", nil)), typ},
		{"typ application/", with(authtest.Header("typ", "application/")), typ},
		{"typ JWS", with(authtest.Header("typ", "JWS")), typ},
		{"J16 logout+jwt", with(authtest.Header("typ", "logout+jwt")), typ},
		{"J16 secevent+jwt", with(authtest.Header("typ", "secevent+jwt")), typ},
		{"J16 dpop+jwt", with(authtest.Header("typ", "dpop+jwt")), typ},
		{"J16 token-introspection+jwt", with(authtest.Header("typ", "token-introspection+jwt")), typ},
		{"J16 client-authentication+jwt", with(authtest.Header("typ", "client-authentication+jwt")), typ},
		{"J16 statuslist+jwt", with(authtest.Header("typ", "statuslist+jwt")), typ},

		{"J17 ID token, typ absent, nonce", with(authtest.WithoutHeader("typ"), idToken(map[string]any{"nonce": "n"})), kind},
		{"J17 ID token, at_hash", with(jwt, idToken(map[string]any{"at_hash": "h"})), kind},
		{"J17 ID token, c_hash", with(jwt, idToken(map[string]any{"c_hash": "h"})), kind},
		{"J17 ID token, s_hash", with(jwt, idToken(map[string]any{"s_hash": "h"})), kind},
		{"J17 ID token with everything an access token has, and nonce", with(jwt, authtest.Claim("nonce", "n")), kind},
		{"J17 nonce null", with(jwt, authtest.Claim("nonce", nil)), kind},
		{"J17 ID token without a mark, no scope", with(jwt, idToken(map[string]any{"client_id": "c"})), invalid(jwtauth.CheckScope)},
		{"J17 no scope", with(jwt, authtest.WithoutClaim("scope")), invalid(jwtauth.CheckScope)},
		{"J17 no client_id, no azp", with(jwt, authtest.WithoutClaim("client_id")), client},
		{"J17 empty client_id, good azp", with(jwt, authtest.ClientID(""), authtest.Claim("azp", "c")), client},
		{"J17 client_id null, good azp", with(jwt, authtest.Claim("client_id", nil), authtest.Claim("azp", "c")), client},
		{"J17 azp of another type", with(jwt, authtest.WithoutClaim("client_id"), authtest.Claim("azp", []string{"c"})), client},
		{"J17 logout token", with(jwt, authtest.Claim("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}})), kind},
		{"J17 security event", with(jwt, authtest.Claim("events", nil)), kind},
		{"J17 refresh token by typ claim", with(jwt, authtest.Claim("typ", "Refresh")), kind},
		{"J17 ID token by typ claim", with(jwt, authtest.Claim("typ", "ID")), kind},
		{"J17 offline token by typ claim", with(jwt, authtest.Claim("typ", "Offline")), kind},
		{"J17 typ claim empty", with(jwt, authtest.Claim("typ", "")), kind},
		{"J17 typ claim null", with(jwt, authtest.Claim("typ", nil)), kind},
		{"J17 typ claim array", with(jwt, authtest.Claim("typ", []string{"Bearer"})), kind},
		{"J17 token_use id", with(jwt, authtest.Claim("token_use", "id")), kind},
		{"J17 token_use null", with(jwt, authtest.Claim("token_use", nil)), kind},

		{"still: exp", with(jwt, authtest.WithoutClaim("exp")), invalid(jwtauth.CheckExpiry)},
		{"still: aud", with(jwt, authtest.WithoutClaim("aud")), invalid(jwtauth.CheckAudience)},
		{"still: sub", with(jwt, authtest.WithoutClaim("sub")), invalid(jwtauth.CheckSubject)},
		{"still: iat in the future", with(jwt, authtest.Claim("iat", time.Now().Add(time.Hour).Unix()), authtest.Claim("exp", time.Now().Add(2*time.Hour).Unix())), invalid(jwtauth.CheckIssuedAt)},
		{"still: jti of the wrong type", with(jwt, authtest.Claim("jti", 5)), invalid(jwtauth.CheckTokenID)},
		{"still: cnf", with(jwt, raw("cnf", `{"jkt":"x"}`)), invalid(jwtauth.CheckBinding)},
		{"still: alg none", with(jwt, authtest.Header("alg", "none"), authtest.Signature(none)), invalid(jwtauth.CheckAlgorithm)},
	})
	c, err := verify(t.Context(), f.verifier(t, legacy()), f.mint(jwt, authtest.WithoutClaim("client_id"), authtest.Claim("azp", "the-client")))
	if err != nil || c.ClientID() != "the-client" {
		t.Errorf("azp: %v, %v", c, err)
	}
	// Both present: client_id is the one that RFC 9068 defines.
	c, err = verify(t.Context(), f.verifier(t, legacy()), f.mint(jwt, authtest.Claim("azp", "other")))
	if err != nil || c.ClientID() != "client-1" {
		t.Errorf("client_id and azp: %v, %v", c, err)
	}
}
