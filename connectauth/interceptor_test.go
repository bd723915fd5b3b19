// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"google.golang.org/protobuf/types/known/emptypb"
)

// between is a user's interceptor that runs between the gate and the guard's.
type between func(ctx context.Context, header http.Header) context.Context

func (between) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

func (between) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (b between) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(b(ctx, conn.RequestHeader()), conn)
	}
}

// A stream ends with its token whatever an interceptor has made of header and
// context since the gate has decided.
func TestStreamsBehindInterceptors(t *testing.T) {
	const procedure, life = "/a.B/Stream", 300 * time.Millisecond
	as := func(ctx context.Context, subject string) context.Context {
		claims, err := auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: subject, Deadline: time.Now().Add(time.Hour)})
		if err != nil {
			t.Error(err)
		}
		return auth.NewContext(ctx, claims)
	}
	for name, tc := range map[string]struct {
		between between
		subject string // that the handler sees; empty if it is not called
	}{
		"nothing": {func(ctx context.Context, _ http.Header) context.Context { return ctx }, "t"},
		"the token is removed": {func(ctx context.Context, h http.Header) context.Context {
			h.Del("Authorization")
			return ctx
		}, "t"},
		"the token is replaced": {func(ctx context.Context, h http.Header) context.Context {
			h.Set("Authorization", "Bearer upstream")
			return ctx
		}, "t"},
		"other claims": {func(ctx context.Context, _ http.Header) context.Context { return as(ctx, "other") }, "other"},
		"other claims, and the token is removed": {func(ctx context.Context, h http.Header) context.Context {
			h.Del("Authorization")
			return as(ctx, "other")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verify := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (*auth.Claims, error) {
				return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: c.Token(), Deadline: time.Now().Add(life)})
			})
			g, err := auth.NewGuard(verify, auth.Rules{procedure: {}})
			if err != nil {
				t.Fatal(err)
			}
			saw, sent := "", error(nil)
			mux := http.NewServeMux()
			mux.Handle(procedure, connect.NewServerStreamHandler(procedure, func(ctx context.Context, _ *connect.Request[emptypb.Empty], s *connect.ServerStream[emptypb.Empty]) error {
				claims, _ := auth.FromContext(ctx)
				saw = claims.Subject()
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Second):
				}
				sent = s.Send(new(emptypb.Empty))
				return sent
			}, connect.WithInterceptors(tc.between), connectauth.HandlerOptions(g)))
			server := httptest.NewServer(connectauth.Middleware(g)(mux))
			defer server.Close()
			r := connect.NewRequest(new(emptypb.Empty))
			r.Header().Set("Authorization", "Bearer t")
			stream, err := connect.NewClient[emptypb.Empty, emptypb.Empty](server.Client(), server.URL+procedure).CallServerStream(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for stream.Receive() {
				t.Error("a message after the token's deadline")
			}
			if connect.CodeOf(stream.Err()) != connect.CodeUnauthenticated {
				t.Errorf("the client sees %v", stream.Err())
			}
			if saw != tc.subject || tc.subject != "" && sent == nil {
				t.Errorf("the handler saw %q, and sent with %v", saw, sent)
			}
		})
	}
}
