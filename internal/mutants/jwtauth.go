// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// jwtauthMutants are those of auth/jwtauth.
var jwtauthMutants = []mutant{
	{
		"jwt: what does not decode may be no JWT", "auth/jwtauth/token.go",
		"if _, ok = jws.Split(raw); ok {",
		"if ok {",
	},
	{
		"jwt: header is looked at", "auth/jwtauth/token.go",
		"if t.header, t.document, err = jws.ObjectInto(t.header, t.document, segments.Header); err != nil {",
		"if t.header, t.document, err = jws.ObjectInto(t.header, t.document, segments.Header); false {",
	},
	{
		"jwt: alg allowed", "auth/jwtauth/header.go",
		"if _, ok := v.algorithms[h.alg]; !ok {",
		`if _, ok := v.algorithms[h.alg]; !ok && h.alg == "" {`,
	},
	{
		"jwt: typ", "auth/jwtauth/header.go",
		`o.Has("typ") && typ == "" || !v.profile.accepts(typ)`,
		`typ == "none"`,
	},
	{
		"jwt: scheme", "auth/jwtauth/verifier.go",
		"if c.Scheme() != auth.SchemeBearer {",
		`if c.Scheme() == "x" {`,
	},
	{
		"jwt: iss", "auth/jwtauth/verifier.go",
		"if iss != v.issuer {",
		`if iss == "none" {`,
	},
	{
		"jwt: iss is a string", "auth/jwtauth/verifier.go",
		`	if err != nil {
		return auth.InvalidToken(CheckIssuer, err)
	}
`,
		`	if err != nil {
		iss = v.issuer
	}
`,
	},
	{
		"jwt: signature", "auth/jwtauth/verifier.go",
		"if h.allowed.method.Verify(t.signed, t.signature, key) != nil {",
		"if _ = key; v.algorithms == nil {",
	},
	{
		"jwt: signature under a new key", "auth/jwtauth/verifier.go",
		"|| h.allowed.method.Verify(t.signed, t.signature, key) != nil {",
		"{",
	},
	{
		"jwt: outage is not invalid", "auth/jwtauth/verifier.go",
		"if errors.As(err, &unavailable) {",
		"if errors.As(err, &unavailable) && false {",
	},
	{
		"jwt: unknown key, asked after arrival", "auth/jwtauth/verifier.go",
		"if unknown.Final {",
		"if false {",
	},
	{
		"jwt: unknown key, issued before the fetch", "auth/jwtauth/verifier.go",
		"if iatErr == nil && iat",
		"if iatErr != nil && iat",
	},
	{
		"jwt: unknown key may be new", "auth/jwtauth/verifier.go",
		"return auth.Unavailable(CheckKeys, unknown.RetryAfter, unknown)",
		"return auth.InvalidToken(CheckKey, unknown)",
	},
	{
		"new jwt: issuer", "auth/jwtauth/config.go",
		"if iss == nil {",
		"if false {",
	},
	{
		"new jwt: audience", "auth/jwtauth/config.go",
		"if len(c.Audiences) == 0 {",
		"if false {",
	},
	{
		"new jwt: empty audience", "auth/jwtauth/config.go",
		`if a == "" {`,
		`if a == "none" {`,
	},
	{
		"new jwt: profile", "auth/jwtauth/config.go",
		"if _, ok := profiles[c.Profile]; !ok {",
		"if false {",
	},
	{
		"new jwt: skew above 300 s", "auth/jwtauth/config.go",
		"if c.ClockSkew > maxClockSkew {",
		"if false {",
	},
	{
		"new jwt: negative skew", "auth/jwtauth/config.go",
		"if c.ClockSkew < 0 && c.ClockSkew != NoClockSkew {",
		"if false {",
	},
	{
		"jwt: claims of another kind", "auth/jwtauth/profile.go",
		`		if claims.Has(name) {
			return auth.InvalidToken(CheckKind`,
		`		if claims.Has(name) && false {
			return auth.InvalidToken(CheckKind`,
	},
	{
		"jwt: claims with another value", "auth/jwtauth/profile.go",
		"err != nil || !strings.EqualFold(value, want)",
		"err != nil && value == want",
	},
	{
		"jwt: required claims", "auth/jwtauth/profile.go",
		"if !claims.Has(name) {",
		"if false {",
	},
	{
		"jwt: empty client", "auth/jwtauth/profile.go",
		`if err == nil && id == "" {`,
		"if false {",
	},
	{
		"jwt: empty media type", "auth/jwtauth/profile.go",
		` && (short != "" || typ == "")`,
		"",
	},
	{
		"jwt: cnf", "auth/jwtauth/claims.go",
		`if o.Has("cnf") {`,
		"if false {",
	},
	{
		"jwt: kind", "auth/jwtauth/claims.go",
		"if err := v.profile.checkKind(o); err != nil {",
		"if err := v.profile.checkKind(o); err != nil && err.Kind == 0 {",
	},
	{
		"jwt: sub", "auth/jwtauth/claims.go",
		`err != nil || d.Subject == ""`,
		"false",
	},
	{
		"jwt: client_id", "auth/jwtauth/claims.go",
		"if d.ClientID, err = v.profile.clientID(o); err != nil {",
		"if d.ClientID, err = v.profile.clientID(o); false {",
	},
	{
		"jwt: jti", "auth/jwtauth/claims.go",
		`err != nil || d.TokenID == "" && o.Has("jti")`,
		"false",
	},
	{
		"jwt: sid", "auth/jwtauth/claims.go",
		`if d.SessionID, err = o.StringOr("sid", ""); err != nil {`,
		`if d.SessionID, err = o.StringOr("sid", ""); false {`,
	},
	{
		"jwt: exp is there and a number", "auth/jwtauth/claims.go",
		`if d.Expiry, err = o.NumericDate("exp"); err != nil {`,
		`if d.Expiry, err = o.NumericDate("exp"); err != nil {
		d.Expiry = now.Add(time.Hour)
	}
	if false {`,
	},
	{
		"jwt: exp", "auth/jwtauth/claims.go",
		"if !now.Before(d.Deadline) {",
		"if false {",
	},
	{
		"jwt: nbf", "auth/jwtauth/claims.go",
		`d.NotBefore, err = claimset.Past(o, "nbf", now.Add(v.skew)); err != nil {`,
		`d.NotBefore, err = claimset.Past(o, "nbf", now.Add(v.skew)); false {`,
	},
	{
		"jwt: iat", "auth/jwtauth/claims.go",
		`d.IssuedAt, err = claimset.Past(o, "iat", now.Add(v.skew)); err != nil {`,
		`d.IssuedAt, err = claimset.Past(o, "iat", now.Add(v.skew)); false {`,
	},
	{
		"jwt: iat before exp", "auth/jwtauth/claims.go",
		"if !d.IssuedAt.Before(d.Expiry) {",
		"if false {",
	},
	{
		"jwt: custom claims", "auth/jwtauth/claims.go",
		`strictjson.Unmarshal); err != nil {
		return nil, auth.InvalidToken(CheckCustom`,
		`strictjson.Unmarshal); false {
		return nil, auth.InvalidToken(CheckCustom`,
	},
	{
		"jwt: auth_time", "auth/jwtauth/claims.go",
		`"auth_time", time.Now().Add(v.skew)); err != nil {`,
		`"auth_time", time.Now().Add(v.skew)); false {`,
	},
	{
		"jwt: a header is known after a good signature", "auth/jwtauth/verifier.go",
		"if h.allowed.method.Verify(t.signed, t.signature, key) != nil {",
		`v.known.add(h)
	if h.allowed.method.Verify(t.signed, t.signature, key) != nil {`,
	},
	{
		"jwt: known headers are the same", "auth/jwtauth/knownheader.go",
		"if known.segment == segment {",
		"if len(known.segment) == len(segment) {",
	},
	{
		"jwt: known headers are small", "auth/jwtauth/knownheader.go",
		"if len(h.segment) > maxKnownHeader {",
		"if false {",
	},
	{
		"jwt: a user's claims are apart", "auth/jwtauth/claims.go",
		"d.Payload = slices.Clone(t.payload)",
		"_ = slices.Clone(t.payload)",
	},
	{
		"jwt: a token has nothing of another", "auth/jwtauth/token.go",
		`t.signed, t.segment, t.known, t.data = "", "", nil, auth.ClaimsData{}`,
		`t.signed, t.segment, t.known = "", "", nil`,
	},
	{
		"jwt: signature decodes", "auth/jwtauth/token.go",
		"if t.signature, err = jws.AppendDecoded(t.signature, segments.Signature); err != nil {",
		"if t.signature, err = jws.AppendDecoded(t.signature, segments.Signature); false {",
	},
	{
		"jwt: kid is looked at", "auth/jwtauth/header.go",
		"if h.kid, err = jws.KeyID(o); err != nil {",
		"if h.kid, err = jws.KeyID(o); false {",
	},
	{
		"jwt: aud is looked at", "auth/jwtauth/claims.go",
		"v.audiences); other != nil {",
		"v.audiences); other != nil && len(v.audiences) == 0 {",
	},
	{
		"jwt: scope is looked at", "auth/jwtauth/mapping.go",
		"v.grantable); err != nil {",
		"v.grantable); false {",
	},
	{
		"jwt: scopes are limited", "auth/jwtauth/mapping.go",
		"v.names.Scopes, v.grantable)",
		"v.names.Scopes, nil)",
	},
	{
		"jwt: roles are looked at", "auth/jwtauth/mapping.go",
		"	roles, err := claimset.Roles(o, v.names.Roles)\n	if err != nil {",
		"	roles, err := claimset.Roles(o, v.names.Roles)\n	if false {",
	},
	{
		"jwt: mapped claim is looked at", "auth/jwtauth/mapping.go",
		"mapped.required); err != nil {",
		"mapped.required); false {",
	},
	{
		"jwt profiles: required is looked at", "auth/jwtauth/expect.go",
		"if err := claimset.Require(o, v.required); err != nil {",
		"if err := claimset.Require(o, v.required); err != nil && v.required == nil {",
	},
	{
		"jwt profiles: marks", "auth/jwtauth/mark.go",
		"err != nil || !strings.EqualFold(value, want)",
		"err != nil && value == want",
	},
	{
		"jwt profiles: oneOf", "auth/jwtauth/mark.go",
		"if !slices.ContainsFunc(names, claims.Has) {",
		"if false && slices.ContainsFunc(names, claims.Has) {",
	},
	{
		"jwt profiles: check", "auth/jwtauth/mark.go",
		"if p.check == nil {",
		"if true {",
	},
	{
		"jwt profiles: other profiles named: wrong typ", "auth/jwtauth/profile.go",
		`(present != (typ == "")) && other`,
		"other",
	},
	{
		"jwt profiles: accessOnly typ", "auth/jwtauth/profile.go",
		`map[string]string{"typ": "bearer", "token_use": "access"}`,
		`map[string]string{"token_use": "access"}`,
	},
	{
		"jwt profiles: accessOnly use", "auth/jwtauth/profile.go",
		`map[string]string{"typ": "bearer", "token_use": "access"}`,
		`map[string]string{"typ": "bearer"}`,
	},
	{
		"jwt profiles: foreign at_hash", "auth/jwtauth/profile.go",
		`[]string{"at_hash", "c_hash", "s_hash"}`,
		`[]string{"c_hash", "s_hash"}`,
	},
	{
		"jwt profiles: foreign events", "auth/jwtauth/profile.go",
		`[]string{"events", "sub_id", "token_introspection", "status_list", "htm", "htu"}`,
		`[]string{"sub_id", "token_introspection", "status_list", "htm", "htu"}`,
	},
	{
		"jwt profiles: foreign token_introspection", "auth/jwtauth/profile.go",
		`[]string{"events", "sub_id", "token_introspection", "status_list", "htm", "htu"}`,
		`[]string{"events", "sub_id", "status_list", "htm", "htu"}`,
	},
	{
		"jwt profiles: legacy nonce", "auth/jwtauth/profile.go",
		`foreign:   append([]string{"nonce"}, otherKinds...)`,
		"foreign:   append([]string{}, otherKinds...)",
	},
	{
		"jwt profiles: sub is client", "auth/jwtauth/principal.go",
		"case d.Subject == d.ClientID:",
		`case d.Subject == "none":`,
	},
	{
		"jwt profiles: auth0 mark", "auth/jwtauth/principal.go",
		"strings.HasSuffix(d.Subject, auth0Suffix), ",
		"",
	},
	{
		"jwt profiles: kc mark", "auth/jwtauth/principal.go",
		", isKeycloakServiceAccount(o),",
		",",
	},
	{
		"jwt profiles: kc marks", "auth/jwtauth/keycloak.go",
		`map[string]string{"typ": "Bearer"}`,
		"map[string]string{}",
	},
	{
		"jwt profiles: kc no user", "auth/jwtauth/keycloak.go",
		`case user == "":`,
		`case user == "none":`,
	},
	{
		"jwt profiles: kc prefix", "auth/jwtauth/keycloak.go",
		"case !isKeycloakServiceAccount(o):",
		"case true:",
	},
	{
		"jwt profiles: kc client_id", "auth/jwtauth/keycloak.go",
		` && (o.Text("client_id") == d.ClientID || o.Text("clientId") == d.ClientID)`,
		"",
	},
	{
		"jwt profiles: entra ver", "auth/jwtauth/entra.go",
		`	default:
		return otherKind("ver`,
		`	case "none":
		return otherKind("ver`,
	},
	{
		"jwt profiles: entra how", "auth/jwtauth/entra.go",
		` || o.Text(how) == ""`,
		"",
	},
	{
		"jwt profiles: entra grants", "auth/jwtauth/entra.go",
		`if !o.Has("scp") && !o.Has("roles") {`,
		"if false {",
	},
	{
		"jwt profiles: entra user oid", "auth/jwtauth/entra.go",
		"d.Subject != oid && (kind",
		"(kind",
	},
	{
		"jwt profiles: entra user idtyp", "auth/jwtauth/entra.go",
		` && (kind == "user" || !o.Has("idtyp"))`,
		"",
	},
	{
		"jwt profiles: entra app scp", "auth/jwtauth/entra.go",
		`case !o.Has("scp") && (kind`,
		"case (kind",
	},
	{
		"jwt profiles: okta scp", "auth/jwtauth/okta.go",
		`[][]string{{"scp"}}`,
		"nil",
	},
	{
		"jwt profiles: okta uid", "auth/jwtauth/okta.go",
		`o.Text("uid") != "" && !own`,
		"!own",
	},
	{
		"jwt profiles: auth0 check", "auth/jwtauth/auth0.go",
		`h.typ == accessTokenType || o.Has("azp") && `,
		`true || o.Has("azp") && `,
	},
	{
		"jwt profiles: auth0 azp", "auth/jwtauth/auth0.go",
		`o.Has("azp") && slices`,
		"slices",
	},
	{
		"jwt profiles: auth0 suffix", "auth/jwtauth/auth0.go",
		" && !strings.HasSuffix(d.Subject, auth0Suffix)",
		"",
	},
	{
		"jwt profiles: cognito mark", "auth/jwtauth/cognito.go",
		`map[string]string{"token_use": "access"}`,
		"nil",
	},
	{
		"jwt profiles: cognito user", "auth/jwtauth/cognito.go",
		`o.Text(cognitoUser) != "" && !own`,
		"!own",
	},
	{
		"jwt profiles: cognito aud", "auth/jwtauth/claims.go",
		"v.profile.clientIsAudience && errors.Is(err, strictjson.ErrAbsent)",
		"v.profile.clientIsAudience",
	},
	{
		"jwt profiles: google azp", "auth/jwtauth/google.go",
		"if d.ClientID != d.Subject && !own {",
		"if false && !own {",
	},
	{
		"jwt profiles: google verified", "auth/jwtauth/google.go",
		` && string(verified) == "true"`,
		" && verified != nil",
	},
	{
		"jwt profiles: google audience", "auth/jwtauth/google.go",
		`if strings.HasSuffix(audience, ".apps`,
		`if false && strings.HasSuffix(audience, ".apps`,
	},
	{
		"jwt profiles: k8s sub", "auth/jwtauth/kubernetes.go",
		` || d.Subject != kubernetesPrefix+namespace+":"+name`,
		"",
	},
	{
		"jwt profiles: k8s ns", "auth/jwtauth/kubernetes.go",
		`namespace == "" || `,
		"",
	},
	{
		"jwt profiles: hydra oneOf", "auth/jwtauth/hydra.go",
		`[][]string{{"scp", "scope"}}`,
		"nil",
	},
	{
		"jwt profiles: hydra rat", "auth/jwtauth/hydra.go",
		`"nonce", "rat"`,
		`"nonce"`,
	},
	{
		"jwt profiles: zitadel jti", "auth/jwtauth/zitadel.go",
		`{"jti"}, `,
		"",
	},
	{
		"jwt profiles: zitadel nbf", "auth/jwtauth/zitadel.go",
		`, {"nbf"}`,
		"",
	},
	{
		"jwt profiles: zitadel principal", "auth/jwtauth/zitadel.go",
		"principal: unknown",
		"principal: bySubject",
	},
	{
		"jwt profiles: grants audience", "auth/jwtauth/mapping.go",
		" || !slices.Contains(v.audiences, a)",
		"",
	},
	{
		"jwt profiles: grants parse", "auth/jwtauth/mapping.go",
		"err != nil || len(by) == 0",
		"len(by) == 0 && err == nil",
	},
	{
		"jwt profiles: iat needed", "auth/jwtauth/claims.go",
		"if max(v.maxLifetime, v.maxTokenAge) > 0 && d.IssuedAt.IsZero() {",
		"if false {",
	},
	{
		"jwt profiles: lifetime", "auth/jwtauth/claims.go",
		"if v.maxLifetime > 0 && d.Expiry",
		"if false && d.Expiry",
	},
	{
		"jwt profiles: token age", "auth/jwtauth/claims.go",
		"v.maxTokenAge > 0 && due",
		"false && due",
	},
	{
		"jwt profiles: token age deadline", "auth/jwtauth/claims.go",
		"		d.Deadline, check, cause = due, CheckTokenAge",
		"		_, check, cause = due, CheckTokenAge",
	},
	{
		"jwt profiles: expectations", "auth/jwtauth/claims.go",
		"v.checkExpectations, ",
		"",
	},
	{
		"jwt profiles: act", "auth/jwtauth/claims.go",
		"checkActor, ",
		"",
	},
	{
		"jwt profiles: details", "auth/jwtauth/claims.go",
		"checkDetails, ",
		"",
	},
	{
		"jwt profiles: e audiences empty", "auth/jwtauth/expect.go",
		"(len(e.Audiences) == 0 || slices",
		"(slices",
	},
	{
		"jwt profiles: tighter", "auth/jwtauth/expect.go",
		"if a == 0 || b != 0 && b < a {",
		"if b != 0 {",
	},
	{
		"jwt profiles: nonce", "auth/jwtauth/expect.go",
		`if v.nonce != "" && o.Text`,
		"if false && o.Text",
	},
	{
		"jwt profiles: party client", "auth/jwtauth/expect.go",
		"(d.ClientID != v.party || o",
		"(o",
	},
	{
		"jwt profiles: party azp", "auth/jwtauth/expect.go",
		` || o.Has("azp") && o.Text("azp") != v.party`,
		"",
	},
	{
		"jwt profiles: max age old", "auth/jwtauth/expect.go",
		"if d.AuthTime.Before(time.Now().Add(-v.maxAge).Add(-v.skew)) {",
		"if d.AuthTime.IsZero() {",
	},
	{
		"jwt profiles: id party", "auth/jwtauth/idtoken.go",
		`	party:     true,
`,
		"",
	},
	{
		"jwt profiles: id only", "auth/jwtauth/idtoken.go",
		`map[string]string{"typ": "ID", "token_use": "id"}`,
		"nil",
	},
	{
		"jwt profiles: id profile", "auth/jwtauth/idtoken.go",
		"if c.Profile != RFC9068 {",
		"if false {",
	},
	{
		"jwt profiles: id azp aud", "auth/jwtauth/idtoken.go",
		`v.party == "" && !slices.Contains(v.audiences, azp)`,
		`v.party == "" && !slices.Contains(v.audiences, azp) && azp == "none"`,
	},
	{
		"tenants: admitted", "auth/jwtauth/tenants.go",
		"if !t.config.Admits(name) {",
		"if false {",
	},
	{
		"tenants: pace", "auth/jwtauth/tenants.go",
		"if t.begun >= maxNewTenants {",
		"if false {",
	},
	{
		"tenants: good ones need no pace", "auth/jwtauth/tenants.go",
		"t.begun = max(0, t.begun-1)",
		"_ = t.begun",
	},
	{
		"tenants: maximum", "auth/jwtauth/tenants.go",
		"if len(t.known) >= t.config.Max &&",
		"if false &&",
	},
	{
		"tenants: in use", "auth/jwtauth/tenants.go",
		"one.users == 0 { //nolint",
		"true { //nolint",
	},
	{
		"tenants: idle", "auth/jwtauth/tenants.go",
		"time.Since(one.used) >= tenantIdle {",
		"false {",
	},
	{
		"tenants: newcomers give way first", "auth/jwtauth/tenants.go",
		"&& !t.forget(t.fresh) && !t.forget(t.proven) {",
		"&& !t.forget(t.proven) && !t.forget(t.fresh) {",
	},
	{
		"tenants: latest used", "auth/jwtauth/tenants.go",
		"t.proven.MoveToFront(one.at)",
		"_ = one.at",
	},
	{
		"tenants: closed", "auth/jwtauth/tenants.go",
		"if t.closed {\n\t\treturn nil, auth",
		"if false {\n\t\treturn nil, auth",
	},
	{
		"new tenants: who is one", "auth/jwtauth/tenants.go",
		"case c.Admits == nil:",
		"case false:",
	},
	{
		"new tenants: scopes", "auth/jwtauth/tenants.go",
		"case c.Config.GrantableScopes == nil:",
		"case false:",
	},
	{
		"jwt: made-up issuers", "auth/jwtauth/tenants.go",
		"if t.fresh.Len() >= min(maxNewTenants, t.config.Max) && !t.forget(t.fresh) {",
		"if false {",
	},
	{
		"jwt: a cached token ends with its key", "auth/jwtauth/claims.go",
		"d.FreshUntil, d.Holds = d.Deadline, h.holds(v.keys, key)",
		"d.FreshUntil, _ = d.Deadline, key",
	},
	{
		"tenants: distrust outlives forgetting", "auth/jwtauth/tenants.go",
		"for _, kid := range t.distrusted[name] {",
		"for _, kid := range t.distrusted[\"\"] {",
	},
	{
		"jwt: a cached token ends with its own key", "auth/jwtauth/knownheader.go",
		"last != nil && sameKey(last.public, key)",
		"last != nil",
	},
}
