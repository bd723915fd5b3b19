// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// introspectionMutants are those of introspection.
var introspectionMutants = []mutant{
	{
		"stale: not for a confirmer", "introspection/confirm.go",
		"if v.stale > 0 {",
		"if false {",
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
}
