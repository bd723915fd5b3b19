// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// watcher is a client with one stream, and a subject of its own.
type watcher struct {
	name   string
	watch  func(ctx context.Context, tokens auth.TokenSource, renews bool) (auth.Reason, error)
	renews bool
	want   auth.Reason
}

// run returns why the stream ended.
func (w watcher) run(ctx context.Context, fake *authtest.Issuer, r *report) (auth.Reason, error) {
	r.say(w.name, "watches")
	own := &source{issuer: fake, subject: w.name}
	return w.watch(ctx, own.token, w.renews)
}

// source gets tokens from an issuer. What it got it gives out for half of its life,
// to whoever asks: the call that opens a stream, and what renews that.
type source struct {
	issuer  *authtest.Issuer
	subject string

	mu      sync.Mutex
	current auth.Credential
	expires time.Time
}

// token is an [auth.TokenSource].
func (s *source) token(context.Context) (auth.Credential, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Until(s.expires) > life/2 {
		return s.current, s.expires, nil
	}
	now := time.Now().Truncate(time.Second) // tokens have whole seconds
	token, err := auth.NewBearer(s.issuer.Mint(authtest.Subject(s.subject), authtest.Scopes(readScope), authtest.IssuedAt(now)))
	if err != nil {
		return auth.Credential{}, time.Time{}, err
	}
	s.current, s.expires = token, now.Add(life)
	return s.current, s.expires, nil
}

func watchGRPC(addr string) func(context.Context, auth.TokenSource, bool) (auth.Reason, error) {
	return func(ctx context.Context, tokens auth.TokenSource, renews bool) (auth.Reason, error) {
		options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
		if renews {
			renewal, err := grpcauth.StreamRenewalInterceptor(grpcauth.StreamRenewalConfig{
				Tokens:            tokens,
				InsecurePlaintext: true, // this is loopback
			})
			if err != nil {
				return "", err
			}
			options = append(options, grpc.WithChainStreamInterceptor(renewal))
		}
		conn, err := grpc.NewClient("passthrough:///"+addr, options...)
		if err != nil {
			return "", err
		}
		defer func() { _ = conn.Close() }()

		token, _, err := tokens(ctx)
		if err != nil {
			return "", err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token.Token())
		stream, err := widgetv1.NewWidgetServiceClient(conn).WatchWidgets(ctx, new(widgetv1.WatchWidgetsRequest))
		for err == nil {
			_, err = stream.Recv()
		}
		challenge, _ := grpcauth.Challenge(err)
		return challenge.Reason, err
	}
}

func watchConnect(url string) func(context.Context, auth.TokenSource, bool) (auth.Reason, error) {
	return func(ctx context.Context, tokens auth.TokenSource, renews bool) (auth.Reason, error) {
		transport := new(http.Transport)
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		var options []connect.ClientOption
		if renews {
			renewal, err := connectauth.StreamRenewalInterceptor(connectauth.StreamRenewalConfig{Tokens: tokens, HTTPClient: client, BaseURL: url})
			if err != nil {
				return "", err
			}
			options = append(options, connect.WithInterceptors(renewal))
		}

		token, _, err := tokens(ctx)
		if err != nil {
			return "", err
		}
		ctx, info := connect.NewClientContext(ctx)
		info.RequestHeader().Set("Authorization", "Bearer "+token.Token())
		stream, err := widgetv1connect.NewWidgetServiceClient(client, url, options...).WatchWidgets(ctx, new(widgetv1.WatchWidgetsRequest))
		if err == nil {
			for stream.Receive() {
			}
			err = errors.Join(stream.Err(), stream.Close())
		}
		challenge, _ := connectauth.Challenge(err)
		return challenge.Reason, err
	}
}
