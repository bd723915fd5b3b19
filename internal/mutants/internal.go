// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// internalMutants are those of internal.
var internalMutants = []mutant{
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
		"jwt: header and claims are strict JSON", "internal/jws/segments.go",
		"return o, document, err",
		"return o, document, nil",
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
		"renewals: a stream that is over is not given up", "internal/renewal/stream.go",
		"if s.stopped || s.ctx().Err() != nil {",
		"if s.stopped {",
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
		"return context.WithTimeout(s.ctx(), timeout)",
		"return context.WithCancel(s.ctx())",
	},
	{
		"renewals: a server without them", "internal/renewal/outcome.go",
		"case codes.Unimplemented, codes.Canceled:",
		"case codes.Canceled:",
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
		"pem: size", "internal/pemblock/document.go",
		"if len(document) > size {",
		"if false {",
	},
	{
		"pem: damaged blocks", "internal/pemblock/document.go",
		`case bytes.Count(document, []byte("-----BEGIN ")) != decoded:`,
		`case bytes.Count(document, []byte("-----BEGIN ")) < decoded:`,
	},
	{
		"pem: something at all", "internal/pemblock/document.go",
		"case decoded == 0:",
		"case false:",
	},
	{
		"pem: nothing after the blocks", "internal/pemblock/document.go",
		"case len(bytes.TrimSpace(rest)) > 0:",
		"case false:",
	},
	{
		"renewals: the end of an answer", "internal/renewal/answer.go",
		"; end.IsValid() {",
		"; false {",
	},
}
