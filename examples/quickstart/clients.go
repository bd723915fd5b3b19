// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// service is what the procedures of the widget service begin with.
const service = "/" + widgetv1connect.WidgetServiceName + "/"

// outcome is what a client got to see.
type outcome struct {
	code      connect.Code
	reason    string
	challenge string
	caller    string // as the handler knew it
	err       error
}

// client calls one of the servers.
type client struct {
	name string
	call func(ctx context.Context, method, authorization string) outcome
}

func newGRPCClient(addr string) (client, func(), error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return client{}, func() {}, err
	}
	stub := widgetv1.NewWidgetServiceClient(conn)
	call := func(ctx context.Context, method, authorization string) outcome {
		if authorization != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
		}
		var header metadata.MD
		caller, err := callGRPC(ctx, stub, method, &header)
		o := outcome{caller: caller, err: err}
		if err == nil {
			return o
		}
		s := status.Convert(err)
		o.code = connect.Code(s.Code())
		for _, d := range s.Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok {
				o.reason = info.GetReason()
			}
		}
		if values := header.Get("www-authenticate"); len(values) > 0 {
			o.challenge = values[0]
		}
		return o
	}
	return client{"grpc", call}, func() { _ = conn.Close() }, nil
}

func callGRPC(ctx context.Context, stub widgetv1.WidgetServiceClient, method string, header *metadata.MD) (string, error) {
	switch method {
	case "GetWidget":
		r, err := stub.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"}, grpc.Header(header))
		return r.GetCaller(), err
	case "CreateWidget":
		r, err := stub.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{}, grpc.Header(header))
		return r.GetCaller(), err
	case "Ping":
		r, err := stub.Ping(ctx, &widgetv1.PingRequest{}, grpc.Header(header))
		return r.GetCaller(), err
	case "DeleteWidget":
		_, err := stub.DeleteWidget(ctx, &widgetv1.DeleteWidgetRequest{}, grpc.Header(header))
		return "", err
	case "WatchWidgets":
		stream, err := stub.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1}, grpc.Header(header))
		if err != nil {
			return "", err
		}
		r, err := stream.Recv()
		return r.GetCaller(), err
	default:
		return "", fmt.Errorf("no call for %s", method)
	}
}

func newConnectClient(url string) client {
	stub := widgetv1connect.NewWidgetServiceClient(http.DefaultClient, url)
	return client{"connect", func(ctx context.Context, method, authorization string) outcome {
		ctx, info := connect.NewClientContext(ctx)
		if authorization != "" {
			info.RequestHeader().Set("Authorization", authorization)
		}
		caller, err := callConnect(ctx, stub, method)
		o := outcome{caller: caller, err: err}
		e, ok := errors.AsType[*connect.Error](err)
		if !ok {
			if err != nil {
				o.code = connect.CodeUnknown
			}
			return o
		}
		o.code = e.Code()
		o.challenge = e.Meta().Get("WWW-Authenticate")
		for _, d := range e.Details() {
			value, err := d.Value()
			if info, ok := value.(*errdetails.ErrorInfo); err == nil && ok {
				o.reason = info.GetReason()
			}
		}
		return o
	}}
}

func callConnect(ctx context.Context, stub widgetv1connect.WidgetServiceClient, method string) (string, error) {
	switch method {
	case "GetWidget":
		r, err := stub.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"})
		return r.GetCaller(), err
	case "CreateWidget":
		r, err := stub.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{})
		return r.GetCaller(), err
	case "Ping":
		r, err := stub.Ping(ctx, &widgetv1.PingRequest{})
		return r.GetCaller(), err
	case "DeleteWidget":
		_, err := stub.DeleteWidget(ctx, &widgetv1.DeleteWidgetRequest{})
		return "", err
	case "WatchWidgets":
		stream, err := stub.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1})
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.Close() }()
		if !stream.Receive() {
			return "", stream.Err()
		}
		return stream.Msg().GetCaller(), nil
	default:
		return "", fmt.Errorf("no call for %s", method)
	}
}
