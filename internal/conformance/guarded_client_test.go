// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// The methods that are called, one of every streaming kind and a second unary
// one that asks for another scope.
const (
	getWidget     = "GetWidget"
	createWidget  = "CreateWidget"
	watchWidgets  = "WatchWidgets"
	importWidgets = "ImportWidgets"
	syncWidgets   = "SyncWidgets"
)

const (
	callTimeout = 15 * time.Second
	messages    = 3 // on every stream, each way
)

// answer is what a client program sees of one call, in the same form for every
// client.
type answer struct {
	caller     string // whom the handler saw
	code       codes.Code
	info       *errdetails.ErrorInfo
	retry      *errdetails.RetryInfo
	challenges []string
	err        error
}

func (a answer) reason() string { return a.info.GetReason() }

// summary is code and reason, to be counted.
func (a answer) summary() string {
	if a.reason() == "" {
		return a.code.String()
	}
	return a.code.String() + "/" + a.reason()
}

func (a *answer) detail(m any) {
	switch m := m.(type) {
	case *errdetails.ErrorInfo:
		a.info = m
	case *errdetails.RetryInfo:
		a.retry = m
	}
}

// client calls the guarded service. It is safe for concurrent use.
type client interface {
	// call makes one complete call; without a token it sends no credentials.
	call(ctx context.Context, method, token string) answer
}

// route is a client and the way it reaches one of the servers.
type route struct {
	name string
	client
	methods []string
	want    *arrival // nil if net/http is not involved
}

// routes returns every client, with every protocol, to every server that speaks
// it. Connections are shared by the calls of a route and closed with the test.
func (s *guarded) routes(t testing.TB) []route {
	t.Helper()
	every := []string{getWidget, createWidget, watchWidgets, importWidgets, syncWidgets}
	half := every[:4] // HTTP/1.1 carries one direction at a time
	secure := credentials.NewTLS(&tls.Config{RootCAs: s.roots(), MinVersion: tls.VersionTLS12})
	plain := insecure.NewCredentials()
	post := func(proto string, tls bool) *arrival { return &arrival{method: "POST", proto: proto, tls: tls} }
	all := []route{
		{"grpc-go to grpc-go, TLS", dialGRPC(t, s.grpcTLS, secure), every, nil},
		{"grpc-go to grpc-go, plain", dialGRPC(t, s.grpcPlain, plain), every, nil},
		{"grpc-go to connect-go, TLS", dialGRPC(t, s.connectTLS, secure), every, post("HTTP/2.0", true)},
		{"grpc-go to connect-go, h2c", dialGRPC(t, s.connectPlain, plain), every, post("HTTP/2.0", false)},
		{"connect-go gRPC to grpc-go, TLS", s.dialConnect(t, s.grpcTLS, true, true, connect.WithGRPC()), every, nil},
		{"connect-go gRPC to grpc-go, plain", s.dialConnect(t, s.grpcPlain, false, true, connect.WithGRPC()), every, nil},
	}
	for _, way := range []struct {
		name    string
		addr    string
		tls, h2 bool
	}{
		{"TLS h2", s.connectTLS, true, true},
		{"TLS h1", s.connectTLS, true, false},
		{"h2c", s.connectPlain, false, true},
		{"h1", s.connectPlain, false, false},
	} {
		proto, methods := "HTTP/1.1", half
		if way.h2 {
			proto, methods = "HTTP/2.0", every
		}
		add := func(name string, methods []string, want *arrival, options ...connect.ClientOption) {
			all = append(all, route{name + ", " + way.name, s.dialConnect(t, way.addr, way.tls, way.h2, options...), methods, want})
		}
		add("connect-go Connect", methods, post(proto, way.tls))
		add("connect-go Connect GET", every[:1], &arrival{method: "GET", proto: proto, tls: way.tls}, connect.WithHTTPGet())
		add("connect-go gRPC-Web", methods, post(proto, way.tls), connect.WithGRPCWeb())
		if way.h2 {
			add("connect-go gRPC", methods, post(proto, way.tls), connect.WithGRPC())
		}
	}
	return all
}

type grpcClient struct {
	widgetv1.WidgetServiceClient
}

func dialGRPC(t testing.TB, addr string, creds credentials.TransportCredentials) client {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpcClient{widgetv1.NewWidgetServiceClient(conn)}
}

// bearer is how a grpc-go client is commonly given its token.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

func (c grpcClient) call(ctx context.Context, method, token string) answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var header metadata.MD
	options := []grpc.CallOption{grpc.Header(&header)}
	if token != "" {
		options = append(options, grpc.PerRPCCredentials(bearer(token)))
	}
	var a answer
	a.caller, a.err = c.do(ctx, method, options)
	a.challenges = header.Get("www-authenticate")
	s := status.Convert(a.err)
	a.code = s.Code()
	for _, d := range s.Details() {
		a.detail(d)
	}
	return a
}

func (c grpcClient) do(ctx context.Context, method string, options []grpc.CallOption) (string, error) {
	switch method {
	case getWidget:
		r, err := c.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"}, options...)
		return r.GetCaller(), err
	case createWidget:
		r, err := c.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{Widget: named("w")}, options...)
		return r.GetCaller(), err
	case watchWidgets:
		stream, err := c.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: messages}, options...)
		if err != nil {
			return "", err
		}
		return receiveAll(stream.Recv)
	case importWidgets:
		stream, err := c.ImportWidgets(ctx, options...)
		if err != nil {
			return "", err
		}
		if err := sendAll(func(w *widgetv1.Widget) error { return stream.Send(&widgetv1.ImportWidgetsRequest{Widget: w}) }); err != nil {
			return "", err
		}
		r, err := stream.CloseAndRecv()
		return r.GetCaller(), counted(r.GetCount(), err)
	case syncWidgets:
		stream, err := c.SyncWidgets(ctx, options...)
		if err != nil {
			return "", err
		}
		send := func(w *widgetv1.Widget) error { return stream.Send(&widgetv1.SyncWidgetsRequest{Widget: w}) }
		return exchangeAll(send, stream.CloseSend, stream.Recv)
	default:
		return "", errors.New("no such method: " + method)
	}
}

type connectClient struct {
	widgetv1connect.WidgetServiceClient
}

func (s *guarded) dialConnect(t testing.TB, addr string, secure, h2 bool, options ...connect.ClientOption) client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2 && secure)
	protocols.SetUnencryptedHTTP2(h2 && !secure)
	transport := &http.Transport{Protocols: &protocols}
	scheme := "http://"
	if secure {
		scheme = "https://"
		transport.TLSClientConfig = &tls.Config{RootCAs: s.roots(), MinVersion: tls.VersionTLS12}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return connectClient{widgetv1connect.NewWidgetServiceClient(&http.Client{Transport: transport}, scheme+addr, options...)}
}

func (c connectClient) call(ctx context.Context, method, token string) answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ctx, info := connect.NewClientContext(ctx)
	if token != "" {
		info.RequestHeader().Set("Authorization", "Bearer "+token)
	}
	var a answer
	a.caller, a.err = c.do(ctx, method)
	if a.err == nil {
		return a
	}
	a.code = codes.Unknown
	if e, ok := errors.AsType[*connect.Error](a.err); ok {
		a.code = codes.Code(e.Code())
		a.challenges = e.Meta().Values("Www-Authenticate")
		for _, d := range e.Details() {
			if m, err := d.Value(); err == nil {
				a.detail(m)
			}
		}
	}
	return a
}

func (c connectClient) do(ctx context.Context, method string) (string, error) {
	switch method {
	case getWidget:
		r, err := c.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"})
		return r.GetCaller(), err
	case createWidget:
		r, err := c.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{Widget: named("w")})
		return r.GetCaller(), err
	case watchWidgets:
		stream, err := c.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: messages})
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.Close() }()
		return receiveAll(func() (*widgetv1.WatchWidgetsResponse, error) {
			if !stream.Receive() {
				if err := stream.Err(); err != nil {
					return nil, err
				}
				return nil, io.EOF
			}
			return stream.Msg(), nil
		})
	case importWidgets:
		stream, err := c.ImportWidgets(ctx)
		if err != nil {
			return "", err
		}
		if err := sendAll(func(w *widgetv1.Widget) error { return stream.Send(&widgetv1.ImportWidgetsRequest{Widget: w}) }); err != nil {
			return "", err
		}
		r, err := stream.CloseAndReceive()
		return r.GetCaller(), counted(r.GetCount(), err)
	case syncWidgets:
		stream, err := c.SyncWidgets(ctx)
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.CloseResponse() }()
		send := func(w *widgetv1.Widget) error { return stream.Send(&widgetv1.SyncWidgetsRequest{Widget: w}) }
		return exchangeAll(send, stream.CloseRequest, stream.Receive)
	default:
		return "", errors.New("no such method: " + method)
	}
}

func named(name string) *widgetv1.Widget { return &widgetv1.Widget{Name: name} }

// received is a message of a stream from the server.
type received interface {
	GetWidget() *widgetv1.Widget
	GetCaller() string
}

// receiveAll reads the stream to its end.
func receiveAll[M received](receive func() (M, error)) (caller string, err error) {
	for i := 0; ; i++ {
		m, err := receive()
		switch {
		case errors.Is(err, io.EOF):
			return caller, counted(int32(i), nil)
		case err != nil:
			return "", err
		}
		caller = m.GetCaller()
	}
}

// sendAll leaves it to the reading side to say why a stream ended early.
func sendAll(send func(*widgetv1.Widget) error) error {
	for i := range messages {
		if err := send(named(fmt.Sprint("widget-", i))); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// exchangeAll sends and receives in turns, so that both directions are open at
// once.
func exchangeAll[M received](send func(*widgetv1.Widget) error, closeSend func() error, receive func() (M, error)) (caller string, err error) {
	for i := range messages {
		name := fmt.Sprint("widget-", i)
		if err := send(named(name)); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		m, err := receive()
		if err != nil {
			return "", err
		}
		if got := m.GetWidget().GetName(); got != name {
			return "", fmt.Errorf("sent %s, received %s", name, got)
		}
		caller = m.GetCaller()
	}
	if err := closeSend(); err != nil {
		return "", err
	}
	if _, err := receive(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("instead of the end of the stream: %w", cmp.Or(err, errors.New("a message")))
	}
	return caller, nil
}

func counted(n int32, err error) error {
	if err == nil && n != messages {
		return fmt.Errorf("%d messages, want %d", n, messages)
	}
	return err
}
