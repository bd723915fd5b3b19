// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Client is a generated client of one library. It sends what the library lets
// it send, and sees of the answer what the library shows.
type Client struct {
	// Name is that of the library.
	Name string

	call func(ctx context.Context, token string) Reply
}

// Reply is what a [Client] sees of the answer.
type Reply struct {
	Err  error
	Code codes.Code
	// Challenge is what the adapter of that library reads from the error;
	// Refused says whether it found a refusal.
	Challenge auth.Challenge
	Refused   bool
	// Header are the challenges where a program looks for them that knows HTTP
	// and not the adapter.
	Header []string
	// Handled reports whether a handler ran.
	Handled bool
}

// Clients returns the clients that speak the protocol of a transport: both
// libraries for gRPC.
func (s *Server) Clients(t testing.TB, over Transport) []Client {
	t.Helper()
	clients := []Client{{Name: "connect-go", call: s.connectClient(t, over)}}
	if over.Protocol == GRPC {
		clients = append(clients, Client{Name: "grpc-go", call: s.grpcClient(t, over)})
	}
	for i := range clients {
		call := clients[i].call
		clients[i].call = func(ctx context.Context, token string) Reply {
			before := s.Service.Calls()
			reply := call(ctx, token)
			reply.Handled = s.Service.Calls() > before
			return reply
		}
	}
	return clients
}

// Call calls GetWidget, or WatchWidgets on a streaming transport, without a
// credential if token is empty.
func (c Client) Call(ctx context.Context, token string) Reply { return c.call(ctx, token) }

// grpcConn goes to the server of a transport.
func (s *Server) grpcConn(t testing.TB, over Transport) *grpc.ClientConn {
	t.Helper()
	creds := insecure.NewCredentials()
	if over.TLS {
		creds = credentials.NewTLS(clientTLS())
	}
	conn, err := grpc.NewClient("passthrough:///"+s.addr(over), grpc.WithTransportCredentials(creds), grpc.WithAuthority(authority))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (s *Server) grpcClient(t testing.TB, over Transport) func(context.Context, string) Reply {
	t.Helper()
	client := widgetv1.NewWidgetServiceClient(s.grpcConn(t, over))
	return func(ctx context.Context, token string) Reply {
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", auth.SchemeBearer+" "+token)
		}
		var header metadata.MD
		var err error
		if over.stream {
			header, err = watchGRPC(ctx, client)
		} else {
			_, err = client.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"}, grpc.Header(&header))
		}
		reply := Reply{Err: err, Code: status.Code(err), Header: header.Get("www-authenticate")}
		reply.Challenge, reply.Refused = grpcauth.Challenge(err)
		return reply
	}
}

func watchGRPC(ctx context.Context, client widgetv1.WidgetServiceClient) (metadata.MD, error) {
	stream, err := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1})
	for err == nil {
		_, err = stream.Recv()
	}
	if stream == nil {
		return nil, err
	}
	header, _ := stream.Header()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return header, err
}

func (s *Server) generatedConnect(t testing.TB, over Transport) widgetv1connect.WidgetServiceClient {
	t.Helper()
	var option connect.ClientOption
	switch over.Protocol {
	case GRPC:
		option = connect.WithGRPC()
	case GRPCWeb:
		option = connect.WithGRPCWeb()
	case ConnectGet:
		option = connect.WithHTTPGet()
	default:
		option = connect.WithClientOptions()
	}
	client := s.HTTPClient(t, over)
	client.Timeout = streamTimeout
	return widgetv1connect.NewWidgetServiceClient(client, over.scheme()+"://"+authority, option)
}

func (s *Server) connectClient(t testing.TB, over Transport) func(context.Context, string) Reply {
	t.Helper()
	client := s.generatedConnect(t, over)
	return func(ctx context.Context, token string) Reply {
		ctx, call := connect.NewClientContext(ctx)
		if token != "" {
			call.RequestHeader().Set("Authorization", auth.SchemeBearer+" "+token)
		}
		var err error
		if over.stream {
			err = watchConnect(ctx, client)
		} else {
			_, err = client.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"})
		}
		reply := Reply{Err: err}
		if e, ok := errors.AsType[*connect.Error](err); ok {
			reply.Code, reply.Header = codes.Code(e.Code()), e.Meta().Values("Www-Authenticate")
		}
		reply.Challenge, reply.Refused = connectauth.Challenge(err)
		return reply
	}
}

func watchConnect(ctx context.Context, client widgetv1connect.WidgetServiceClient) error {
	stream, err := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	for stream.Receive() {
	}
	return stream.Err()
}

// HTTPClient speaks the transport's version of HTTP, and goes to its server
// whatever host the URL names.
func (s *Server) HTTPClient(t testing.TB, over Transport) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!over.HTTP2)
	protocols.SetHTTP2(over.HTTP2 && over.TLS)
	protocols.SetUnencryptedHTTP2(over.HTTP2 && !over.TLS)
	config := clientTLS()
	if !over.HTTP2 {
		config = clientTLS("http/1.1")
	}
	transport := &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: config,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.addr(over))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: exchangeTimeout}
}
