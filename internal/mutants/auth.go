// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// authMutants are those of auth.
var authMutants = []mutant{
	{
		"credential: one value", "auth/credential.go",
		"case len(values) > 1:",
		"case len(values) > 1<<20:",
	},
	{
		"credential: no comma", "auth/credential.go",
		"if strings.IndexByte(c.Token(), ',') >= 0 {",
		"if strings.IndexByte(c.Token(), ',') >= 1<<20 {",
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
		" || len(value) > n && isVisible(value[n]) {",
		" {",
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
		"guard: panic", "auth/decide.go",
		`if p := recover(); p != nil {
			claims`,
		`if p := any(nil); p != nil {
			claims`,
	},
	{
		"guard: deadline", "auth/decide.go",
		"if !time.Now().Before(claims.Deadline()) {",
		"if time.Now().IsZero() {",
	},
	{
		"guard: nil claims", "auth/decide.go",
		"if claims == nil {",
		"if false {",
	},
	{
		"guard: optional with a proof", "auth/decide.go",
		" && !r.hasProof(ctx)",
		"",
	},
	{
		"guard: optional reads what is there", "auth/decide.go",
		"rule.Access == AccessOptional && len(values) == 0",
		"rule.Access == AccessOptional",
	},
	{
		"guard: optional lets anonymous callers in", "auth/decide.go",
		"rule.Access == AccessOptional && len(values) == 0",
		"false",
	},
	{
		"guard: public reads nothing", "auth/decide.go",
		"if rule != nil && rule.Access == AccessPublic {",
		"if false {",
	},
	{
		"guard: malformed credentials", "auth/decide.go",
		"\tif refusal != nil {\n\t\tif refusal.Reason",
		"\tif refusal != nil && rule == nil {\n\t\tif refusal.Reason",
	},
	{
		"guard: verifier error", "auth/decide.go",
		`	if err != nil {
		return nil, asError(ctx, err)
	}
	if claims`,
		"	if claims",
	},
	{
		"guard: nil guard", "auth/decide.go",
		`if g == nil {
		return nil, Unavailable(CheckGuard`,
		`if g == nil {
		return ctx, nil
	}
	if g == nil {
		return nil, Unavailable(CheckGuard`,
	},
	{
		"guard: outer claims are hidden", "auth/decide.go",
		"\treturn &decision{Context: ctx, claims: claims, guard: g, procedure: r.Procedure, credential: credential}",
		"\tif claims == nil {\n\t\treturn ctx\n\t}\n\treturn &decision{Context: ctx, claims: claims, guard: g, procedure: r.Procedure, credential: credential}",
	},
	{
		"guard: observer sees refusals", "auth/decide.go",
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
		"shadow: little patience", "auth/decide.go",
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
		"\tlist = slices.Clone(list)\n",
		"",
	},
	{
		"claims: copied out", "auth/claims.go",
		"func (c *Claims) Scopes() []string { return slices.Clone(c.scopes) }",
		"func (c *Claims) Scopes() []string { return c.scopes }",
	},
	{
		"claims: payload does not print", "auth/claims.go",
		"func (c Claims) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }",
		`func (c Claims) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "%s", c.payload) }`,
	},
	{
		"require: scopes in a handler", "auth/require.go",
		"if missing := matcher(ctx).missing(claims.scopes, scopes); len(missing) > 0 {",
		"if missing := matcher(ctx).missing(claims.scopes, scopes); len(missing) > 1<<20 {",
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
		"undecided: event", "auth/undecided.go",
		"if g != nil && g.observer != nil {",
		"if false {",
	},
	{
		"challenge: acr that cannot stand in a header", "auth/challenges.go",
		"if listable(e.ACRValues) {",
		"if len(e.ACRValues) > 0 {",
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
		"cache: deadline and freshness", "auth/claims.go",
		"\treturn now.Before(c.deadline) && c.rests(now)\n}\n\n// holdsStale",
		"\treturn c.rests(now)\n}\n\n// holdsStale",
	},
	{
		"cache: freshness", "auth/claims.go",
		"!f.until.IsZero() && !now.Before(f.until)",
		"false",
	},
	{
		"cache: what it rests on", "auth/claims.go",
		"\treturn now.Before(c.deadline) && c.rests(now)\n}\n\n// holdsStale",
		"\treturn now.Before(c.deadline)\n}\n\n// holdsStale",
	},
	{
		"cache: only what may be kept", "auth/cache.go",
		"claims.kept() && claims.holds(now)",
		"claims.holds(now)",
	},
	{
		"cache: refusals end", "auth/cache.go",
		"if now.Before(e.known.until) {",
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
		"(s.Issuer == \"\" || s.Issuer == c.issuer) &&",
		"true &&",
	},
	{
		"cache: refusals of all", "auth/cache.go",
		"if s == (Selection{}) {",
		"if false {",
	},
	{
		"cache: the whole digest", "auth/cachetable.go",
		"if e := b.slots[slot].Load(); e != nil && e.key == key {",
		"if e := b.slots[slot].Load(); e != nil {",
	},
	{
		"cache: a secret of its own", "auth/cache.go",
		"append(append(secret[:], scheme(s)",
		"append(append(secret[:0], scheme(s)",
	},
	{
		"cache: schemes apart", "auth/cache.go",
		"scheme(s).String()...), 0)",
		`""...), 0)`,
	},
	{
		"cache: the whole token", "auth/cache.go",
		"digest.Write(c.bytes())",
		"digest.Write(c.bytes()[:min(8000, len(c.bytes()))])",
	},
	{
		"cache: a table that grows", "auth/cachetable.go",
		"free || all.room == t.maxEntries",
		"free || all.room > 0",
	},
	{
		"cache: entries move when the table grows", "auth/cachetable.go",
		"t.put(b, slot, e)\n\t\t\t\tt.count",
		"_ = slot\n\t\t\t\tt.count",
	},
	{
		"cache: what moves is counted once", "auth/cachetable.go",
		"t.count(e, -1) // it was there before",
		"_ = e",
	},
	{
		"cache: changes of buckets that have been replaced", "auth/cachetable.go",
		"if t.current.Load() != all {",
		"if false {",
	},
	{
		"cache: removing from all that there are in the end", "auth/cachetable.go",
		"if b == nil {\n\t\t\treturn false",
		"if b == nil {\n\t\t\treturn true",
	},
	{
		"cache: one at a time makes the table grow", "auth/cachetable.go",
		"if t.current.Load() != from {",
		"if false {",
	},
	{
		"cache: nobody changes what is replaced", "auth/cachetable.go",
		"\t\tt.locks[i].Lock()\n\t\tdefer t.locks[i].Unlock()",
		"\t\t_ = i",
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
		"k.refusals.store(&cacheEntry[refused]{key: f.key, asked: f.asked, known: refused{err: refusal, until: now.Add(refusal.FreshFor)}}, func()",
		"k.claims.store(&cacheEntry[Claims]{known: Claims{}, key: f.key}, func()",
	},
	{
		"guard: fresh asks", "auth/decide.go",
		"\tcase fresh:\n\t\treturn g.cache.know(ctx, key, c, true, nil)",
		"\tcase fresh && false:\n\t\treturn g.cache.know(ctx, key, c, true, nil)",
	},
	{
		"guard: fresh was asked", "auth/decide.go",
		"if fresh && claims.ConfirmedAt().Before(arrived) {",
		"if fresh && arrived.IsZero() {",
	},
	{
		"new guard: one cache", "auth/guard.go",
		"if g.caching != nil || g.uncached {\n\t\t\treturn errors.New(\"auth: WithCache or WithoutCache for",
		"if g.caching != nil && g.uncached {\n\t\t\treturn errors.New(\"auth: WithCache or WithoutCache for",
	},
	{
		"stale: never past the deadline", "auth/claims.go",
		"return f != nil && now.Before(f.staleUntil) && now.Before(c.deadline) && c.rests(now)",
		"return f != nil && now.Before(f.staleUntil) && c.rests(now)",
	},
	{
		"stale: only with leave", "auth/claims.go",
		"return f != nil && now.Before(f.staleUntil) &&",
		"return f != nil &&",
	},
	{
		"stale: not once invalidated", "auth/cache.go",
		"if k.claims.find(known.key) == known && known.known.holdsStale(time.Now()) {",
		"if known.known.holdsStale(time.Now()) {",
	},
	{
		"stale: not past its time", "auth/cache.go",
		"if k.claims.find(known.key) == known && known.known.holdsStale(time.Now()) {",
		"if k.claims.find(known.key) == known {",
	},
	{
		"stale: a refusal is no outage", "auth/cache.go",
		"ok && refusal != nil && refusal.Kind != KindUnavailable {",
		"ok && refusal != nil && false {",
	},
	{
		"stream: revoked before it was known", "auth/stream.go",
		"\t// found here.\n\ts.checkRevoked()",
		"\t// found here.",
	},
	{
		"stream: deadline", "auth/stream.go",
		"s.endAt = earlier(now, c.deadline)",
		"s.endAt = earlier(now, c.deadline.Add(time.Hour))",
	},
	{
		"stream: age", "auth/stream.go",
		"s.aged = s.endBy(s.oldAt)",
		"s.aged = false",
	},
	{
		"stream: asked again without exp", "auth/stream.go",
		"case c.expiry == noInstant && !c.ConfirmedAt().IsZero():",
		"case false:",
	},
	{
		"stream: two outages in a row", "auth/stream.go",
		"s.endBy(since.Add(2 * policy.Reverify))",
		"_ = since",
	},
	{
		"stream: an outage while the key is gone", "auth/stream.go",
		"&& s.rests(now) && !s.endAt.IsZero():",
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
		"\tif s.rests(now) {\n\t\ts.lost = false",
		"\tif s.rests(now) || true {\n\t\ts.lost = false",
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
		"c.subject == other.subject",
		"true",
	},
	{
		"stream: client of the party", "auth/claims.go",
		"c.clientID == other.clientID",
		"true",
	},
	{
		"stream: issuer of the party", "auth/claims.go",
		"return c.issuer == other.issuer &&",
		"return true &&",
	},
	{
		"stream: shadow", "auth/stream.go",
		"shadowed := g.shadow.on() && g.ReadsCredentials(r.Procedure)",
		"shadowed := false",
	},
	{
		"revoked: every call", "auth/decide.go",
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
		"if l.tooOld(c) {",
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
		"stream: time for an answer", "auth/stream.go",
		"s.endAt = later(c.deadline, now.Add(shortestLife))",
		"s.endAt = c.deadline",
	},
	{
		"stream: not asked all the time", "auth/stream.go",
		"max(c.deadline.Sub(now)/4*3, soonestAsk)",
		"c.deadline.Sub(now)/4*3",
	},
	{
		"stream: a renewal is no verification", "auth/stream.go",
		"if c := s.claims.ConfirmedAt(); !c.IsZero() && c.Before(now) {",
		"if c := s.claims.ConfirmedAt(); !c.IsZero() && c.Before(c) {",
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
		"stream: the handler's context", "auth/stream.go",
		"s.handler.end(s.transport.EndStream(e))",
		"_ = s.transport.EndStream(e)",
	},
	{
		"stream: woken last", "auth/stream.go",
		"\ts.handler.end(s.transport.EndStream(e))\n\ts.transport.WakeHandler()\n",
		"\tending := s.transport.EndStream(e)\n\ts.transport.WakeHandler()\n\ts.handler.end(ending)\n",
	},
	{
		"stream: the context of a handler that has returned", "auth/stream.go",
		"\ts.handler.end(nil)\n",
		"",
	},
	{
		"stream: used twice", "auth/stream.go",
		"if s.guard != nil {\n\t\t// What",
		"if s.guard != nil && false {\n\t\t// What",
	},
	{
		"stream context: over before anybody waits", "auth/streamcontext.go",
		"if c.made.Load() || c.over.Load() {",
		"if c.made.Load() {",
	},
	{
		"stream context: over, and waited for", "auth/streamcontext.go",
		"\t\tc.cancel(c.cause)\n",
		"",
	},
	{
		"stream context: its cause, although the parent is done", "auth/streamcontext.go",
		"context.WithCancelCause(context.WithoutCancel(c.Context))",
		"context.WithCancelCause(c.Context)",
	},
	{
		"stream context: the parent's cause", "auth/streamcontext.go",
		", c.Context != nil && c.Context.Err() != nil:",
		":",
	},
	{
		"stream context: children without goroutines", "auth/streamcontext.go",
		"return c.current().Value(key)",
		"return c.Context.Value(key)",
	},
	{
		"stream: the next one's neighbour", "auth/openstreams.go",
		"\t\tnext.neighbours.before = before\n",
		"",
	},
	{
		"stream: the first one", "auth/openstreams.go",
		"\t\to.first = next\n",
		"",
	},
	{
		"stream: the end of shadow mode", "auth/stream.go",
		"s.endAt, s.shadowed = g.shadow.end, true",
		"s.endAt, s.shadowed = time.Time{}, true",
	},
	{
		"stream: the token of the decision", "auth/decide.go",
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
		"return c.expiry != noInstant && time.Until(c.Expiry()) > l.config.MaxTokenLife",
		"return false",
	},
	{
		"guard: characters of the token", "auth/decide.go",
		"\tcredential, err := presented.checked() // which looks at its characters\n\tif err != nil {",
		"\tcredential, err := presented.checked() // which looks at its characters\n\tif credential = presented; err != nil && rule == nil {",
	},
	{
		"cache: tags change with their slots", "auth/cachetable.go",
		"tags |= uint64(tag(e.key)) << (8 * slot)",
		"tags |= 0",
	},
	{
		"claims: parts are what was found", "auth/claims.go",
		"return c.payload[i : i+len(s)]",
		"return c.payload[:len(s)]",
	},
	{
		"claims: what may not be kept", "auth/claims.go",
		"return c.freshness == nil || !c.freshness.until.IsZero()",
		"return true",
	},
	{
		"credential: no comma beside another scheme", "auth/credential.go",
		"if strings.IndexByte(value, ',') >= 0 {",
		"if strings.IndexByte(value, ',') >= 1<<20 {",
	},
	{
		"prebuilt: reason", "auth/prebuilt.go",
		"reason: e.Reason,",
		"reason: \"\",",
	},
	{
		"prebuilt: kind", "auth/prebuilt.go",
		"kind: e.Kind,",
		"kind: 0,",
	},
	{
		"prebuilt: scopes", "auth/prebuilt.go",
		"required: strings.Join(e.RequiredScopes, \" \")",
		"required: \"\"",
	},
	{
		"prebuilt: missing scopes", "auth/prebuilt.go",
		"missing: strings.Join(e.MissingScopes, \" \")",
		"missing: \"\"",
	},
	{
		"prebuilt: how to authenticate", "auth/prebuilt.go",
		"len(e.ACRValues) > 0 ||",
		"false ||",
	},
	{
		"prebuilt: max age", "auth/prebuilt.go",
		"e.MaxAge > 0 ||",
		"false ||",
	},
	{
		"prebuilt: when to come again", "auth/prebuilt.go",
		"e.RetryAfter > 0 ||",
		"false ||",
	},
	{
		"prebuilt: lists that join alike", "auth/prebuilt.go",
		"!plain(e.RequiredScopes)",
		"false",
	},
	{
		"prebuilt: bound", "auth/prebuilt.go",
		"len(*known) >= maxPrebuilt",
		"false",
	},
	{
		"prebuilt: for whom", "auth/prebuilt.go",
		"of: (*T)(nil), ",
		"",
	},
	{
		"prebuilt: what callers send does not stay", "auth/prebuilt.go",
		"size <= maxPrebuiltBytes &&",
		"true &&",
	},
	{
		"revoked: keeps no payload", "auth/revocationlist.go",
		"\tkey.issuer, key.value = strings.Clone(key.issuer), strings.Clone(key.value)\n",
		"\tkey.value = strings.Trim(key.value, \"\")\n",
	},
	{
		"claims: audiences are counted", "auth/claims.go",
		"\tfor _, a := range c.audiences {\n\t\tsize += len(a)\n\t}\n",
		"",
	},
	{
		"cache: too large an answer ends the one before", "auth/cachetable.go",
		"\t\tt.removeBefore(e.key, e.asked)\n\t\treturn // it",
		"\t\treturn // it",
	},
	{
		"stream: one reason for the handler", "auth/streamcontext.go",
		"\treturn c.wait().Err()\n",
		"\treturn c.current().Err()\n",
	},
	{
		"stream: a context is for one call", "auth/streamcontext.go",
		"if c.Context != nil || c.made.Load() || c.over.Load() {",
		"if false {",
	},
	{
		"lists: are their own", "auth/lists.go",
		"own[i] = strings.Clone(s)",
		"own[i] = strings.Trim(s, \"\")",
	},
	{
		"lists: equal ones only", "auth/lists.go",
		"slices.Equal(*known, list)",
		"slices.Equal(*known, *known)",
	},
	{
		"lists: what comes again", "auth/lists.go",
		"if slot.seen.Swap(hash) != hash {",
		"if false {",
	},
	{
		"lists: bound", "auth/lists.go",
		"len(list) > maxShared {",
		"len(list) > 1<<20 {",
	},
	{
		"cache: answered on the way", "auth/cachequestion.go",
		"if q = k.answered(key, than); q != nil {",
		"if q = k.answered(key, than); false {",
	},
	{
		"cache: newer answers on the way", "auth/cachequestion.go",
		"claims: k.known(key, now, than)}",
		"claims: k.known(key, now, nil)}",
	},
	{
		"stream: newer answers only", "auth/cache.go",
		"(than == nil || e.known.ConfirmedAt().After(than.ConfirmedAt()))",
		"true",
	},
}
