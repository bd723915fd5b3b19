// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// connectauthMutants are those of connectauth.
var connectauthMutants = []mutant{
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
		"\t\tout.AddDetail(d)\n",
		"\t\t_ = d\n",
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
		"streams: context of a Connect handler", "connectauth/stream.go",
		"ctx := c.watched.Context(decided)",
		"ctx := decided",
	},
	{
		"streams: waking a Connect handler", "connectauth/stream.go",
		"{ c.lent.wake(&c.sending) }",
		"{}",
	},
	{
		"streams: panic of a Connect handler", "connectauth/stream.go",
		`	defer func() { _ = c.watched.Close() }() // also if the handler panics
`,
		"",
	},
	{
		"streams: answer after the end, Connect", "connectauth/stream.go",
		`		err = ended
		c.lent.woken()`,
		"		c.lent.woken()",
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
		"connect: streams behind other claims", "connectauth/stream.go",
		"if !a.guard.Decided(decided, r.Procedure) {",
		"if false {",
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
