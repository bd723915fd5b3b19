// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// mutants are the checks of the library, and what is left without them.
var mutants = []mutant{
	{
		"credential: one value", "auth/credential.go",
		"case len(values) > 1:",
		"case len(values) > 1<<20:",
	},
	{
		"credential: no comma", "auth/credential.go",
		"strings.IndexByte(value, ',') >= 0",
		"strings.IndexByte(value, ',') >= 1<<20",
	},
	{
		"credential: size", "auth/credential.go",
		"if len(token) > MaxTokenSize {",
		"if len(token) > 1<<30 {",
	},
	{
		"credential: token68", "auth/credential.go",
		"if !isToken68(token) {",
		`if token == "" {`,
	},
	{
		"credential: padding only at the end", "auth/credential.go",
		`body := strings.TrimRight(s, "=")`,
		`body := strings.ReplaceAll(s, "=", "")`,
	},
	{
		"credential: scheme", "auth/credential.go",
		"!strings.EqualFold(value[:n], SchemeBearer)",
		"false",
	},
	{
		"credential: scheme is a whole word", "auth/credential.go",
		`if rest != "" && isVisible(rest[0]) {`,
		"if false {",
	},
	{
		"credential: starts with the scheme", "auth/credential.go",
		"if !isVisible(value[0]) {",
		"if false {",
	},
	{
		"credential: redaction", "auth/credential.go",
		"func (c Credential) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }",
		"func (c Credential) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.Token())) }",
	},
	{
		"rule: audiences", "auth/authorize.go",
		"if len(rule.Audiences) > 0 && !slices",
		"if false && !slices",
	},
	{
		"rule: principal", "auth/authorize.go",
		"if rule.Principal != PrincipalUnknown && rule",
		"if false && rule",
	},
	{
		"rule: acr", "auth/authorize.go",
		"if len(r.ACRValues) > 0 && !slices",
		"if false && !slices",
	},
	{
		"rule: max age", "auth/authorize.go",
		"if r.MaxAge > 0 && time",
		"if false && time",
	},
	{
		"rule: Authorize", "auth/authorize.go",
		`if err == nil {
		return nil
	}
	if e, ok`,
		`if err != nil {
		return nil
	}
	if e, ok`,
	},
	{
		"guard: issuers of the rule", "auth/authorize.go",
		"if len(rule.Issuers) > 0 && !slices",
		"if false && !slices",
	},
	{
		"guard: all_scopes", "auth/authorize.go",
		"missing := match.missing(granted, r.AllScopes)",
		"missing := match.missing(granted, nil)",
	},
	{
		"guard: any_scope", "auth/authorize.go",
		"if !match.anyCovered(granted, group) {",
		"if len(group) == 0 {",
	},
	{
		"guard: method without a rule", "auth/authorize.go",
		`	if rule == nil {
`,
		`	if rule == nil {
		return nil
	}
	if rule == nil {
`,
	},
	{
		"guard: panic", "auth/guard.go",
		`if p := recover(); p != nil {
			claims`,
		`if p := any(nil); p != nil {
			claims`,
	},
	{
		"guard: deadline", "auth/guard.go",
		"if !time.Now().Before(claims.Deadline()) {",
		"if time.Now().IsZero() {",
	},
	{
		"guard: nil claims", "auth/guard.go",
		"if claims == nil {",
		"if false {",
	},
	{
		"guard: optional with a proof", "auth/guard.go",
		" && !r.hasProof(ctx)",
		"",
	},
	{
		"guard: optional reads what is there", "auth/guard.go",
		"rule.Access == AccessOptional && len(values) == 0",
		"rule.Access == AccessOptional",
	},
	{
		"guard: optional lets anonymous callers in", "auth/guard.go",
		"rule.Access == AccessOptional && len(values) == 0",
		"false",
	},
	{
		"guard: public reads nothing", "auth/guard.go",
		"if rule != nil && rule.Access == AccessPublic {",
		"if false {",
	},
	{
		"guard: malformed credentials", "auth/guard.go",
		"\tif refusal != nil {\n\t\tif refusal.Reason",
		"\tif refusal != nil && rule == nil {\n\t\tif refusal.Reason",
	},
	{
		"guard: verifier error", "auth/guard.go",
		`	if err != nil {
		return nil, asError(ctx, err)
	}
	if claims`,
		"	if claims",
	},
	{
		"guard: nil guard", "auth/guard.go",
		`if g == nil {
		return nil, Unavailable(CheckGuard`,
		`if g == nil {
		return ctx, nil
	}
	if g == nil {
		return nil, Unavailable(CheckGuard`,
	},
	{
		"guard: outer claims are hidden", "auth/guard.go",
		"\treturn &decision{Context: ctx, claims: claims, guard: g, procedure: r.Procedure, credential: credential}",
		"\tif claims == nil {\n\t\treturn ctx\n\t}\n\treturn &decision{Context: ctx, claims: claims, guard: g, procedure: r.Procedure, credential: credential}",
	},
	{
		"guard: observer sees refusals", "auth/guard.go",
		"event.Name, event.Error = EventRefused, err",
		"_ = err",
	},
	{
		"new guard: verifier", "auth/guard.go",
		`if isNil(v) {
		return nil, errors.New("auth: NewGuard`,
		`if v == nil {
		return nil, errors.New("auth: NewGuard`,
	},
	{
		"new guard: no rules", "auth/guard.go",
		"if len(g.rules) == 0 {",
		"if false {",
	},
	{
		"new guard: nil option", "auth/guard.go",
		"if o == nil {",
		"if false {",
	},
	{
		"new guard: known issuers", "auth/guard.go",
		"if !slices.Contains(d.Issuers, issuer) &&",
		"if false &&",
	},
	{
		"new guard: known audiences", "auth/guard.go",
		"if !slices.Contains(d.Audiences, audience) {",
		`if audience == "none" {`,
	},
	{
		"new guard: vocabulary", "auth/guard.go",
		"if !slices.Contains(vocabulary, scope) {",
		`if scope == "none" {`,
	},
	{
		"new guard: realm", "auth/guard.go",
		"if !isQuotable(g.realm) {",
		"if false {",
	},
	{
		"new guard: empty realm", "auth/guard.go",
		`if realm == "" {`,
		"if false {",
	},
	{
		"new guard: nil observer", "auth/guard.go",
		"if isNil(o) {",
		"if false {",
	},
	{
		"rule: procedure name", "auth/rules.go",
		"if !validProcedure(procedure) {",
		"if false {",
	},
	{
		"rule: two for one procedure", "auth/rules.go",
		"if _, ok := g.rules[procedure]; ok {",
		"if _, ok := g.rules[procedure]; ok && false {",
	},
	{
		"new guard: fresh", "auth/guard.go",
		"if rule.Fresh {",
		"if false {",
	},
	{
		"rule: sender_constrained", "auth/rule.go",
		"if r.SenderConstrained {",
		"if false {",
	},
	{
		"rule: unknown principal", "auth/rule.go",
		"if r.Principal > PrincipalClient {",
		"if false {",
	},
	{
		"rule: max age in seconds", "auth/rule.go",
		"if r.MaxAge < 0 || r.MaxAge%time.Second != 0 {",
		"if false {",
	},
	{
		"rule: empty group", "auth/rule.go",
		"if len(group) == 0 {",
		"if len(group) > 1<<20 {",
	},
	{
		"rule: step-up needs a token", "auth/rule.go",
		"if len(r.ACRValues) > 0 || r.MaxAge != 0 || r.Principal != PrincipalUnknown {",
		"if false {",
	},
	{
		"rule: acr syntax", "auth/rule.go",
		"if !isScope(acr) {",
		`if acr == "none" {`,
	},
	{
		"rule: empty audience", "auth/rule.go",
		`if slices.Contains(r.Audiences, "") {`,
		"if false {",
	},
	{
		"rule: unknown access", "auth/rule.go",
		"if r.Access > AccessPublic {",
		"if false {",
	},
	{
		"rule: scopes without required access", "auth/rule.go",
		"if len(r.scopes()) > 0 {",
		"if false {",
	},
	{
		"rule: public with issuers", "auth/rule.go",
		"if r.Access == AccessPublic && (len",
		"if false && (len",
	},
	{
		"rule: scope syntax", "auth/rule.go",
		"if !isScope(s) {",
		"if false {",
	},
	{
		"rule: empty issuer", "auth/rule.go",
		`if slices.Contains(r.Issuers, "") {`,
		"if false {",
	},
	{
		"rule: copied", "auth/rule.go",
		"c.AllScopes, c.AnyScope, c.ScopeGroups = unique(r.AllScopes), nil, nil",
		"c.AnyScope, c.ScopeGroups = nil, nil",
	},
	{
		"error: caller that left", "auth/error.go",
		"if e.Kind == KindUnavailable && ctx.Err() != nil {",
		"if false {",
	},
	{
		"error: foreign error is an outage", "auth/error.go",
		"e = Unavailable(CheckVerifier, 0, err)",
		"e = InvalidToken(CheckVerifier, err)",
	},
	{
		"error: cause stays inside", "auth/error.go",
		`return string(e.Reason) + ": " + m`,
		`return string(e.Reason) + ": " + m + string(e.Check)`,
	},
	{
		"shadow: ends", "auth/shadow.go",
		"return s != nil && time.Now().Before(s.end)",
		"return s != nil",
	},
	{
		"shadow: must end", "auth/shadow.go",
		"case end.IsZero():",
		"case false:",
	},
	{
		"shadow: not for ever", "auth/shadow.go",
		"case time.Until(end) > maxShadow:",
		"case false:",
	},
	{
		"shadow: claims in question", "auth/shadow.go",
		"if e.Kind != KindPermissionDenied {",
		"if false {",
	},
	{
		"shadow: counters are bounded", "auth/shadow.go",
		"s.unknown >= maxUnknownProcedures || len(procedure) > maxUnknownProcedureBytes",
		"false",
	},
	{
		"shadow: little patience", "auth/guard.go",
		"if g.shadow.on() {",
		"if false {",
	},
	{
		"chain: final answers are final", "auth/chain.go",
		"err == nil || !errors.Is(err, ErrNotHandled)",
		"err == nil",
	},
	{
		"chain: several issuers limit scopes", "auth/chain.go",
		"!d.LimitsScopes {",
		"!d.LimitsScopes && len(d.Issuers) > 100 {",
	},
	{
		"chain: nil verifier", "auth/chain.go",
		"if isNil(v) {",
		"if v == nil && false {",
	},
	{
		"chain: empty", "auth/chain.go",
		"if len(verifiers) == 0 {",
		"if false {",
	},
	{
		"claims: issuer", "auth/claims.go",
		`case d.Issuer == "":`,
		"case false:",
	},
	{
		"claims: deadline", "auth/claims.go",
		"case d.Deadline.IsZero():",
		"case false:",
	},
	{
		"claims: copied in", "auth/claims.go",
		"d.Scopes = slices.Clone(d.Scopes)",
		"",
	},
	{
		"claims: copied out", "auth/claims.go",
		"func (c *Claims) Scopes() []string { return slices.Clone(c.data.Scopes) }",
		"func (c *Claims) Scopes() []string { return c.data.Scopes }",
	},
	{
		"claims: payload does not print", "auth/claims.go",
		"func (c Claims) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }",
		`func (c Claims) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "%s", c.data.Payload) }`,
	},
	{
		"require: scopes in a handler", "auth/require.go",
		"if missing := matcher(ctx).missing(claims.data.Scopes, scopes); len(missing) > 0 {",
		"if missing := matcher(ctx).missing(claims.data.Scopes, scopes); len(missing) > 1<<20 {",
	},
	{
		"require: any scope in a handler", "auth/require.go",
		"if len(scopes) > 0 && !matcher",
		"if false && !matcher",
	},
	{
		"decode: Validate", "auth/decode.go",
		`v, ok := any(&value).(validator)
	if !ok {`,
		`v, ok := any(&value).(validator)
	if ok = false; !ok {`,
	},
	{
		"coverage: method without a rule", "auth/coverage.go",
		"if _, ok := g.rules[procedure]; !ok {",
		"if false {",
	},
	{
		"challenge: quoting", "auth/challenges.go",
		`if s[i] == '"' || s[i] == '\\' {`,
		"if false {",
	},
	{
		"challenge: scope that cannot stand in a header", "auth/challenges.go",
		"if listable(e.RequiredScopes) {",
		"if len(e.RequiredScopes) > 0 {",
	},
	{
		"challenge: none for a method without a rule", "auth/challenges.go",
		`	default:
		return nil
`,
		`	default:
`,
	},
	{
		"jwt: shape and alphabet", "internal/jws/segments.go",
		`!ok1 || !ok2 || header == "" || payload == ""`,
		"!ok1 || !ok2",
	},
	{
		"jwt: alphabet", "internal/jws/segments.go",
		"if !ok || !isBase64URL(s.Header) || !isBase64URL(s.Payload) || !isBase64URL(s.Signature) {",
		"if !ok {",
	},
	{
		"jwt: signature alphabet", "internal/jws/segments.go",
		" || !isBase64URL(s.Signature)",
		"",
	},
	{
		"jwt: line feeds, which the decoder skips", "internal/jws/segments.go",
		` || strings.IndexByte(raw, '\n') >= 0`,
		"",
	},
	{
		"jwt: carriage returns, which the decoder skips", "internal/jws/segments.go",
		` || strings.IndexByte(raw, '\r') >= 0`,
		"",
	},
	{
		"jwt: what does not decode may be no JWT", "auth/jwtauth/token.go",
		"if _, ok = jws.Split(raw); ok {",
		"if ok {",
	},
	{
		"jwt: header and claims are strict JSON", "internal/jws/segments.go",
		"return o, document, err",
		"return o, document, nil",
	},
	{
		"jwt: header is looked at", "auth/jwtauth/token.go",
		"if t.header, t.document, err = jws.ObjectInto(t.header, t.document, segments.Header); err != nil {",
		"if t.header, t.document, err = jws.ObjectInto(t.header, t.document, segments.Header); false {",
	},
	{
		"jwt: canonical base64url", "internal/jws/segments.go",
		"base64.RawURLEncoding.Strict()",
		"base64.RawURLEncoding",
	},
	{
		"jwt: crit", "internal/jws/header.go",
		`[]string{"crit", "b64"}`,
		`[]string{"b64"}`,
	},
	{
		"jwt: b64", "internal/jws/header.go",
		`[]string{"crit", "b64"}`,
		`[]string{"crit"}`,
	},
	{
		"jwt: own key in jwk", "internal/jws/header.go",
		`[]string{"jwk", "jku", "x5u", "x5c"}`,
		`[]string{"jku", "x5u", "x5c"}`,
	},
	{
		"jwt: own key in jku", "internal/jws/header.go",
		`[]string{"jwk", "jku", "x5u", "x5c"}`,
		`[]string{"jwk", "x5u", "x5c"}`,
	},
	{
		"jwt: own key in x5u", "internal/jws/header.go",
		`[]string{"jwk", "jku", "x5u", "x5c"}`,
		`[]string{"jwk", "jku", "x5c"}`,
	},
	{
		"jwt: own key in x5c", "internal/jws/header.go",
		`[]string{"jwk", "jku", "x5u", "x5c"}`,
		`[]string{"jwk", "jku", "x5u"}`,
	},
	{
		"jwt: encrypted or nested", "internal/jws/header.go",
		`[]string{"enc", "zip", "cty"}`,
		`[]string{"enc", "zip"}`,
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
		"jwt: kid is not empty", "internal/jws/header.go",
		`header.Has("kid") && kid == "" || len`,
		"len",
	},
	{
		"jwt: kid size", "internal/jws/header.go",
		" || len(kid) > maxKeyIDSize",
		"",
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
		"jwt: PSS salt length", "internal/jws/algorithm.go",
		`"PS256":   exactSalt(jwt.SigningMethodPS256)`,
		`"PS256":   jwt.SigningMethodPS256`,
	},
	{
		"new jwt: symmetric or unknown algorithm", "internal/jws/algorithm.go",
		"if _, ok := methods[name]; ok {",
		"if true {",
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
		"jwt: aud", "internal/claimset/check.go",
		"if !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(accepted, a) }) {",
		`if slices.Contains(accepted, "none") {`,
	},
	{
		"jwt: scope is a string", "internal/claimset/mapping.go",
		"!configured && raw.Kind() != jsontext.KindString",
		"!configured && raw.Kind() == jsontext.KindNull",
	},
	{
		"jwt: scopes the issuer may grant", "internal/claimset/mapping.go",
		"(grantable == nil || slices.Contains(grantable, s))",
		"true",
	},
	{
		"jwt: mapped claim is there", "internal/claimset/mapping.go",
		`if err != nil || text == "" {`,
		`if err != nil && text == "none" {`,
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
		"jwt: nbf, iat and auth_time are numbers", "internal/claimset/check.go",
		"if err == nil && date.After(latest) {",
		"if err = nil; date.After(latest) {",
	},
	{
		"jwt: nbf, iat and auth_time in the future", "internal/claimset/check.go",
		"if err == nil && date.After(latest) {",
		"if err == nil && date.After(latest) && false {",
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
		"json: repeated names", "internal/strictjson/walk.go",
		"if !n.add(name) {",
		"if n.add(name); false {",
	},
	{
		"json: names in another case", "internal/strictjson/names.go",
		"to[start+i] = c - ('a' - 'A')",
		"_ = c",
	},
	{
		"json: names with other letters", "internal/strictjson/names.go",
		"least = min(least, other)",
		"_ = other",
	},
	{
		"json: repeated among many", "internal/strictjson/names.go",
		"return !known",
		"return !known || true",
	},
	{
		"json: the few among many", "internal/strictjson/names.go",
		"o.many[string(n.folded[from:to])] = true",
		"_, _ = from, to",
	},
	{
		"json: names of the object around", "internal/strictjson/names.go",
		"n.scope = around",
		"n.scope.many = nil",
	},
	{
		"json: depth of objects", "internal/strictjson/walk.go",
		`to *Object) error {
	if depth > maxDepth {`,
		`to *Object) error {
	if depth > 1<<20 {`,
	},
	{
		"json: depth of arrays", "internal/strictjson/walk.go",
		`array(depth int, n *names) error {
	if depth > maxDepth {`,
		`array(depth int, n *names) error {
	if depth > 1<<20 {`,
	},
	{
		"json: data after the document", "internal/strictjson/walk.go",
		"if w.peek(); w.pos != len(data) {",
		"if false {",
	},
	{
		"json: an object", "internal/strictjson/walk.go",
		"if w.peek() != '{' {",
		"if false {",
	},
	{
		"json: valid, if not plain", "internal/strictjson/object.go",
		"if !jsontext.Value(data).IsValid(repeatedNames) {",
		"if false {",
	},
	{
		"json: escapes are not plain", "internal/strictjson/walk.go",
		`		case !w.valid:
			return nil, false, errUnsure
`,
		"",
	},
	{
		"json: UTF-8", "internal/strictjson/walk.go",
		"if !ascii && !w.valid && !utf8.Valid(quoted) {",
		"if !ascii && false {",
	},
	{
		"json: leading zeros", "internal/strictjson/walk.go",
		" || len(digits) > 1 && digits[0] == '0'",
		"",
	},
	{
		"json: a number has digits", "internal/strictjson/walk.go",
		"len(digits) == 0 || ",
		"",
	},
	{
		"json: words", "internal/strictjson/walk.go",
		"			w.pos += len(word)\n			return nil\n		}\n	}\n	return errUnsure",
		"			w.pos += len(word)\n			return nil\n		}\n	}\n	w.pos++\n	return nil",
	},
	{
		"json: colons", "internal/strictjson/walk.go",
		"if w.peek() != ':' {",
		"if w.peek() == ',' {",
	},
	{
		"json: commas", "internal/strictjson/walk.go",
		`	default:
		return false, errUnsure
`,
		`	default:
`,
	},
	{
		"json: names are strings", "internal/strictjson/walk.go",
		`if w.peek() != '"' {`,
		"if w.peek() == 0 {",
	},
	{
		"json: a string ends", "internal/strictjson/member.go",
		"if n := plainText(v); n > 0 && n == len(v) {",
		"if n := plainText(v); n > 0 {",
	},
	{
		"json: plain text has no escapes", "internal/strictjson/member.go",
		`c < ' ' || c > '~' || c == '\\'`,
		`c < ' ' || c > '~'`,
	},
	{
		"json: plain lists", "internal/strictjson/member.go",
		"case rest[0] == ',':",
		"case rest[0] != ']':",
	},
	{
		"json: whole seconds are exact", "internal/strictjson/member.go",
		"if len(v) > 15 {",
		"if len(v) > 18 {",
	},
	{
		"json: date is a number", "internal/strictjson/member.go",
		"if v.Kind() != jsontext.KindNumber {",
		"if false {",
	},
	{
		"json: date in range", "internal/strictjson/member.go",
		" || math.Abs(f) > maxNumericDate",
		"",
	},
	{
		"json: string", "internal/strictjson/member.go",
		"if v.Kind() != jsontext.KindString {",
		`if v.Kind() == jsontext.KindNull {
		return "", nil
	}
	if v.Kind() != jsontext.KindString {`,
	},
	{
		"json: array", "internal/strictjson/member.go",
		"if v.Kind() != jsontext.KindBeginArray {",
		"if v.Kind() != jsontext.KindBeginArray && v.Kind() != jsontext.KindNull {",
	},
	{
		"http: redirects", "internal/boundedhttp/client.go",
		"CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },",
		`CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > 2 {
				return http.ErrUseLastResponse
			}
			return nil
		},`,
	},
	{
		"http: status", "internal/boundedhttp/client.go",
		"case response.StatusCode != http.StatusOK:",
		"case false:",
	},
	{
		"http: content type", "internal/boundedhttp/client.go",
		"case !isJSON(response.Header.Get(\"Content-Type\")):",
		"case false:",
	},
	{
		"http: size", "internal/boundedhttp/client.go",
		"if int64(len(d.Body)) > get.Limit {",
		"if false {",
	},
	{
		"http: TLS unless loopback", "internal/boundedhttp/url.go",
		"case u.Scheme == \"http\" && !IsLoopback(u.Hostname()):",
		"case false:",
	},
	{
		"http: scheme", "internal/boundedhttp/url.go",
		`case u.Scheme != "https" && u.Scheme != "http":`,
		"case false:",
	},
	{
		"http: user information", "internal/boundedhttp/url.go",
		"case u.User != nil:",
		"case false:",
	},
	{
		"http: fragment", "internal/boundedhttp/url.go",
		`case u.Fragment != "":`,
		"case false:",
	},
	{
		"http: absolute", "internal/boundedhttp/url.go",
		`case u.Host == "" || u.Hostname() == "":`,
		"case false:",
	},
	{
		"issuer: identifier has no query", "auth/issuer/issuer.go",
		`if u.RawQuery != "" || u.ForceQuery || strings.Contains(identifier, "#") {`,
		`if false && (u.RawQuery != "" || strings.Contains(identifier, "#")) {`,
	},
	{
		"issuer: metadata again after a failure", "auth/issuer/source.go",
		"\t\t// The keys may have moved: look at the metadata again next time.\n\t\tdiscovery.expire()\n",
		"\t\t// The keys may have moved: look at the metadata again next time.\n",
	},
	{
		"issuer: metadata name the issuer", "auth/issuer/metadata.go",
		"if named != identifier {",
		`if named == "" {`,
	},
	{
		"issuer: keys over TLS", "auth/issuer/metadata.go",
		"if u.Scheme == \"http\" {",
		"if false {",
	},
	{
		"issuer: keys stay on their origin", "auth/issuer/metadata.go",
		"return ok && origin == then",
		"return ok && then != \"\"",
	},
	{
		"issuer: fallback on 404 only", "auth/issuer/discovery.go",
		"ok && status.Code == http.StatusNotFound",
		"ok && status.Code != http.StatusTeapot",
	},
	{
		"issuer: metadata are read again", "auth/issuer/discovery.go",
		"|| time.Since(d.read) >= life",
		"|| life < 0",
	},
	{
		"key: use", "auth/issuer/key.go",
		`err != nil || use != "sig"`,
		`err != nil && use != "sig"`,
	},
	{
		"key: key_ops", "auth/issuer/key.go",
		`err != nil || !slices.Contains(operations, "verify")`,
		`err != nil && !slices.Contains(operations, "verify")`,
	},
	{
		"key: private members", "auth/issuer/key.go",
		"if object.Has(private) {",
		"if object.Has(private) && false {",
	},
	{
		"key: kid size", "auth/issuer/key.go",
		"if len(kid) > maxKeyIDSize {",
		"if false {",
	},
	{
		"key: alg fits", "auth/issuer/key.go",
		"if !slices.Contains(k.algorithms, alg) {",
		"if false {",
	},
	{
		"key: alg narrows", "auth/issuer/key.go",
		"k.algorithms = []string{alg}",
		"_ = alg",
	},
	{
		"key: small RSA", "auth/issuer/key.go",
		"case bits < 2048 || bits > 8192:",
		"case bits > 8192:",
	},
	{
		"key: large RSA", "auth/issuer/key.go",
		"case bits < 2048 || bits > 8192:",
		"case bits < 2048:",
	},
	{
		"key: even modulus", "auth/issuer/key.go",
		"case public.N.Bit(0) == 0:",
		"case false:",
	},
	{
		"key: exponent", "auth/issuer/key.go",
		"case public.E < 3 || public.E > 1<<31-1 || public.E%2 == 0:",
		"case false:",
	},
	{
		"key: coordinate size", "auth/issuer/key.go",
		"if len(coordinate) != size {",
		"if len(coordinate) != size && len(coordinate) == 0 {",
	},
	{
		"key: Ed25519 size", "auth/issuer/key.go",
		"if len(x) != ed25519.PublicKeySize {",
		"if len(x) < 31 {",
	},
	{
		"key: weak Ed25519", "auth/issuer/ed25519.go",
		"\tif isWeakEd25519(public) {\n\t\treturn errWeak",
		"\tif false {\n\t\treturn errWeak",
	},
	{
		"key: line breaks in base64url", "auth/issuer/key.go",
		`if strings.ContainsAny(s, "\r\n") {`,
		`if strings.ContainsAny(s, " ") {`,
	},
	{
		"key: Ed25519 sign bit", "auth/issuer/ed25519.go",
		"y[31] &= 0x7f // the sign of the x coordinate",
		"",
	},
	{
		"key: non-canonical Ed25519", "auth/issuer/ed25519.go",
		"return bytes.Compare(y, p) >= 0",
		"return false",
	},
	{
		"keys: algorithm of the key", "auth/issuer/keyset.go",
		" || !slices.Contains(k.algorithms, alg)",
		"",
	},
	{
		"keys: several fit", "auth/issuer/keyset.go",
		"if found != nil && !found.same(k) {",
		"if false {",
	},
	{
		"keys: one key under two names", "auth/issuer/keyset.go",
		"if found != nil && !found.same(k) {",
		"if found != nil {",
	},
	{
		"keys: none usable", "auth/issuer/keyset.go",
		"if len(s.all) == 0 {",
		"if false {",
	},
	{
		"keys: too many", "auth/issuer/keyset.go",
		"if len(raw) > maxKeys {",
		"if false {",
	},
	{
		"keys: one bad key spoils nothing", "auth/issuer/keyset.go",
		"\t\ts.dropped = append(s.dropped, d)\n\t\treturn\n",
		"\t\ts.dropped = append(s.dropped, d)\n\t\ts.all = nil\n\t\treturn\n",
	},
	{
		"keys: the same key twice", "auth/issuer/keyset.go",
		"if !slices.ContainsFunc(s.all, func(other *key) bool { return reflect.DeepEqual(k, other) }) {",
		"if _ = reflect.DeepEqual; true {",
	},
	{
		"refresh: hard stop", "auth/issuer/refresher.go",
		"s.age() < r.timings.HardStop)",
		"s.age() >= 0)",
	},
	{
		"refresh: cooldown", "auth/issuer/refresher.go",
		"!r.missAt.IsZero() && wait > 0",
		"false && wait > 0",
	},
	{
		"refresh: back-off", "auth/issuer/refresher.go",
		"if wait := r.retryAt.Sub(now); wait > 0 {",
		"if wait := r.retryAt.Sub(now); false {",
	},
	{
		"refresh: one flight", "auth/issuer/refresher.go",
		"if r.running != nil {",
		"if r.running != nil && why == causeSchedule {",
	},
	{
		"refresh: nobody's context", "auth/issuer/refresher.go",
		`case <-ctx.Done():
		return &UnavailableError{cause: ctx.Err()}`,
		`case <-ctx.Done():
		return nil`,
	},
	{
		"refresh: a fetch that was missed", "auth/issuer/refresher.go",
		"if !own && r.current.Load() != seen {",
		"if false {",
	},
	{
		"refresh: budget of bad signatures", "auth/issuer/refresher.go",
		"!r.forgedAt.IsZero() && wait > 0",
		"false && wait > 0",
	},
	{
		"refresh: panic", "auth/issuer/refresher.go",
		"if p := recover(); p != nil {",
		"if p := any(nil); p != nil {",
	},
	{
		"refresh: close ends the fetch", "auth/issuer/refresher.go",
		`	r.cancel()
`,
		"",
	},
	{
		"refresh: nothing after close", "auth/issuer/refresher.go",
		`if r.closed {
		return nil, 0, errClosed`,
		`if false {
		return nil, 0, errClosed`,
	},
	{
		"refresh: ahead of time", "auth/issuer/refresher.go",
		"r.schedule(jitter(s.fresh/10*8, 0.05))",
		"r.schedule(1000 * time.Hour)",
	},
	{
		"refresh: again after a failure", "auth/issuer/refresher.go",
		"\t\tr.schedule(wait)\n",
		"\t\tr.schedule(1000 * time.Hour)\n",
	},
	{
		"refresh: refund of a failed fetch", "auth/issuer/refresher.go",
		"r.missAt = time.Time{} // a failure costs the back-off only",
		"",
	},
	{
		"refresh: back-off grows", "auth/issuer/refresher.go",
		"delay *= 2",
		"delay += 0",
	},
	{
		"refresh: final answers are final", "auth/issuer/refresher.go",
		"if !s.began.Before(arrived) ||",
		"if false ||",
	},
	{
		"new issuer: negative timing", "auth/issuer/timings.go",
		"if *f.value < 0 {",
		"if false {",
	},
	{
		"new issuer: flood", "auth/issuer/timings.go",
		"{\"Fresh\", t.Fresh, time.Second, forEver},",
		"{\"Fresh\", t.Fresh, 0, forEver},",
	},
	{
		"new issuer: hard stop", "auth/issuer/timings.go",
		"\t\t{\"Fresh\", \"HardStop\", t.Fresh, t.HardStop},\n",
		"",
	},
	{
		"new issuer: back-off", "auth/issuer/timings.go",
		"\t\t{\"MinBackoff\", \"MaxBackoff\", t.MinBackoff, t.MaxBackoff},\n",
		"",
	},
	{
		"grpc: unary", "grpcauth/server.go",
		"err = check(ctx, guard, request(info.FullMethod)); err != nil {",
		"err = check(ctx, guard, request(info.FullMethod)); false {",
	},
	{
		"grpc: stream", "grpcauth/server.go",
		"\t\tdecided, err := check(stream.Context(), guard, r)\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}",
		"\t\tdecided, err := check(stream.Context(), guard, r)\n\t\tif err != nil {\n\t\t\tdecided = stream.Context()\n\t\t}",
	},
	{
		"grpc: claims in a unary handler", "grpcauth/server.go",
		"handler(decided, req)",
		"handler(auth.NewContext(decided, nil), req)",
	},
	{
		"grpc: claims in a stream handler", "grpcauth/stream.go",
		"func (s *guardedStream) Context() context.Context { return s.ctx }",
		"func (s *guardedStream) Context() context.Context { return s.ServerStream.Context() }",
	},
	{
		"grpc: refusal by a unary handler", "grpcauth/server.go",
		`		if err != nil {
			return nil, answer(ctx, guard, err)
		}
		return response, nil`,
		"		return response, err",
	},
	{
		"grpc: refusal by a stream handler", "grpcauth/stream.go",
		"return answer(stream.Context(), guard, err)",
		"return err",
	},
	{
		"registrar: unary", "grpcauth/registrar.go",
		`		decided, err := check(ctx, r.guard, request(procedure))
		if err != nil {
			return nil, err
		}`,
		`		decided, err := ctx, error(nil)
		if err != nil {
			return nil, err
		}`,
	},
	{
		"registrar: stream", "grpcauth/registrar.go",
		"if r.guard.Decided(ctx, procedure) {",
		"if true {",
	},
	{
		"registrar: refusal by a unary handler", "grpcauth/registrar.go",
		`return nil, answer(ctx, r.guard, err)
				}
				return response, nil`,
		`return nil, err
				}
				return response, nil`,
	},
	{
		"grpc: challenge header", "grpcauth/status.go",
		"if len(a.Challenges) > 0 {",
		"if false {",
	},
	{
		"grpc: details", "grpcauth/status.go",
		"detailed, err := s.WithDetails(details...); err == nil",
		"detailed, err := s.WithDetails(details...); err != nil",
	},
	{
		"answer: what lies behind a refusal", "internal/rpcerror/rpcerror.go",
		`	case *auth.Error:
`,
		`	case interface{ never() }:
		return nil, false
	case *auth.Error:
		if x != nil && x.Cause != nil {
			return find(x.Cause, own)
		}
`,
	},
	{
		"answer: retry delay", "internal/rpcerror/rpcerror.go",
		"if e.Kind == auth.KindUnavailable {",
		"if false {",
	},
	{
		"answer: challenge in the details", "internal/rpcerror/rpcerror.go",
		`KeyChallenge:      strings.Join(a.Challenges, ", ")`,
		`KeyChallenge:      ""`,
	},
	{
		"connect: gate", "connectauth/handler.go",
		`	return nil, answer
}`,
		`	return ctx, nil
}`,
	},
	{
		"connect: challenge without middleware", "connectauth/handler.go",
		"to = answer.Meta()",
		"to = make(http.Header)",
	},
	{
		"connect: challenge through middleware", "connectauth/handler.go",
		"to = lent.writer.Header()",
		"to = make(http.Header)",
	},
	{
		"connect: a refused GET is private", "connectauth/handler.go",
		"if method == http.MethodGet {",
		"if false {",
	},
	{
		"connect: answers to a GET are private", "connectauth/handler.go",
		`			if private {
				keepPrivate(response.Header())`,
		`			if false {
				keepPrivate(response.Header())`,
	},
	{
		"connect: public answers are not", "connectauth/handler.go",
		" && a.guard.ReadsCredentials(request.Spec().Procedure)",
		"",
	},
	{
		"connect: refusal by a unary handler", "connectauth/handler.go",
		`return nil, a.handlerError(err, request.Header().Get("Origin"), header)`,
		"return nil, err",
	},
	{
		"connect: refusal by a stream handler", "connectauth/stream.go",
		`	if err != nil {
		return a.handlerError(err, conn.RequestHeader().Get("Origin"), conn.ResponseHeader())`,
		`	if err != nil {
		return err`,
	},
	{
		"connect: challenge of a handler", "connectauth/error.go",
		"if header != nil {",
		"if false {",
	},
	{
		"connect: exposed headers", "connectauth/error.go",
		`if origin != "" {`,
		"if false {",
	},
	{
		"connect: retry-after", "connectauth/error.go",
		"if f.retryAfter > 0 {",
		"if false {",
	},
	{
		"connect: details", "connectauth/error.go",
		"out.AddDetail(detail)",
		"_ = detail",
	},
	{
		"undecided: gRPC", "grpcauth/undecided.go",
		"if guard.Decided(ctx, procedure) {",
		"if true {",
	},
	{
		"undecided: the gate marks", "connectauth/handler.go",
		"lent.decide()",
		"_ = lent",
	},
	{
		"undecided: answers", "connectauth/undecided.go",
		"|| h.decided.Load():",
		"|| true:",
	},
	{
		"undecided: after the answer was withheld", "connectauth/undecided.go",
		"case h.failed:",
		"case false:",
	},
	{
		"undecided: flush", "connectauth/undecided.go",
		"func (h *heldWriter) FlushError() error {\n	if !h.open(http.StatusOK) {",
		"func (h *heldWriter) FlushError() error {\n	if false {",
	},
	{
		"undecided: headers of the handler", "connectauth/undecided.go",
		"clear(w.Header())",
		"_ = w",
	},
	{
		"undecided: the handler is told", "connectauth/undecided.go",
		"	h.cancel()\n",
		"",
	},
	{
		"undecided: event", "auth/undecided.go",
		"if g != nil && g.observer != nil {",
		"if false {",
	},
	{
		"http: address policy", "internal/boundedhttp/address.go",
		"if !p.allows(host, to.Addr()) {",
		"if false {",
	},
	{
		"http: mapped addresses", "internal/boundedhttp/address.go",
		`a = a.Unmap().WithZone("")`,
		`a = a.WithZone("")`,
	},
	{
		"http: addresses behind NAT64", "internal/boundedhttp/address.go",
		"if nat64.Contains(a) {",
		"if false {",
	},
	{
		"http: loopback under another name", "internal/boundedhttp/address.go",
		"return !in(loopback) && !in(blocked)",
		"return !in(blocked)",
	},
	{
		"http: localhost is here", "internal/boundedhttp/address.go",
		"\t\treturn in(loopback)\n",
		"\t\treturn true\n",
	},
	{
		"http: 304 only if asked for", "internal/boundedhttp/client.go",
		"&& get.Have != Validators{}",
		"",
	},
	{
		"http: age", "internal/boundedhttp/client.go",
		`-seconds(h.Get("Age"))`,
		"",
	},
	{
		"source: validators belong to an URL", "auth/issuer/source.go",
		"last.url == s.url",
		"true",
	},
	{
		"source: conditional", "auth/issuer/source.go",
		"get.Have = last.validators",
		"_ = last",
	},
	{
		"source: a 304 renews", "auth/issuer/source.go",
		"snap.began, snap.fetched = began.Add(-document.Age), time.Now()",
		"snap.began, snap.fetched = began.Add(-document.Age), time.Now()\n\tif last != nil && document.NotModified {\n\t\tsnap.fetched = last.fetched\n\t}",
	},
	{
		"source: age of the answer", "auth/issuer/source.go",
		"began.Add(-document.Age)",
		"began",
	},
	{
		"source: clamp", "auth/issuer/timings.go",
		"return min(max(fresh, t.MinFresh), t.MaxFresh)",
		"return fresh",
	},
	{
		"source: the token's place", "auth/issuer/source.go",
		"&& i.trusts(get.URL)",
		"",
	},
	{
		"source: the token's shape", "auth/issuer/source.go",
		"if err != nil {\n\t\treturn \"\", errors.New(\"token file: it does not",
		"if false {\n\t\treturn \"\", errors.New(\"token file: it does not",
	},
	{
		"source: size", "auth/issuer/source.go",
		"if len(document) > maxKeySetSize {",
		"if false {",
	},
	{
		"metadata: pins", "auth/issuer/discovery.go",
		"if m, pinned = m.pinTo(d.first); pinned != nil {",
		"if pinned != nil {",
	},
	{
		"metadata: pinned origins", "auth/issuer/metadata.go",
		"isEndpoint(member.Name) && !sameOrigin(member.Value, before, was, origins)",
		"isEndpoint(member.Name) && len(origins) == 0",
	},
	{
		"metadata: pinned methods", "auth/issuer/metadata.go",
		"&& !sameMembers(member.Value, before)",
		"&& false",
	},
	{
		"metadata: new endpoints", "auth/issuer/metadata.go",
		"return ok && slices.Contains(known, origin)",
		"return ok",
	},
	{
		"metadata: what is gone", "auth/issuer/metadata.go",
		"&& !now.Has(member.Name) {",
		"&& false {",
	},
	{
		"metadata: pinned aliases", "auth/issuer/metadata.go",
		`pin(m.aliases, first.aliases, endpointAlias+".")`,
		"m.aliases",
	},
	{
		"refresh: Retry-After", "auth/issuer/refresher.go",
		"delay = max(delay, min(status.RetryAfter, t.MaxBackoff))",
		"_ = status",
	},
	{
		"refresh: distrust", "auth/issuer/refresher.go",
		"\tr.current.Store(trusted)\n",
		"",
	},
	{
		"refresh: distrust lasts", "auth/issuer/refresher.go",
		"r.current.Store(s.without(r.distrusted))",
		"r.current.Store(s.without(nil))",
	},
	{
		"refresh: distrust is final", "auth/issuer/refresher.go",
		"if s.distrusted.has(kid) {",
		"if false {",
	},
	{
		"refresh: distrust of several", "auth/issuer/distrust.go",
		"maps.Copy(more.kids, d.kids)",
		"_ = maps.Copy[map[string]bool, map[string]bool]",
	},
	{
		"refresh: operator waits for his own", "auth/issuer/refresher.go",
		"if !f.began.Before(called) {",
		"if true {",
	},
	{
		"refresh: static keys are final", "auth/issuer/refresher.go",
		"|| r.fetch == nil {\n\t\t\treturn nil, &UnknownKeyError{Asked: s.asked(), Final: true}",
		"{\n\t\t\treturn nil, &UnknownKeyError{Asked: s.asked(), Final: true}",
	},
	{
		"refresh: seeds are replaced", "auth/issuer/refresher.go",
		"_, _, _ = r.join(causeNoKeys, s) // seed",
		"_ = r // seed",
	},
	{
		"health: stale is degraded", "auth/issuer/health.go",
		"s.age() < s.fresh:",
		"true:",
	},
	{
		"health: seeds are degraded", "auth/issuer/health.go",
		"!s.began.IsZero() && s.age() < s.fresh:",
		"s.age() < time.Hour:",
	},
	{
		"health: keys past the hard stop", "auth/issuer/health.go",
		"if !i.keys.alive(s) {\n\t\treturn nil",
		"if s == nil {\n\t\treturn nil",
	},
	{
		"key: ROCA", "auth/issuer/key.go",
		"case isROCA(public.N):",
		"case false:",
	},
	{
		"key: PEM of other kinds", "auth/issuer/pem.go",
		"default:\n\t\treturn nil, fmt.Errorf(\"a PEM block",
		"case \"\":\n\t\treturn nil, fmt.Errorf(\"a PEM block",
	},
	{
		"key: weak Ed25519 in PEM", "auth/issuer/pem.go",
		"if err := checkEd25519(public); err != nil {",
		"if err := error(nil); err != nil {",
	},
	{
		"key: RSA in PEM", "auth/issuer/pem.go",
		"if err := checkRSA(public); err != nil {",
		"if err := error(nil); err != nil {",
	},
	{
		"new issuer: several sources", "auth/issuer/options.go",
		"case sources > 1:",
		"case false:",
	},
	{
		"new issuer: transport and its options", "auth/issuer/options.go",
		"case c.http.Transport != nil &&",
		"case false &&",
	},
	{
		"new issuer: a given key that is dropped", "auth/issuer/options.go",
		"if !d.expected {\n\t\t\treturn nil",
		"if false {\n\t\t\treturn nil",
	},
	{
		"logout: fragment", "auth/issuer/logout.go",
		`asked, _, _ := strings.Cut(raw, "#")`,
		"asked := raw",
	},
	{
		"logout: URL", "auth/issuer/logout.go",
		"if err := checkEndpoint(asked, m.identifier); err != nil {",
		"if err := error(nil); err != nil {",
	},
	{
		"challenge: acr that cannot stand in a header", "auth/challenges.go",
		"if listable(e.ACRValues) {",
		"if len(e.ACRValues) > 0 {",
	},
	{
		"jwt: auth_time", "auth/jwtauth/claims.go",
		`"auth_time", time.Now().Add(v.skew)); err != nil {`,
		`"auth_time", time.Now().Add(v.skew)); false {`,
	},
	{
		"connect: a POST is no GET", "connectauth/handler.go",
		`&& header.Get("Content-Type") == "":`,
		":",
	},
	{
		"undecided: errors have no body", "connectauth/undecided.go",
		"|| h.bodyless {",
		"{",
	},
	{
		"undecided: only errors of gRPC pass", "connectauth/undecided.go",
		`return status != "" && status != "0"`,
		`return status != "."`,
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
		"jwt profiles: details max", "internal/claimset/check.go",
		" || len(entries) > maxDetails",
		"",
	},
	{
		"jwt profiles: details type", "internal/claimset/check.go",
		` || object.Text("type") == ""`,
		" || object == nil",
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
		"jwt profiles: required", "internal/claimset/check.go",
		"!ok || value.Kind() == jsontext.KindNull",
		"ok && value.Kind() == jsontext.KindInvalid",
	},
	{
		"jwt profiles: required null", "internal/claimset/check.go",
		" || value.Kind() == jsontext.KindNull",
		" || value.Kind() == jsontext.KindInvalid",
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
		"chain: issuers that are not known yet", "auth/chain.go",
		"(len(d.Issuers) > 1 || d.Admits != nil)",
		"len(d.Issuers) > 1",
	},
	{
		"new guard: issuers that are not known yet", "auth/guard.go",
		"&& (d.Admits == nil || !d.Admits(issuer))",
		"&& d.Admits == nil",
	},
	{
		"jwt: made-up issuers", "auth/jwtauth/tenants.go",
		"if t.fresh.Len() >= min(maxNewTenants, t.config.Max) && !t.forget(t.fresh) {",
		"if false {",
	},
	{
		"cache: deadline and freshness", "auth/claims.go",
		"return now.Before(until) && c.rests()",
		"return c.rests()",
	},
	{
		"cache: freshness", "auth/claims.go",
		"c.holdsUntil(c.data.FreshUntil, now)",
		"c.holdsUntil(c.data.Deadline, now)",
	},
	{
		"cache: what it rests on", "auth/claims.go",
		"return now.Before(until) && c.rests()",
		"return now.Before(until)",
	},
	{
		"cache: only what may be kept", "auth/cache.go",
		"!claims.data.FreshUntil.IsZero() && claims.holds(now)",
		"claims.holds(now)",
	},
	{
		"cache: refusals end", "auth/cache.go",
		"if now.Before(e.until) {",
		"if true {",
	},
	{
		"cache: only refusals that may be kept", "auth/cache.go",
		"refusal.FreshFor > 0 && e == nil",
		"e == nil",
	},
	{
		"cache: outages are not kept", "auth/cache.go",
		"|| refusal.Kind != KindUnauthenticated {",
		"{",
	},
	{
		"cache: a refusal ends what was known", "auth/cache.go",
		"\t\tk.claims.removeBefore(f.key, f.asked)\n",
		"",
	},
	{
		"cache: one question", "auth/cachequestion.go",
		"\tcase !fresh:\n\t\tq = about.asked",
		"\tcase fresh && !fresh:\n\t\tq = about.asked",
	},
	{
		"cache: nobody's context", "auth/cachequestion.go",
		"ctx: context.WithoutCancel(ctx), credential",
		"ctx: ctx, credential",
	},
	{
		"cache: a caller who has left", "auth/cachequestion.go",
		"if err := ctx.Err(); err != nil {\n\t\t\treturn nil, err\n\t\t}\n",
		"",
	},
	{
		"cache: questions end", "auth/cachequestion.go",
		"context.WithTimeout(q.ctx, questionTimeout)",
		"context.WithTimeout(q.ctx, 1000*questionTimeout)",
	},
	{
		"cache: panic", "auth/cachequestion.go",
		"if p := recover(); p != nil { // it would",
		"if p := any(nil); p != nil { // it would",
	},
	{
		"cache: generation", "auth/cacheflight.go",
		"|| !matchesAny(f.meanwhile, claims))",
		"|| len(f.meanwhile) >= 0)",
	},
	{
		"cache: questions from before an invalidation", "auth/cachequestion.go",
		"return matchesAny(q.flight.meanwhile[:before], q.claims)",
		"return false",
	},
	{
		"cache: selection", "auth/cache.go",
		"(s.Issuer == \"\" || s.Issuer == d.Issuer) &&",
		"true &&",
	},
	{
		"cache: refusals of all", "auth/cache.go",
		"if s == (Selection{}) {",
		"if false {",
	},
	{
		"cache: the whole digest", "auth/cachetable.go",
		"if e := b.slots[i].Load(); e != nil && e.key == key {\n\t\t\tif !e",
		"if e := b.slots[i].Load(); e != nil && e.key[0] == key[0] {\n\t\t\tif !e",
	},
	{
		"cache: a secret of its own", "auth/cache.go",
		"input = append(input, token...)",
		"input = append(input, token[:min(8000, len(token))]...)",
	},
	{
		"cache: bound of entries", "auth/cachetable.go",
		"t.entries.Load() > t.maxEntries ||",
		"false ||",
	},
	{
		"cache: bound of bytes", "auth/cachetable.go",
		"t.bytes.Load() > t.maxBytes",
		"false",
	},
	{
		"cache: what is used stays", "auth/cachetable.go",
		"if !e.used.Swap(false) && found < 0 {",
		"if found < 0 {",
	},
	{
		"cache: refusals apart", "auth/cache.go",
		"k.refusals.store(&cacheEntry{key: f.key,",
		"k.claims.store(&cacheEntry{claims: &Claims{}, key: f.key,",
	},
	{
		"guard: fresh asks", "auth/guard.go",
		"\tcase fresh:\n\t\treturn g.cache.know(ctx, key, c, true)",
		"\tcase fresh && false:\n\t\treturn g.cache.know(ctx, key, c, true)",
	},
	{
		"guard: fresh was asked", "auth/guard.go",
		"if fresh && claims.ConfirmedAt().Before(arrived) {",
		"if fresh && arrived.IsZero() {",
	},
	{
		"new guard: one cache", "auth/guard.go",
		"if g.caching != nil || g.uncached {\n\t\t\treturn errors.New(\"auth: WithCache or WithoutCache for",
		"if g.caching != nil && g.uncached {\n\t\t\treturn errors.New(\"auth: WithCache or WithoutCache for",
	},
	{
		"keys: held while published", "auth/issuer/hold.go",
		"if err != nil || k == nil {",
		"if k = (&key{public: h.public}); err != nil {",
	},
	{
		"keys: held while the same", "auth/issuer/hold.go",
		"!ok || !public.Equal(h.public)",
		"!ok || public == nil",
	},
	{
		"keys: held until the hard stop", "auth/issuer/hold.go",
		"if !h.keys.alive(s) ||",
		"if s == nil ||",
	},
	{
		"jwt: a cached token ends with its key", "auth/jwtauth/claims.go",
		"d.FreshUntil, d.Holds = d.Deadline, v.keys.Holds(h.kid, h.alg, key)",
		"d.FreshUntil, _ = d.Deadline, key",
	},
	{
		"connect: another request's response", "connectauth/middleware.go",
		`!slices.Equal(l.request.Header["User-Agent"], header["User-Agent"])`,
		"false",
	},
	{
		"undecided: middleware within", "connectauth/middleware.go",
		"l.decided = outer.decided",
		"_ = outer",
	},
	{
		"undecided: informational answers", "connectauth/undecided.go",
		"if !h.failed && (h.begun || h.passes || h.decided.Load()) {",
		"if !h.failed {",
	},
	{
		"http: connections that went silent", "internal/boundedhttp/client.go",
		"\t\tc.renewing.failed(err, nobodysTime)\n\t\treturn nil, err\n",
		"\t\treturn nil, err\n",
	},
	{
		"http: huge validators", "internal/boundedhttp/client.go",
		"if len(v.ETag) > maxValidator {",
		"if false {",
	},
	{
		"http: blocked before localhost", "internal/boundedhttp/address.go",
		"\tcase in(p.Block):\n\t\treturn false\n",
		"",
	},
	{
		"http: IPv4 within IPv6 in a prefix", "internal/boundedhttp/address.go",
		"|| p.Addr().Is4In6() {",
		"{",
	},
	{
		"source: the whole document now and then", "auth/issuer/source.go",
		"time.Since(last.whole) < s.issuer.timings.MaxFresh",
		"last.whole.IsZero() == false",
	},
	{
		"source: an operator gets the whole document", "auth/issuer/source.go",
		"why != causeOperator &&",
		"",
	},
	{
		"source: metadata that worked", "auth/issuer/discovery.go",
		"; !ok && d.first == nil {",
		"; (ok || !ok) && d.first == nil {",
	},
	{
		"source: metadata where a key is missing", "auth/issuer/discovery.go",
		"life = metadataDoubt",
		"_ = metadataDoubt",
	},
	{
		"metadata: served while newer ones hang", "auth/issuer/discovery.go",
		"\tif m != nil {\n\t\treturn m, nil\n\t}\n\tselect {",
		"\tselect {",
	},
	{
		"metadata: back-off", "auth/issuer/discovery.go",
		"\tcase wait > 0:\n\t\treturn nil",
		"\tcase false:\n\t\treturn nil",
	},
	{
		"metadata: this machine", "auth/issuer/metadata.go",
		"if boundedhttp.IsLoopback(u.Hostname()) {",
		"if false {",
	},
	{
		"refresh: a source that hangs", "auth/issuer/refresher.go",
		"\tcase <-timer.C:\n\t\treturn value, returned, errors.New(\"issuer: a fetch does not",
		"\tcase <-time.After(1000 * time.Hour):\n\t\treturn value, returned, errors.New(\"issuer: a fetch does not",
	},
	{
		"refresh: one call of a source at a time", "auth/issuer/refresher.go",
		"\t\tcase <-hung:\n\t\tdefault:\n\t\t\treturn nil, errors",
		"\t\tcase <-hung:\n\t\tcase <-r.ctx.Done():\n\t\t\treturn nil, errors",
	},
	{
		"refresh: errors that panic", "auth/issuer/refresher.go",
		"\t\t_, _ = errors.AsType[*boundedhttp.StatusError](err)\n\t\t_ = err.Error()\n",
		"\t\t_ = err\n",
	},
	{
		"refresh: distrust of the key itself", "auth/issuer/distrust.go",
		"|| slices.ContainsFunc(d.keys, k.same))",
		"|| slices.ContainsFunc(d.keys, func(*key) bool { return false }))",
	},
	{
		"health: nothing left is down", "auth/issuer/health.go",
		"|| len(s.keys) == 0: // all",
		"|| false: // all",
	},
	{
		"key: Ed25519 on its curve", "auth/issuer/ed25519.go",
		"if !isOnCurve(public) {",
		"if false {",
	},
	{
		"key: damaged PEM", "auth/issuer/pem.go",
		"if begun != decoded {",
		"if false {",
	},
	{
		"new issuer: for ever", "auth/issuer/timings.go",
		"if f.value < f.min || f.value > f.max {",
		"if f.value < f.min {",
	},
	{
		"new issuer: too little", "auth/issuer/timings.go",
		"if f.value < f.min || f.value > f.max {",
		"if f.value > f.max {",
	},
	{
		"keys: held until the issuer is closed", "auth/issuer/hold.go",
		"|| h.keys.ended.Load() {",
		"{",
	},
	{
		"tenants: distrust outlives forgetting", "auth/jwtauth/tenants.go",
		"for _, kid := range t.distrusted[name] {",
		"for _, kid := range t.distrusted[\"\"] {",
	},
	{
		"stale: never past the deadline", "auth/claims.go",
		"if d := c.data.Deadline; until.IsZero() || d.Before(until) {",
		"if d := c.data.Deadline; until.IsZero() {",
	},
	{
		"stale: only with leave", "auth/claims.go",
		"return !c.data.StaleUntil.IsZero() && c.holdsUntil(c.data.StaleUntil, now)",
		"return c.holdsUntil(c.data.StaleUntil, now)",
	},
	{
		"stale: not once invalidated", "auth/cache.go",
		"if k.claims.find(known.key) == known && known.claims.holdsStale(time.Now()) {",
		"if known.claims.holdsStale(time.Now()) {",
	},
	{
		"stale: not past its time", "auth/cache.go",
		"if k.claims.find(known.key) == known && known.claims.holdsStale(time.Now()) {",
		"if k.claims.find(known.key) == known {",
	},
	{
		"stale: a refusal is no outage", "auth/cache.go",
		"ok && refusal != nil && refusal.Kind != KindUnavailable {",
		"ok && refusal != nil && false {",
	},
	{
		"stale: not for a confirmer", "introspection/confirm.go",
		"if v.stale > 0 {",
		"if false {",
	},
	{
		"stream: newer answers only", "auth/cache.go",
		"e.claims.ConfirmedAt().After(than.ConfirmedAt()) && e.claims.holds(time.Now())",
		"e.claims.holds(time.Now())",
	},
	{
		"stream: revoked before it was known", "auth/stream.go",
		"\t// found here.\n\ts.checkRevoked()",
		"\t// found here.",
	},
	{
		"stream: deadline", "auth/stream.go",
		"s.endAt = earlier(now, c.data.Deadline)",
		"s.endAt = earlier(now, c.data.Deadline.Add(time.Hour))",
	},
	{
		"stream: age", "auth/stream.go",
		"s.aged = s.endBy(s.oldAt)",
		"s.aged = false",
	},
	{
		"stream: asked again without exp", "auth/stream.go",
		"case c.data.Expiry.IsZero() && !c.data.ConfirmedAt.IsZero():",
		"case false:",
	},
	{
		"stream: two outages in a row", "auth/stream.go",
		"s.endBy(since.Add(2 * policy.Reverify))",
		"_ = since",
	},
	{
		"stream: an outage while the key is gone", "auth/stream.go",
		"&& s.rests() && !s.endAt.IsZero():",
		"&& !s.endAt.IsZero():",
	},
	{
		"stream: same party", "auth/stream.go",
		"if !before.sameParty(claims) {",
		"if false {",
	},
	{
		"stream: expired when asked again", "auth/stream.go",
		"if !time.Now().Before(claims.Deadline()) {",
		"if false {",
	},
	{
		"stream: revoked when asked again", "auth/stream.go",
		"if err := g.checkRevoked(claims, token); err != nil {",
		"if err := g.checkRevoked(claims, token); false {",
	},
	{
		"stream: rule is run again", "auth/stream.go",
		"return g.authorize(ctx, r, rule, claims)",
		"return nil",
	},
	{
		"stream: fresh again", "auth/stream.go",
		"if g.cache == nil || rule.Fresh {",
		"if g.cache == nil {",
	},
	{
		"stream: key withdrawn", "auth/stream.go",
		"\tif s.rests() {\n\t\ts.lost = false",
		"\tif s.rests() || true {\n\t\ts.lost = false",
	},
	{
		"stream: revocations are watched", "auth/openstreams.go",
		"if o.revocations != nil {",
		"if false {",
	},
	{
		"stream: jitter has a bound", "auth/streampolicy.go",
		"bound := min(at.Sub(from)/jitterShare, maxJitter)",
		"bound := at.Sub(from) / jitterShare",
	},
	{
		"stream: subject of the party", "auth/claims.go",
		"c.data.Subject == other.data.Subject",
		"true",
	},
	{
		"stream: client of the party", "auth/claims.go",
		"c.data.ClientID == other.data.ClientID",
		"true",
	},
	{
		"stream: issuer of the party", "auth/claims.go",
		"return c.data.Issuer == other.data.Issuer &&",
		"return true &&",
	},
	{
		"stream: shadow", "auth/stream.go",
		"case g.shadow.on() && g.ReadsCredentials(r.Procedure):",
		"case false:",
	},
	{
		"revoked: every call", "auth/guard.go",
		"if err := g.checkRevoked(claims, credential); err != nil {",
		"if err := g.checkRevoked(claims, credential); false {",
	},
	{
		"revoked: nobody can tell", "auth/revocation.go",
		"case err != nil:\n\t\treturn Unavailable(CheckRevoked",
		"case false:\n\t\treturn Unavailable(CheckRevoked",
	},
	{
		"revoked: long lives", "auth/revocationlist.go",
		"if l.tooOld(d) {",
		"if false {",
	},
	{
		"revoked: no iat", "auth/revocationlist.go",
		"issued.IsZero() || issued.Unix() <= e.before",
		"!issued.IsZero() && issued.Unix() <= e.before",
	},
	{
		"revoked: tokens after it", "auth/revocationlist.go",
		"issued.IsZero() || issued.Unix() <= e.before",
		"true",
	},
	{
		"revoked: same second", "auth/revocationlist.go",
		"issued.Unix() <= e.before",
		"issued.Unix() < e.before",
	},
	{
		"revoked: forgotten", "auth/revocationlist.go",
		" && time.Now().Before(e.forget)\n",
		"\n",
	},
	{
		"revoked: full", "auth/revocationlist.go",
		"if l.count >= l.config.Entries && e.kind != revokedIssuer {",
		"if false {",
	},
	{
		"revoked: wider of two", "auth/revocationlist.go",
		"e.before = max(e.before, other.before)",
		"e.before = min(e.before, other.before)",
	},
	{
		"revoked: whose name it is", "auth/revocationlist.go",
		"case r.Issuer == \"\":",
		"case false:",
	},
	{
		"revoked: one thing at a time", "auth/revocationlist.go",
		"case set > 1:",
		"case false:",
	},
	{
		"revoked: a whole issuer by accident", "auth/revocationlist.go",
		"case set == 0 && r.Before.IsZero():",
		"case false:",
	},
	{
		"cache: void answers", "auth/cacheflight.go",
		"return !f.void && (claims == nil",
		"return (claims == nil",
	},
	{
		"cache: late answers after a refusal", "auth/cache.go",
		"\t\tk.refused(f)\n",
		"\n",
	},
	{
		"cache: refusals that are over", "auth/cache.go",
		"k.refusals.removeBefore(f.key, f.asked)",
		"_ = f",
	},
	{
		"cache: older answers", "auth/cachetable.go",
		"old.asked > e.asked {",
		"false {",
	},
	{
		"cache: everything is invalidated", "auth/cacheflight.go",
		"s == (Selection{}) || len(f.meanwhile) == maxMeanwhile",
		"len(f.meanwhile) == maxMeanwhile",
	},
	{
		"cache: void questions are not joined", "auth/cachequestion.go",
		"case about.asked == nil || about.asked.flight.void:",
		"case about.asked == nil:",
	},
	{
		"cache: fresh is from now on", "auth/cachequestion.go",
		"case !fresh:",
		"case fresh || !fresh:",
	},
	{
		"cache: questions without callers", "auth/cachequestion.go",
		"case k.orphans < maxOrphans:",
		"case k.orphans >= 0:",
	},
	{
		"cache: questions for who comes again", "auth/cachequestion.go",
		"case k.orphans < maxOrphans:",
		"case k.orphans < 0:",
	},
	{
		"cache: counting questions without callers", "auth/cachequestion.go",
		"\tif q.orphan {\n\t\tq.orphan = false\n\t\tk.orphans--\n\t}",
		"",
	},
	{
		"cache: in a chain", "auth/chain.go",
		"if _, ok := v.(*Cache); ok {",
		"if _, ok := v.(*Cache); ok && false {",
	},
	{
		"stream: asked about the token from before a renewal", "auth/stream.go",
		"if s.claims == before {",
		"if s.claims != nil {",
	},
	{
		"client authentication: assertion: audience is the issuer", "clientauth/assertion.go",
		"\t\treturn r.Issuer, nil",
		"\t\treturn r.Endpoint, nil",
	},
	{
		"client authentication: assertion: insecure audience ends at the origin", "clientauth/assertion.go",
		"if boundedhttp.Origin(endpoint) != boundedhttp.Origin(iss) {",
		"if false {",
	},
	{
		"client authentication: assertion: a jti of its own", "clientauth/assertion.go",
		`text("jti", rand.Text())`,
		`text("jti", rand.Text()[:4])`,
	},
	{
		"client authentication: assertion: its lifetime", "clientauth/assertion.go",
		"now.Add(a.lifetime).Unix()",
		"now.Add(2*a.lifetime).Unix()",
	},
	{
		"client authentication: assertion: its type", "clientauth/assertion.go",
		`typAssertion = "client-authentication+jwt"`,
		`typAssertion = "JWT"`,
	},
	{
		"client authentication: assertion: a key signs by its own", "clientauth/assertion.go",
		"if !slices.Contains(k.algorithms, a.algorithm) {",
		"if false {",
	},
	{
		"client authentication: assertion: a secret as long as the hash", "clientauth/assertion.go",
		"len(secret) < need {",
		"len(secret) < need/2 {",
	},
	{
		"client authentication: somebody's assertion: expired", "clientauth/assertion.go",
		"\tif !now.Before(exp) {",
		"\tif false {",
	},
	{
		"client authentication: algorithm: RSA of 2048 bits", "clientauth/algorithm.go",
		"bits < 2048 ||",
		"bits < 512 ||",
	},
	{
		"client authentication: algorithm: only what the issuer takes", "clientauth/algorithm.go",
		"\t\tif slices.Contains(takes, alg) {",
		"\t\tif true {",
	},
	{
		"client authentication: algorithm: no token list for introspection", "clientauth/algorithm.go",
		`		return endpoint + suffix
`,
		`		return TokenEndpoint + suffix
`,
	},
	{
		"client authentication: signer: salt of the hash's length", "clientauth/signer.go",
		"SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}",
		"SaltLength: rsa.PSSSaltLengthAuto, Hash: hash}",
	},
	{
		"client authentication: signer: signatures of others are verified", "clientauth/signer.go",
		"if !s.local && !verify(",
		"if false && !verify(",
	},
	{
		"client authentication: signer: bounded calls", "clientauth/signingkey.go",
		"make(chan struct{}, maxSigning)",
		"make(chan struct{}, 1<<20)",
	},
	{
		"client authentication: calls: within the request", "clientauth/within.go",
		`	case <-ctx.Done():
		return none, fmt.Errorf("%s did not answer`,
		`	case <-context.Background().Done():
		return none, fmt.Errorf("%s did not answer`,
	},
	{
		"client authentication: signer: fixed width", "clientauth/signer.go",
		"\tpair.R.FillBytes(out[:width])",
		"\tcopy(out, pair.R.Bytes())",
	},
	{
		"client authentication: key: a kid given is that of one key", "clientauth/signingkey.go",
		`	if old.keyIDFrom == keyIDGiven && s.keyIDFrom == keyIDNone {
		if !same {`,
		`	if old.keyIDFrom == keyIDGiven && s.keyIDFrom == keyIDNone {
		if false {`,
	},
	{
		"client authentication: key: kept on error", "clientauth/signingkey.go",
		`	next, err := parseSigning(document, kept)
`,
		`	next, err := parseSigning(document, kept)
	k.current.Store(next)
`,
	},
	{
		"client authentication: key: certificate of this key", "clientauth/signingkey.go",
		`	if at < 0 {
		return errors`,
		`	if at < 0 {
		return nil
		return errors`,
	},
	{
		"client authentication: key: redaction", "clientauth/signingkey.go",
		"func (k *SigningKey) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }",
		`func (k *SigningKey) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "%v", k.snapshot().signer) }`,
	},
	{
		"client authentication: pem: one key", "clientauth/privatekey.go",
		"\t\t\tif key != nil {",
		"\t\t\tif false {",
	},
	{
		"client authentication: pem: damaged blocks", "clientauth/privatekey.go",
		"\tcase begun != decoded:",
		"\tcase begun < decoded:",
	},
	{
		"client authentication: pem: nothing after the blocks", "clientauth/privatekey.go",
		"\tcase len(bytes.TrimSpace(rest)) > 0:",
		"\tcase false:",
	},
	{
		"client authentication: select: only what is announced", "clientauth/select.go",
		"if !held || !slices.Contains(takes, string(m)) {",
		"if !held {",
	},
	{
		"client authentication: select: nothing steps down", "clientauth/select.go",
		`			s.chosen[here] = a
`,
		`			_ = a
`,
	},
	{
		"client authentication: select: order", "clientauth/select.go",
		"\tMethodTLSClientAuth, MethodSelfSignedTLSClientAuth, MethodPrivateKeyJWT, MethodClientSecretJWT, MethodClientSecretBasic, MethodClientSecretPost,",
		"\tMethodTLSClientAuth, MethodSelfSignedTLSClientAuth, MethodClientSecretJWT, MethodPrivateKeyJWT, MethodClientSecretBasic, MethodClientSecretPost,",
	},
	{
		"client authentication: select: the certificate's kind", "clientauth/select.go",
		"if err == nil && c.methodOf(pair) != m {",
		`if err == nil && c.methodOf(pair) == "" {`,
	},
	{
		"client authentication: select: signed by itself, in fact", "clientauth/select.go",
		" && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil",
		"",
	},
	{
		"client authentication: select: registered methods", "clientauth/select.go",
		`	if len(c.Methods) > 0 {
		maps`,
		`	if false {
		maps`,
	},
	{
		"client authentication: select: a secret that cannot be read", "clientauth/select.go",
		`		secret, err := c.Secret.value(ctx)
		if err != nil {
			return err`,
		`		secret, err := c.Secret.value(ctx)
		if err != nil {
			return unfit{err}`,
	},
	{
		"client authentication: endpoint: our fault", "clientauth/endpoint.go",
		"Ours: isMisconfigured(err), ",
		"",
	},
	{
		"client authentication: proof: the same key is no newer one", "clientauth/request.go",
		`	if p.credential != nil {
		return p.certificate`,
		`	if false {
		return p.certificate`,
	},
	{
		"identities: sessions are of one certificate", "internal/boundedhttp/identity.go",
		"if t.TLSClientConfig.ClientSessionCache != nil {",
		"if false {",
	},
	{
		"identities: HTTP/2 of its own", "internal/boundedhttp/identity.go",
		`if _, ok := base.TLSNextProto["h2"]; ok {`,
		"if false {",
	},
	{
		"identities: others are closed", "internal/boundedhttp/identity.go",
		"i.transport.get().CloseIdleConnections()",
		"_ = i",
	},
	{
		"identities: nothing is left", "internal/boundedhttp/identity.go",
		"\t\ti.connections.close()",
		"\t\t_ = i",
	},
	{
		"identities: requests under way finish", "internal/boundedhttp/identity.go",
		"if i.requests == 0 {",
		"if true {",
	},
	{
		"identities: not over plain HTTP", "internal/boundedhttp/identity.go",
		`if r.URL.Scheme != "https" {`,
		"if false {",
	},
	{
		"identities: no other certificate", "internal/boundedhttp/identity.go",
		"(len(b.TLSClientConfig.Certificates) > 0 || b.TLSClientConfig.GetClientCertificate != nil)",
		"false",
	},
	{
		"identity: the key is the certificate's", "clientauth/certificate.go",
		"return equalKeys(c.PublicKey, public) })",
		"return true || equalKeys(c.PublicKey, public) })",
	},
	{
		"identity: chain in order", "clientauth/certificate.go",
		"if !slices.ContainsFunc(chain[:n],",
		"if false && !slices.ContainsFunc(chain[:n],",
	},
	{
		"identity: expired", "clientauth/certificate.go",
		"if now.After(leaf.NotAfter) {",
		"if false {",
	},
	{
		"identity: the same one stays", "clientauth/identity.go",
		"now != nil && sameCertificate(now, next)",
		"now != nil && false",
	},
	{
		"identity: there must be one", "clientauth/identity.go",
		"if i.certificate() == nil {\n\t\treturn errNoIdentity",
		"if i == nil {\n\t\treturn errNoIdentity",
	},
	{
		"identity: redaction", "clientauth/identity.go",
		"_, _ = s.Write([]byte(i.String())) }",
		`fmt.Fprintf(s, "%v", i.certificate().PrivateKey) }`,
	},
	{
		"tls_client_auth: client_id", "clientauth/mutual.go",
		`r.SetForm("client_id", id) // RFC 8705 section 2`,
		"_ = id",
	},
	{
		"tls_client_auth: refresh", "clientauth/mutual.go",
		"return m.identity.refresh(ctx) }",
		"return nil }",
	},
	{
		"rotation: one attempt at a time", "clientauth/rotation.go",
		"case r.running != nil:",
		"case r.running != nil && r.closed:",
	},
	{
		"rotation: cooldown", "clientauth/rotation.go",
		"time.Since(r.began) < least:",
		"false:",
	},
	{
		"rotation: time-out", "clientauth/rotation.go",
		"context.WithTimeout(r.ctx, r.timeout)",
		"context.WithTimeout(r.ctx, 1<<62)",
	},
	{
		"rotation: not again while one hangs", "clientauth/rotation.go",
		"if hung != nil {",
		"if false {",
	},
	{
		"rotation: panics", "clientauth/rotation.go",
		"if p := recover(); p != nil {",
		"if p := any(nil); p != nil {",
	},
	{
		"rotation: failures are reported", "clientauth/rotation.go",
		"report(r.ctx, r.observer, auth.Event{Name: EventRotationFailed, Cause: err})",
		"_ = err",
	},
	{
		"provide: 80 %", "clientauth/provide.go",
		"provideAt       = 0.8",
		"provideAt       = 1",
	},
	{
		"provide: not too late", "clientauth/provide.go",
		"provideAt), provideLatest)",
		"provideAt), 1<<62)",
	},
	{
		"provide: back-off", "clientauth/provide.go",
		"provideSoonest<<min(failures-1, 10)",
		"provideSoonest<<0",
	},
	{
		"watch: longest wait", "clientauth/watch.go",
		"min(watchQuiet, burst.Add(watchLongest).Sub(now))",
		"watchQuiet",
	},
	{
		"watch: tries again", "clientauth/watch.go",
		"if failures := w.rotation.failed(); failures > 0 {",
		"if failures := 0; failures > 0 {",
	},
	{
		"watch: changes during a read", "clientauth/watch.go",
		"behind = !started",
		"behind = started && false",
	},
	{
		"watch: a new directory", "clientauth/watch.go",
		"_ = w.notifier.Add(dir) // it may be another one of that name",
		"_ = dir",
	},
	{
		"watch: there must be an identity", "clientauth/watch.go",
		"if i.certificate() == nil {",
		"if i == nil {",
	},
	{
		"renewal: a decision of this guard", "auth/streamrenewal.go",
		"!ok || d.guard != g || d.claims == nil || d.procedure",
		"!ok || d.claims == nil || d.procedure",
	},
	{
		"renewal: a decision of this method", "auth/streamrenewal.go",
		"d.claims == nil || d.procedure != StreamRenewalProcedure {",
		"d.claims == nil {",
	},
	{
		"renewal: shortest name", "auth/streamrenewal.go",
		"len(name) >= minStreamName &&",
		"name != \"\" &&",
	},
	{
		"renewal: longest name", "auth/streamrenewal.go",
		"len(name) <= maxStreamName &&",
		"",
	},
	{
		"renewal: name in base64url", "auth/streamrenewal.go",
		"maxStreamName && isBase64URL(name)",
		"maxStreamName",
	},
	{
		"renewal: one name", "auth/streamrenewal.go",
		"if len(values) != 1 ||",
		"if len(values) == 0 ||",
	},
	{
		"renewal: fresh rule", "auth/streamrenewal.go",
		"if s.rule.Fresh {",
		"if false {",
	},
	{
		"renewal: fresh rule, confirmed", "auth/streamrenewal.go",
		"case claims.ConfirmedAt().Before(arrived):",
		"case claims.ConfirmedAt().Before(arrived) && false:",
	},
	{
		"renewal: another party ends the stream", "auth/streamrenewal.go",
		"\t\ts.finish(refusal)\n",
		"",
	},
	{
		"renewal: nobody can tell", "auth/streamrenewal.go",
		"case refusal != nil && (refusal.Check == CheckDeadline || refusal.Kind != KindUnauthenticated && refusal.Kind != KindPermissionDenied):",
		"case false:",
	},
	{
		"renewal: older token", "auth/streamrenewal.go",
		"case !claims.Expiry().IsZero() && claims.Deadline().Before(s.claims.Deadline()):",
		"case false:",
	},
	{
		"renewal: never earlier", "auth/streamrenewal.go",
		"if s.endAt.Before(before) && !s.endAt.IsZero() {",
		"if false {",
	},
	{
		"renewal: revoked meanwhile", "auth/streamrenewal.go",
		"if s.checkRevoked(); s.closed {",
		"if s.closed {",
	},
	{
		"renewal: panic of a rule", "auth/streamrenewal.go",
		"\t\tif p := recover(); p != nil {\n\t\t\trefusal = panicked(p)",
		"\t\tif p := any(nil); p != nil {\n\t\t\trefusal = panicked(p)",
	},
	{
		"renewal: the new token counts", "auth/streamrenewal.go",
		"s.credential, s.claims, s.unknown, s.lost = token, claims, nil, false",
		"s.credential, s.unknown, s.lost = token, nil, false",
	},
	{
		"renewal over gRPC: no such stream", "grpcauth/streamrenewal.go",
		"case errors.Is(err, auth.ErrNoStream):",
		"case errors.Is(err, auth.ErrNoStream) && false:",
	},
	{
		"renewal by gRPC: the stream's token stays behind", "grpcauth/streamrenewalclient.go",
		"range []string{\"authorization\", auth.StreamHeader}",
		"range []string{auth.StreamHeader}",
	},
	{
		"renewal by gRPC: TLS", "grpcauth/streamrenewalclient.go",
		"return !b.plaintext",
		"return false",
	},
	{
		"renewal by gRPC: one name", "grpcauth/streamrenewalclient.go",
		"if len(given[auth.StreamHeader]) > 0 {",
		"if len(given[auth.StreamHeader]) > 9 {",
	},
	{
		"renewal by gRPC: ends with the stream", "grpcauth/streamrenewalclient.go",
		"if err != nil || s.once {",
		"if false {",
	},
	{
		"renewal by gRPC: ends with the one answer", "grpcauth/streamrenewalclient.go",
		"if err != nil || s.once {",
		"if err != nil {",
	},
	{
		"renewal by gRPC: one token", "grpcauth/streamrenewalclient.go",
		"if wrongCount(err, attached) {",
		"if false {",
	},
	{
		"renewal by gRPC: how many tokens is remembered", "grpcauth/streamrenewalclient.go",
		"r.attached.Store(!attached)",
		"",
	},
	{
		"renewal over Connect: guarded", "connectauth/streamrenewal.go",
		"\t\tHandlerOptions(guard),\n",
		"",
	},
	{
		"renewal over Connect: size", "connectauth/streamrenewal.go",
		"connect.WithReadMaxBytes(maxRenewalQuestion)",
		"connect.WithReadMaxBytes(1<<30)",
	},
	{
		"renewal over Connect: no such stream", "connectauth/streamrenewal.go",
		"case errors.Is(err, auth.ErrNoStream):",
		"case errors.Is(err, auth.ErrNoStream) && false:",
	},
	{
		"renewal by Connect: where tokens go", "connectauth/streamrenewalclient.go",
		"_, err := boundedhttp.ParseURL(c.BaseURL); err != nil",
		"_, err := boundedhttp.ParseURL(c.BaseURL); false && err != nil",
	},
	{
		"renewal by Connect: redirects", "connectauth/streamrenewalclient.go",
		"return http.ErrUseLastResponse }",
		"return nil }",
	},
	{
		"renewal by Connect: the stream's token stays behind", "connectauth/streamrenewalclient.go",
		"ctx, _ = connect.NewClientContext(ctx)",
		"",
	},
	{
		"renewal by Connect: one name", "connectauth/streamrenewalclient.go",
		"if conn.RequestHeader().Get(auth.StreamHeader) != \"\" {",
		"if conn.RequestHeader().Get(auth.StreamHeader) == \"?\" {",
	},
	{
		"renewal by Connect: ends when it is closed", "connectauth/streamrenewalclient.go",
		"\tc.stop()\n\treturn c.StreamingClientConn.CloseResponse()",
		"\treturn c.StreamingClientConn.CloseResponse()",
	},
	{
		"renewal by Connect: ends with the stream", "connectauth/streamrenewalclient.go",
		"err := c.StreamingClientConn.Receive(message)\n\tif err != nil {",
		"err := c.StreamingClientConn.Receive(message)\n\tif false {",
	},
	{
		"renewals: not too often", "internal/renewal/stream.go",
		"return max(s.life-s.life/5-jitter(s.life/10), leastWait)",
		"return max(s.life-s.life/5-jitter(s.life/10), 0)",
	},
	{
		"renewals: apart", "internal/renewal/stream.go",
		"return max(s.life-s.life/5-jitter(s.life/10), leastWait)",
		"return max(s.life-s.life/5, leastWait)",
	},
	{
		"renewals: back-off has jitter", "internal/renewal/stream.go",
		"return wait - jitter(wait/2)",
		"return wait",
	},
	{
		"renewals: back-off grows", "internal/renewal/stream.go",
		"\ts.backOffs++\n",
		"",
	},
	{
		"renewals: looked for in vain", "internal/renewal/stream.go",
		"s.misses >= maxMisses",
		"false",
	},
	{
		"renewals: two tokens refused", "internal/renewal/stream.go",
		"if !s.refused.IsZero() {\n",
		"if false {\n",
	},
	{
		"renewals: one token refused twice", "internal/renewal/stream.go",
		"case !s.refused.IsZero() && token.Token() == s.refused.Token():",
		"case false:",
	},
	{
		"renewals: nothing newer", "internal/renewal/stream.go",
		"case s.stale(token, expires):",
		"case false:",
	},
	{
		"renewals: end with the context", "internal/renewal/stream.go",
		"s.release = context.AfterFunc(ctx, s.stop)",
		"s.release = func() bool { return true }",
	},
	{
		"renewals: end the attempt under way", "internal/renewal/stream.go",
		"\ts.release()\n\ts.cancel()\n",
		"\ts.release()\n",
	},
	{
		"renewals: end the timer", "internal/renewal/stream.go",
		"\ts.timer.Stop()\n",
		"",
	},
	{
		"renewals: an attempt has an end", "internal/renewal/stream.go",
		"return context.WithTimeout(ctx, timeout)",
		"return context.WithCancel(ctx)",
	},
	{
		"renewals: a server without them", "internal/renewal/outcome.go",
		"case codes.Unimplemented, codes.Canceled:",
		"case codes.Canceled:",
	},
	{
		"streams: grpc-go is told the end", "grpcauth/stream.go",
		"go s.tell()",
		"",
	},
	{
		"streams: telling grpc-go waits for nobody", "grpcauth/stream.go",
		"go s.tell()",
		"s.tell()",
	},
	{
		"streams: context of a gRPC handler", "grpcauth/stream.go",
		`		cancel(ending)
		// Behind`,
		"		// Behind",
	},
	{
		"streams: panic of a gRPC handler", "grpcauth/stream.go",
		`		if watched.Close() != nil {
			// Before`,
		`		if watched != nil && watched.Err() != nil {
			// Before`,
	},
	{
		"streams: answer after the end, gRPC", "grpcauth/stream.go",
		`	if watched.Close() != nil {
		return s.end()
	}
`,
		`	_ = watched.Close()
`,
	},
	{
		"streams: receive after the end, gRPC", "grpcauth/stream.go",
		`func (s *guardedStream) RecvMsg(m any) error {
	if ended := s.end(); ended != nil {`,
		`func (s *guardedStream) RecvMsg(m any) error {
	if ended := s.end(); false {`,
	},
	{
		"streams: message that came too late, gRPC", "grpcauth/stream.go",
		`	err := s.ServerStream.RecvMsg(m)
	if ended := s.end(); ended != nil {`,
		`	err := s.ServerStream.RecvMsg(m)
	if ended := s.end(); false {`,
	},
	{
		"streams: send after the end, gRPC", "grpcauth/stream.go",
		`func (s *guardedStream) SendMsg(m any) error {
	if ended := s.end(); ended != nil {`,
		`func (s *guardedStream) SendMsg(m any) error {
	if ended := s.end(); false {`,
	},
	{
		"streams: send that was interrupted, gRPC", "grpcauth/stream.go",
		`	err := s.ServerStream.SendMsg(m)
	if err != nil {`,
		`	err := s.ServerStream.SendMsg(m)
	if false {`,
	},
	{
		"streams: context of a Connect handler", "connectauth/stream.go",
		`		cancel(ending)
		lent.wake(`,
		"		lent.wake(",
	},
	{
		"streams: waking a Connect handler", "connectauth/stream.go",
		`		cancel(ending)
		lent.wake(&guarded.sending)`,
		"		cancel(ending)",
	},
	{
		"streams: panic of a Connect handler", "connectauth/stream.go",
		`	defer func() { _ = watched.Close() }() // also if the handler panics
`,
		"",
	},
	{
		"streams: answer after the end, Connect", "connectauth/stream.go",
		`		err = ended
		lent.woken()`,
		"		lent.woken()",
	},
	{
		"streams: receive after the end, Connect", "connectauth/stream.go",
		`func (c *guardedConn) Receive(message any) error {
	if ended := c.end(); ended != nil {`,
		`func (c *guardedConn) Receive(message any) error {
	if ended := c.end(); false {`,
	},
	{
		"streams: message that came too late, Connect", "connectauth/stream.go",
		`	err := c.StreamingHandlerConn.Receive(message)
	if ended := c.end(); ended != nil {`,
		`	err := c.StreamingHandlerConn.Receive(message)
	if ended := c.end(); false {`,
	},
	{
		"streams: send after the end, Connect", "connectauth/stream.go",
		`	c.sending.Add(1)
	if ended := c.end(); ended != nil {`,
		`	c.sending.Add(1)
	if ended := c.end(); false {`,
	},
	{
		"streams: send that was interrupted, Connect", "connectauth/stream.go",
		`		if err != nil {
			return ended`,
		`		if false {
			return ended`,
	},
	{
		"streams: connection of somebody else", "connectauth/stream.go",
		`	if l.over {
		return
	}
	controller`,
		"	controller",
	},
	{
		"streams: end of an HTTP/1 request", "connectauth/stream.go",
		"!http1 || !l.body.ended.Load()",
		"true",
	},
	{
		"streams: read deadline", "connectauth/stream.go",
		`		_ = controller.SetReadDeadline(time.Unix(1, 0))
`,
		"",
	},
	{
		"streams: write deadline", "connectauth/stream.go",
		`	_ = controller.SetWriteDeadline(time.Now().Add(sendGrace))
`,
		"",
	},
	{
		"streams: interrupted connection is closed", "connectauth/stream.go",
		"if !l.interrupted {",
		"if true {",
	},
	{
		"streams: the connection's own writer", "connectauth/stream.go",
		`		w = outer.Unwrap()
	}`,
		`		_ = outer
		break
	}`,
	},
	{
		"streams: a request that was read", "connectauth/stream.go",
		`	if err == io.EOF {
		b.ended`,
		`	if false {
		b.ended`,
	},
	{
		"streams: what is lent is taken back", "connectauth/middleware.go",
		"	l.over = true",
		"	l.over = false",
	},
	{
		"streams: a request without a body", "connectauth/middleware.go",
		"		l.body.ended.Store(true)",
		"		l.body.ended.Store(false)",
	},
	{
		"http: impatient callers", "internal/boundedhttp/renewal.go",
		"&& time.Since(began) < patience {",
		"&& false {",
	},
	{
		"http: silence is a failure", "internal/boundedhttp/renewal.go",
		"&& time.Since(began) < patience {",
		"{",
	},
	{
		"http: Retry-After as a date", "internal/boundedhttp/client.go",
		"until, err := http.ParseTime(value)",
		`until, err := http.ParseTime("")`,
	},
	{
		"http: dates by the server's clock", "internal/boundedhttp/client.go",
		`now, err := http.ParseTime(h.Get("Date"))`,
		`now, err := http.ParseTime("")`,
	},
	{
		"http: Retry-After in the past", "internal/boundedhttp/client.go",
		"min(max(0, until.Sub(now)), year)",
		"min(until.Sub(now), year)",
	},
	{
		"http: Retry-After far away", "internal/boundedhttp/client.go",
		"min(max(0, until.Sub(now)), year)",
		"max(0, until.Sub(now))",
	},
	{
		"introspection: probe without its caller", "introspection/ask.go",
		"\t\tif t.probe {\n",
		"\t\tif t.probe && false {\n",
	},
	{
		"introspection: probe has its full time", "introspection/ask.go",
		"detached.caller = context.WithoutCancel(q.caller)",
		"detached.caller = ctx",
	},
	{
		"introspection: probe keeps its room", "introspection/ask.go",
		"\tq.lane.hold()\n",
		"\tq.lane.hold()\n\tq.lane.leave()\n",
	},
	{
		"introspection: who asks the probe may leave", "introspection/ask.go",
		"\tcase <-ctx.Done():\n\t\treturn outcome{",
		"\tcase <-detached.caller.Done():\n\t\treturn outcome{",
	},
	{
		"introspection: probe panics", "introspection/ask.go",
		"_ = recover() // it would end the process",
		"// it ends the process",
	},
	{
		"introspection: panic gives the probe back", "introspection/ask.go",
		"\tdefer t.release() // if it ends in a panic\n",
		"",
	},
	{
		"introspection: one probe", "introspection/breaker.go",
		"\tcase b.probing:",
		"\tcase false:",
	},
	{
		"introspection: probe ends with its failure", "introspection/breaker.go",
		"\tb.end(probe)\n\tif b.failed == 0",
		"\tif b.failed == 0",
	},
	{
		"introspection: a late failure opens nothing anew", "introspection/breaker.go",
		"case !closed && !probe:",
		"case false:",
	},
	{
		"introspection: patience with strangers", "introspection/breaker.go",
		"now.Sub(b.since) < b.patience)",
		"false)",
	},
	{
		"introspection: failures in a row", "introspection/breaker.go",
		"(b.failed < b.limits.Failures || ",
		"(false || ",
	},
	{
		"introspection: a row begins when it was asked", "introspection/breaker.go",
		"b.since = asked\n",
		"b.since = time.Now()\n",
	},
	{
		"introspection: a row begins after the last answer", "introspection/breaker.go",
		"if b.answered.After(asked) {",
		"if false {",
	},
	{
		"introspection: pause", "introspection/breaker.go",
		"if left := b.quiet.Sub(now); left > 0 {",
		"if left := b.quiet.Sub(now); false {",
	},
	{
		"introspection: the longer pause", "introspection/breaker.go",
		"until.After(b.quiet) {",
		"true {",
	},
	{
		"introspection: back after the pause", "introspection/breaker.go",
		"b.told && !now.Before(b.quiet)",
		"b.told",
	},
	{
		"introspection: answers to regulars are for strangers too", "introspection/gate.go",
		"if l.regular && g.breakers[0].succeed(false) {",
		"if false && g.breakers[0].succeed(false) {",
	},
	{
		"introspection: strangers are tried again soon", "introspection/gate.go",
		"g.breakers[0].limits.MaxOpen = b.MinOpen",
		"g.breakers[0].limits.MaxOpen = b.MaxOpen",
	},
	{
		"introspection: pause of a stranger is no regular's", "introspection/gate.go",
		"tell = l.breaker.pause(pause) || tell",
		"tell = l.gate.breakers[1].pause(pause) || l.breaker.pause(pause) || tell",
	},
	{
		"introspection: pause is told", "introspection/gate.go",
		"tell = l.breaker.pause(pause) || tell",
		"_ = l.breaker.pause(pause)",
	},
	{
		"introspection: room for regulars", "introspection/gate.go",
		"g.strangers >= max(1, g.room*3/4)",
		"false",
	},
	{
		"introspection: pause has a bound", "introspection/ask.go",
		"f.after = min(f.after, q.gate.longest)",
		"_ = q.gate.longest",
	},
	{
		"introspection: keys within the time", "introspection/ask.go",
		"answer, err := a.read(ctx, r)",
		"answer, err := a.read(q.caller, r)",
	},
	{
		"introspection: answers that cannot be read are an alarm", "introspection/ask.go",
		"a.alarms.useless(q.caller, regular, err.Cause)",
		"_ = regular",
	},
	{
		"introspection: missing keys are not that alarm", "introspection/ask.go",
		"ctx.Err() == nil && !isOutage(err)",
		"ctx.Err() == nil",
	},
	{
		"introspection: refused questions are an alarm", "introspection/ask.go",
		"\t\tq.alarms.useless(ctx, regular, f.cause)\n",
		"",
	},
	{
		"introspection: words for active are an alarm", "introspection/verifier.go",
		"v.alarms.useless(ctx, regular, err.Cause)",
		"_ = regular",
	},
	{
		"introspection: alarm once", "introspection/alarm.go",
		"if a.misconfigured || !refused",
		"if !refused",
	},
	{
		"introspection: few useless answers", "introspection/alarm.go",
		"!refused && a.unusable < alarmLeast",
		"false",
	},
	{
		"introspection: strangers alone raise no alarm", "introspection/alarm.go",
		"!regular && a.useful && now",
		"false && now",
	},
	{
		"introspection: no alarm before it is due", "introspection/alarm.go",
		"now.Sub(a.failing) < alarmWindow",
		"now.Sub(a.failing) < 1<<62",
	},
	{
		"introspection: regulars raise the alarm", "introspection/alarm.go",
		"!regular && a.useful",
		"a.useful",
	},
	{
		"introspection: answers end the alarm", "introspection/alarm.go",
		"a.misconfigured, a.useful, a.failing, a.unusable = false, true, time.Time{}, 0",
		"a.useful = true",
	},
	{
		"introspection: alarm with little traffic", "introspection/alarm.go",
		">= alarmWindow && a.answers >= alarmLeast {",
		">= alarmWindow {",
	},
	{
		"introspection: JWT but for its spelling", "introspection/verifier.go",
		"case !ok && isDisguised(token):",
		"case false:",
	},
	{
		"introspection: padding", "introspection/shape.go",
		`strings.TrimRight(token, "=")`,
		"token",
	},
	{
		"introspection: alphabet", "introspection/shape.go",
		`strings.NewReplacer("+", "-", "/", "_")`,
		"strings.NewReplacer()",
	},
	{
		"introspection: issuer that cannot be read", "introspection/verifier.go",
		"iss, ok := claimedIssuer(jwt)\n\tif !ok {",
		"iss, ok := claimedIssuer(jwt)\n\tif !ok && false {",
	},
	{
		"introspection: issuer of another type", "introspection/shape.go",
		"return iss, err == nil",
		"return iss, true",
	},
	{
		"introspection: ID token", "introspection/claims.go",
		`if v.tokens == OpaqueAndJWT && o.Has("nonce") {`,
		"if false {",
	},
	{
		"introspection: nonce of an opaque token", "introspection/claims.go",
		`if v.tokens == OpaqueAndJWT && o.Has("nonce") {`,
		`if o.Has("nonce") {`,
	},
	{
		"confirmer: verifiers of one service", "introspection/confirm.go",
		"if !slices.ContainsFunc(audiences, func",
		"if false && !slices.ContainsFunc(audiences, func",
	},
	{
		"confirmer: audience", "introspection/confirm.go",
		"case len(said.Audiences) > 0 && !slices.ContainsFunc(audiences, common):",
		"case false && !slices.ContainsFunc(audiences, common):",
	},
	{
		"confirmer: audience of the JWT", "introspection/confirm.go",
		"return proved.HasAudience(a) && slices.Contains(said.Audiences, a)",
		"return slices.Contains(said.Audiences, a)",
	},
	{
		"stream: time for an answer", "auth/stream.go",
		"s.endAt = later(c.data.Deadline, now.Add(shortestLife))",
		"s.endAt = c.data.Deadline",
	},
	{
		"stream: not asked all the time", "auth/stream.go",
		"max(c.data.Deadline.Sub(now)/4*3, soonestAsk)",
		"c.data.Deadline.Sub(now)/4*3",
	},
	{
		"stream: a renewal is no verification", "auth/stream.go",
		"if c := s.claims.data.ConfirmedAt; !c.IsZero() && c.Before(now) {",
		"if c := s.claims.data.ConfirmedAt; !c.IsZero() && c.Before(c) {",
	},
	{
		"stream: patience once the key is gone", "auth/stream.go",
		"s.endBy(now.Add(lostPatience))",
		"_ = now",
	},
	{
		"stream: nobody can tell what is revoked", "auth/stream.go",
		"case err.Kind == KindUnauthenticated:\n\t\ts.finish(err)",
		"case true:\n\t\ts.finish(err)",
	},
	{
		"stream: asked again what is revoked", "auth/openstreams.go",
		"if o.unsure.Swap(false) {",
		"if false {",
	},
	{
		"stream: a slow observer", "auth/stream.go",
		"go o.Observe(s.ctx, e)",
		"o.Observe(s.ctx, e)",
	},
	{
		"stream: the end of shadow mode", "auth/stream.go",
		"s.endAt, s.shadowed = g.shadow.end, true",
		"s.endAt, s.shadowed = time.Time{}, true",
	},
	{
		"connect: streams behind other claims", "connectauth/stream.go",
		"if !a.guard.Decided(decided, r.Procedure) {",
		"if false {",
	},
	{
		"stream: the token of the decision", "auth/guard.go",
		"\t\treturn g.decided(ctx, r, claims, credential), nil",
		"\t\treturn g.decided(ctx, r, claims, Credential{}), nil",
	},
	{
		"revoked: the epoch", "auth/revocationlist.go",
		"entry.limited, entry.before = true, r.Before.Unix()",
		"entry.limited, entry.before = r.Before.Unix() != 0, r.Before.Unix()",
	},
	{
		"revoked: ended ones widen nothing", "auth/revocationlist.go",
		"if now.Before(entries[i].forget) {",
		"if true {",
	},
	{
		"revoked: everybody shut out", "auth/revocationlist.go",
		"if e.limited && e.before > now.Unix() {",
		"if false {",
	},
	{
		"revoked: clocks", "auth/revocationlist.go",
		"forget: now.Add(l.config.MaxTokenLife + revocationSlack)}",
		"forget: now.Add(l.config.MaxTokenLife)}",
	},
	{
		"revoked: too long a life without iat", "auth/revocationlist.go",
		"return !d.Expiry.IsZero() && time.Until(d.Expiry) > l.config.MaxTokenLife",
		"return false",
	},
	{
		"client authentication: select: each issuer by itself", "clientauth/select.go",
		"here := choice{r.Issuer, listName(r.Name, methodsSuffix)}",
		`here := choice{"", listName(r.Name, methodsSuffix)}`,
	},
	{
		"client authentication: files: regular ones", "clientauth/secret.go",
		"if !info.Mode().IsRegular() {",
		"if info == nil {",
	},
	{
		"client authentication: files: no waiting for a pipe", "clientauth/secret.go",
		"os.O_RDONLY|syscall.O_NONBLOCK",
		"os.O_RDONLY|0*syscall.O_NONBLOCK",
	},
	{
		"client authentication: calls: bounded", "clientauth/within.go",
		"			<-slots\n",
		"",
	},
	{
		"client authentication: calls: panics", "clientauth/within.go",
		"r = result{err: &panicking{name, p}}",
		"panic(p)",
	},
	{
		"client authentication: endpoint: an Authenticator that hangs", "clientauth/endpoint.go",
		"if _, own := e.auth.(checker); own {",
		"if true {",
	},
	{
		"client authentication: endpoint: one refresh at a time", "clientauth/endpoint.go",
		"	if call == nil {\n		call = &refreshCall",
		"	if true {\n		call = &refreshCall",
	},
	{
		"client authentication: endpoint: a refresh is nobody's", "clientauth/endpoint.go",
		"e.callRefresh(context.WithoutCancel(ctx), r, call)",
		"e.callRefresh(ctx, r, call)",
	},
	{
		"client authentication: endpoint: a refresh that hangs", "clientauth/endpoint.go",
		"	ctx, cancel := context.WithDeadline(ctx, call.until)\n	defer cancel()\n	select {",
		"	ctx, cancel := context.WithTimeout(ctx, time.Hour)\n	defer cancel()\n	select {",
	},
	{
		"client authentication: endpoint: what counts once", "clientauth/endpoint.go",
		"isEnd(err) && !(once && written.Load())",
		"isEnd(err)",
	},
	{
		"client authentication: endpoint: introspection may be repeated", "clientauth/endpoint.go",
		"once := p.certificate != nil && e.name != IntrospectionEndpoint && e.name != RevocationEndpoint",
		"once := p.certificate != nil",
	},
	{
		"client authentication: endpoint: a refused certificate is ours", "clientauth/endpoint.go",
		"failed.Ours = failed.Ours || isAboutCertificate(err)",
		"_ = isAboutCertificate",
	},
	{
		"client authentication: endpoint: errors quote no answer", "clientauth/endpoint.go",
		"Err: discreet(err)}",
		"Err: err}",
	},
	{
		"client authentication: answer: redaction", "clientauth/answer.go",
		`func (a Answer) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(a.String())) }`,
		`func (a Answer) Format(s fmt.State, _ rune) { _, _ = s.Write(a.Body) }`,
	},
	{
		"client authentication: answer: redaction in JSON", "clientauth/answer.go",
		"func (a Answer) MarshalText() ",
		"func (a Answer) marshalText() ",
	},
	{
		"client authentication: secrets: a file that is being written", "clientauth/secret.go",
		`if f.last != "" && asked.Sub(f.at) < keepSecret {`,
		"if false {",
	},
	{
		"client authentication: secrets: not for ever", "clientauth/secret.go",
		`if f.last != "" && asked.Sub(f.at) < keepSecret {`,
		`if f.last != "" {`,
	},
	{
		"client authentication: somebody's assertion: while it is written", "clientauth/assertion.go",
		"case err != nil && before != nil && checkAssertion(*before, time.Now()) == nil:",
		"case false:",
	},
	{
		"client authentication: somebody's assertion: the last one expires", "clientauth/assertion.go",
		"case err != nil && before != nil && checkAssertion(*before, time.Now()) == nil:",
		"case err != nil && before != nil:",
	},
	{
		"client authentication: somebody's assertion: a function's is not kept", "clientauth/assertion.go",
		"case err == nil && jwt.kept:",
		"case err == nil:",
	},
	{
		"client authentication: key: the public part is not asked for again", "clientauth/signer.go",
		"verify(s.public, alg",
		"verify(s.signer.Public(), alg",
	},
	{
		"client authentication: key: a refusal has the file read", "clientauth/assertion.go",
		"func (k *keyed) Refresh(ctx context.Context) error { return k.key.refresh(ctx) }",
		"func (k *keyed) Refresh(context.Context) error { return nil }",
	},
	{
		"identity: a signer that hangs", "clientauth/certificate.go",
		"c.PrivateKey = bounded(key, public)",
		"_ = bounded",
	},
	{
		"identity: a signer that hashes", "clientauth/handshake.go",
		"if messages, ok := signer.(crypto.MessageSigner); ok {",
		"if messages, ok := signer.(crypto.MessageSigner); ok && false {",
	},
	{
		"provide: slower for an issuer that refuses everything", "clientauth/provide.go",
		"slowest: provideSlowest,",
		"slowest: provideCooldown,",
	},
	{
		"provide: not slower while nothing is brought", "clientauth/rotation.go",
		"	if r.last == nil {\n		pace",
		"	if true {\n		pace",
	},
	{
		"provide: the pace is forgotten", "clientauth/rotation.go",
		"	if time.Since(r.refused) > 2*pace {",
		"	if false {",
	},
	{
		"watch: shortest interval", "clientauth/watch.go",
		"if c.Interval > 0 && c.Interval < shortestInterval {",
		"if false {",
	},
	{
		"watch: a directory that is a link", "clientauth/watch.go",
		"err == nil && info.Mode()&os.ModeSymlink != 0 {",
		"err == nil && info == nil {",
	},
	{
		"identities: not for a proxy", "internal/boundedhttp/identity.go",
		`proxy.Scheme != "https" {`,
		`true {`,
	},
	{
		"identities: the proxy is who it says", "internal/boundedhttp/proxy.go",
		"config.ServerName = cmp.Or(config.ServerName, host)",
		"config.InsecureSkipVerify = host != \"\"",
	},
	{
		"identities: idle connections end", "internal/boundedhttp/identity.go",
		"if t.IdleConnTimeout == 0 {",
		"if false {",
	},
	{
		"streams: outer interceptors, gRPC", "grpcauth/stream.go",
		`			s.tell()
		}
	}()`,
		`		}
	}()`,
	},
	{
		"streams: a busy Connect handler", "connectauth/stream.go",
		"if sending.Load() > 0 {",
		"if true {",
	},
	{
		"streams: time for the answer", "connectauth/stream.go",
		"\t_ = http.NewResponseController(l.writer).SetWriteDeadline(time.Now().Add(sendGrace))\n",
		"",
	},
	{
		"streams: a message that was taken", "connectauth/stream.go",
		"if !l.over && sending.Load() == 0 {",
		"if false {",
	},
	{
		"streams: a message that is not taken", "connectauth/stream.go",
		"if !l.over && sending.Load() == 0 {",
		"if !l.over {",
	},
	{
		"streams: a message after the response", "connectauth/stream.go",
		"if !l.over && sending.Load() == 0 {",
		"if sending.Load() == 0 {",
	},
	{
		"streams: an answer after the response", "connectauth/stream.go",
		`	if l.over {
		return
	}
	_ = http`,
		"\t_ = http",
	},
	{
		"streams: messages on their way", "connectauth/stream.go",
		"\tc.sending.Add(1)\n",
		"\tc.sending.Add(0)\n",
	},
	{
		"streams: messages that have gone", "connectauth/stream.go",
		"\t\tc.lent.sent(&c.sending)\n",
		"",
	},
	{
		"renewals: the token in use once more", "internal/renewal/stream.go",
		"if s.token.IsZero() || left <= 0 ||",
		"if left > 0 ||",
	},
	{
		"renewals: not once more at once", "internal/renewal/stream.go",
		" || time.Until(s.end) > s.margin {",
		" {",
	},
	{
		"renewals: at the end of the token's life", "internal/renewal/stream.go",
		"if time.Until(s.expires) <= 3*s.earlier() {",
		"if false {",
	},
	{
		"renewals: the server's end", "internal/renewal/stream.go",
		`	if end.After(s.end) {
		s.end = end`,
		`	if false {
		s.end = end`,
	},
	{
		"renewals: a source that does not say", "internal/renewal/stream.go",
		`	if expires.IsZero() {
		return false
	}
`,
		"",
	},
	{
		"renewals: a source that does not say, at first", "internal/renewal/stream.go",
		`	case expires.IsZero():
		// Only`,
		`	case false:
		// Only`,
	},
	{
		"renewals: no end", "internal/renewal/stream.go",
		"\t\tcase end.IsZero():\n",
		"\t\tcase false:\n",
	},
	{
		"renewals: another clock", "internal/renewal/stream.go",
		"max(s.untilRenewal(), blindWait)",
		"s.untilRenewal()",
	},
	{
		"renewals: least margin", "internal/renewal/stream.go",
		"max(s.expires.Sub(s.end), min(s.earlier(), leastMargin))",
		"s.expires.Sub(s.end)",
	},
	{
		"renewals: the end of an answer", "internal/renewal/answer.go",
		"; end.IsValid() {",
		"; false {",
	},
	{
		"guard: characters of the token", "auth/guard.go",
		"\tcredential, err := NewBearer(presented.Token()) // which looks at its characters\n\tif err != nil {",
		"\tcredential, err := NewBearer(presented.Token()) // which looks at its characters\n\tif credential = presented; err != nil && rule == nil {",
	},
	{
		"streams: an answer before the request's end", "connectauth/stream.go",
		"if c.lent.unread() {",
		"if false {",
	},
	{
		"streams: an answer after the request's end", "connectauth/stream.go",
		"l.request.ProtoMajor < 2 && !l.body.ended.Load()\n}",
		"l.request.ProtoMajor < 2\n}",
	},
}
