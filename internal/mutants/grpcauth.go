// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

// grpcauthMutants are those of grpcauth.
var grpcauthMutants = []mutant{
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
		"\tif len(a.challenges) > 0 {",
		"\tif false {",
	},
	{
		"grpc: details", "grpcauth/status.go",
		"detailed, err := s.WithDetails(details...); err == nil",
		"detailed, err := s.WithDetails(details...); err != nil",
	},
	{
		"undecided: gRPC", "grpcauth/undecided.go",
		"if guard.Decided(ctx, procedure) {",
		"if true {",
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
		"s.ctx = s.watched.Context(decided)",
		"s.ctx = decided",
	},
	{
		"streams: panic of a gRPC handler", "grpcauth/stream.go",
		`		if s.watched.Close() != nil {
			// Before`,
		`		if s.watched.Err() != nil {
			// Before`,
	},
	{
		"streams: answer after the end, gRPC", "grpcauth/stream.go",
		`	if s.watched.Close() != nil {
		return s.end()
	}
`,
		`	_ = s.watched.Close()
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
		"streams: outer interceptors, gRPC", "grpcauth/stream.go",
		`			s.tell()
		}
	}()`,
		`		}
	}()`,
	},
}
