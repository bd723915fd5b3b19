// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/renewal"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// StreamRenewalConfig is how a client renews its streams.
type StreamRenewalConfig struct {
	// Tokens is where fresh tokens come from. It must be what the credentials of the
	// connection or of its calls use as well: that is how it is known when the token
	// that a stream was opened with expires. It should replace a token ten seconds
	// before that or earlier. Required.
	Tokens auth.TokenSource
	// InsecurePlaintext lets tokens go over connections without TLS, where anybody
	// on the path can read them. It is for loopback.
	InsecurePlaintext bool
	// GaveUp, if not nil, is told of streams that are not renewed any more although
	// they are open: the server does not know them, or refuses the tokens, or has
	// no such service. They end when their token does.
	GaveUp func(procedure string, err error)
}

// StreamRenewalInterceptor returns a client interceptor that presents a fresh token
// for every open stream before the one in use expires, so that the server lets it go
// on (see [RegisterStreamRenewal]). It attaches no token to the stream itself: that
// is for the credentials of the connection or of the call. Failures change nothing for
// the stream, which then ends as it would have.
//
//	grpc.WithChainStreamInterceptor(interceptor)
//
// A renewal is a call of its own on the same connection, with the metadata of the
// stream and its context. Nothing is left when the stream has ended.
func StreamRenewalInterceptor(c StreamRenewalConfig) (grpc.StreamClientInterceptor, error) {
	if c.Tokens == nil {
		return nil, errors.New("grpcauth: StreamRenewalConfig without Tokens; there is nothing to renew with")
	}
	r := &renewing{StreamRenewalConfig: c}
	return r.stream, nil
}

type renewing struct {
	StreamRenewalConfig

	// attached is whether the connection has been seen to add credentials to every
	// call by itself. A call with two is refused.
	attached atomic.Bool
}

func (r *renewing) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	given, _ := metadata.FromOutgoingContext(ctx)
	if len(given[auth.StreamHeader]) > 0 {
		return streamer(ctx, desc, cc, method, options...) // somebody else renews it
	}
	name := renewal.Name()
	stop := renewal.Start(ctx, renewal.Config{
		Tokens: r.Tokens, Procedure: method, GaveUp: r.GaveUp,
		Present: func(ctx context.Context, token auth.Credential) (time.Time, codes.Code, error) {
			return r.present(ctx, cc, name, token)
		},
	})
	s, err := streamer(metadata.AppendToOutgoingContext(ctx, auth.StreamHeader, name), desc, cc, method, options...)
	if err != nil {
		stop()
		return nil, err
	}
	return &renewedStream{ClientStream: s, stop: stop, once: !desc.ServerStreams}, nil
}

// present shows the server a token for a stream.
func (r *renewing) present(ctx context.Context, cc *grpc.ClientConn, name string, token auth.Credential) (time.Time, codes.Code, error) {
	given, _ := metadata.FromOutgoingContext(ctx) // a copy
	for _, own := range []string{"authorization", auth.StreamHeader} {
		given.Delete(own)
	}
	ctx = metadata.NewOutgoingContext(ctx, given)
	attached := r.attached.Load()
	answer, err := r.call(ctx, cc, name, token, attached)
	// One token is missing, or there are two: the connection does not do with
	// credentials what was thought.
	if wrongCount(err, attached) {
		if other, again := r.call(ctx, cc, name, token, !attached); !wrongCount(again, !attached) {
			r.attached.Store(!attached)
			answer, err = other, again
		}
	}
	return renewal.End(answer), status.Code(err), err
}

// wrongCount reports whether a call was refused for having no token or two of them.
func wrongCount(err error, attached bool) bool {
	c, ok := Challenge(err)
	if attached {
		return ok && c.Reason == auth.ReasonCredentialsMissing
	}
	return ok && c.Reason == auth.ReasonCredentialsMalformed
}

func (r *renewing) call(ctx context.Context, cc *grpc.ClientConn, name string, token auth.Credential, attached bool) (*authv1.RenewResponse, error) {
	options := []grpc.CallOption{grpc.MaxCallRecvMsgSize(renewal.MaxAnswer)}
	if !attached {
		options = append(options, grpc.PerRPCCredentials(bearer{token: token, plaintext: r.InsecurePlaintext}))
	}
	answer := new(authv1.RenewResponse)
	return answer, cc.Invoke(ctx, auth.StreamRenewalProcedure, &authv1.RenewRequest{Stream: name}, answer, options...)
}

// bearer presents one token. grpc-go asks it what connection that needs.
type bearer struct {
	token     auth.Credential
	plaintext bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": b.token.Scheme() + " " + b.token.Token()}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (b bearer) RequireTransportSecurity() bool { return !b.plaintext }

// renewedStream is a stream that is renewed until it is known to be over. These are
// the ways in which grpc-go says so; whoever uses none of them must end the context.
type renewedStream struct {
	grpc.ClientStream

	stop func()
	once bool // there is one answer, and the stream is over with it
}

func (s *renewedStream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	if err != nil {
		s.stop()
	}
	return md, err
}

func (s *renewedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err != nil || s.once {
		s.stop()
	}
	return err
}

func (s *renewedStream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err != nil && !errors.Is(err, io.EOF) { // with io.EOF, RecvMsg has the reason
		s.stop()
	}
	return err
}
