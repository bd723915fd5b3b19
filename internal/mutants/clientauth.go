// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// clientauthMutants are those of clientauth.
var clientauthMutants = []mutant{
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
}
