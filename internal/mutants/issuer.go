// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// issuerMutants are those of auth/issuer.
var issuerMutants = []mutant{
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
		"s.age(now) < r.timings.HardStop)",
		"s.age(now) >= 0)",
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
		"s.age(time.Now()) < s.fresh:",
		"true:",
	},
	{
		"health: seeds are degraded", "auth/issuer/health.go",
		"!s.began.IsZero() && s.age(time.Now()) < s.fresh:",
		"s.age(time.Now()) < time.Hour:",
	},
	{
		"health: keys past the hard stop", "auth/issuer/health.go",
		"if !i.keys.alive(s, time.Now()) {\n\t\treturn nil",
		"if s == nil {\n\t\treturn nil",
	},
	{
		"key: ROCA", "auth/issuer/key.go",
		"case isROCA(public.N):",
		"case false:",
	},
	{
		"key: PEM of other kinds", "auth/issuer/pem.go",
		`return nil, fmt.Errorf("a PEM block of type %q; public keys and certificates are read", block.Type)`,
		`return "", nil`,
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
		"if !h.keys.alive(s, now) ||",
		"if s == nil ||",
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
}
