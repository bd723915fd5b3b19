// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/renewal"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc/codes"
)

// StreamRenewalConfig is how a client renews its streams.
type StreamRenewalConfig struct {
	// Tokens is where fresh tokens come from. It must be where the token of the
	// stream comes from as well: that is how it is known when that expires. It should
	// replace a token ten seconds before that or earlier. Required.
	Tokens auth.TokenSource
	// HTTPClient and BaseURL are those of the clients whose streams are renewed. The
	// URL must be https, or http on a loopback host. Required.
	HTTPClient connect.HTTPClient
	BaseURL    string
	// ClientOptions are for the client that presents the tokens, such as the
	// protocol. What routes calls to servers has to route these to the same one.
	ClientOptions []connect.ClientOption
	// GaveUp, if not nil, is told of streams that are not renewed any more although
	// they are open: the server does not know them, or refuses the tokens, or has
	// no such service. They end when their token does.
	GaveUp func(procedure string, err error)
}

// StreamRenewalInterceptor returns a client interceptor that presents a fresh token
// for every open stream before the one in use expires, so that the server lets it go
// on (see [NewStreamRenewalHandler]). It attaches no token to the stream itself.
// Failures change nothing for the stream, which then ends as it would have.
//
//	connect.WithInterceptors(interceptor)
//
// A renewal is a call of its own. Nothing is left when the stream has ended.
func StreamRenewalInterceptor(c StreamRenewalConfig) (connect.Interceptor, error) {
	switch {
	case c.Tokens == nil:
		return nil, errors.New("connectauth: StreamRenewalConfig without Tokens; there is nothing to renew with")
	case c.HTTPClient == nil:
		return nil, errors.New("connectauth: StreamRenewalConfig without HTTPClient; give it the one of the client")
	}
	// A token goes there, which is for nobody else's eyes.
	if _, err := boundedhttp.ParseURL(c.BaseURL); err != nil {
		return nil, fmt.Errorf("connectauth: StreamRenewalConfig.BaseURL: %w", err)
	}
	options := append([]connect.ClientOption{
		connect.WithReadMaxBytes(renewal.MaxAnswer),
	}, c.ClientOptions...)
	return &renewing{
		StreamRenewalConfig: c,
		client: connect.NewClient[authv1.RenewRequest, authv1.RenewResponse](
			stayingClient(c.HTTPClient), strings.TrimRight(c.BaseURL, "/")+auth.StreamRenewalProcedure, options...),
	}, nil
}

// stayingClient returns a client that follows no redirect, as far as it can be told
// so: the server that has the stream sends none, and the token is for no other.
func stayingClient(c connect.HTTPClient) connect.HTTPClient {
	h, ok := c.(*http.Client)
	if !ok {
		return c
	}
	staying := *h
	staying.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &staying
}

type renewing struct {
	StreamRenewalConfig

	client *connect.Client[authv1.RenewRequest, authv1.RenewResponse]
}

// WrapUnary implements [connect.Interceptor]; such calls are not renewed.
func (r *renewing) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

// WrapStreamingHandler implements [connect.Interceptor]; clients have no use for it.
func (r *renewing) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// WrapStreamingClient implements [connect.Interceptor].
func (r *renewing) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		if conn.RequestHeader().Get(auth.StreamHeader) != "" {
			return conn // somebody else renews it
		}
		name := renewal.Name()
		conn.RequestHeader().Set(auth.StreamHeader, name)
		stop := renewal.Start(ctx, renewal.Config{
			Tokens: r.Tokens, Procedure: spec.Procedure, GaveUp: r.GaveUp,
			Present: func(ctx context.Context, token auth.Credential) (time.Time, codes.Code, error) {
				return r.present(ctx, name, token)
			},
		})
		return &renewedConn{StreamingClientConn: conn, stop: stop}
	}
}

// present shows the server a token for a stream.
func (r *renewing) present(ctx context.Context, name string, token auth.Credential) (time.Time, codes.Code, error) {
	question := connect.NewRequest(&authv1.RenewRequest{Stream: name})
	question.Header().Set("Authorization", token.Scheme()+" "+token.Token())
	// The context may have the headers of the stream's call, its token among them,
	// and wait for those of its answer.
	ctx, _ = connect.NewClientContext(ctx)
	answer, err := r.client.CallUnary(ctx, question)
	if err != nil {
		return time.Time{}, codes.Code(connect.CodeOf(err)), err
	}
	return renewal.End(answer.Msg), codes.OK, nil
}

// renewedConn is a stream that is renewed until it is known to be over.
type renewedConn struct {
	connect.StreamingClientConn

	stop func()
}

// Receive implements [connect.StreamingClientConn].
func (c *renewedConn) Receive(message any) error {
	err := c.StreamingClientConn.Receive(message)
	if err != nil {
		c.stop()
	}
	return err
}

// Send implements [connect.StreamingClientConn]. With io.EOF the server is done with
// the stream; with another error the stream may go on.
func (c *renewedConn) Send(message any) error {
	err := c.StreamingClientConn.Send(message)
	if errors.Is(err, io.EOF) {
		c.stop()
	}
	return err
}

// CloseRequest implements [connect.StreamingClientConn].
func (c *renewedConn) CloseRequest() error {
	err := c.StreamingClientConn.CloseRequest()
	if err != nil { // connect-go gives the caller no stream to close then
		c.stop()
	}
	return err
}

// CloseResponse implements [connect.StreamingClientConn].
func (c *renewedConn) CloseResponse() error {
	c.stop()
	return c.StreamingClientConn.CloseResponse()
}
