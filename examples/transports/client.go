// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transports

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

// Service is what the procedures of the widget service begin with.
const Service = "/" + widgetv1connect.WidgetServiceName + "/"

// The methods of the widget service that a client here calls.
const (
	Get    = "GetWidget"
	Create = "CreateWidget"
	Delete = "DeleteWidget"
	Ping   = "Ping"
	Watch  = "WatchWidgets" // of which the first message is read
)

// Outcome is what a client got to see of one call.
type Outcome struct {
	Code      connect.Code // zero is success, for which Connect has none
	Reason    string
	Challenge string
	Caller    string // as the handler knew it
	Err       error
}

// Client calls one of the servers.
type Client struct {
	Name string
	// Call sends the value in the authorization header, or none if it is empty.
	Call func(ctx context.Context, method, authorization string) Outcome
}

// Dial returns a client for each server. Close lets go of their connections.
func Dial(grpcAddr, connectAddr string) (clients []Client, closeAll func(), err error) {
	conn, err := grpc.NewClient("passthrough:///"+grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{}
	closeAll = func() {
		_ = conn.Close()
		transport.CloseIdleConnections()
	}
	return []Client{
		{"grpc", grpcCall(widgetv1.NewWidgetServiceClient(conn))},
		{"connect", connectCall(widgetv1connect.NewWidgetServiceClient(&http.Client{Transport: transport}, "http://"+connectAddr))},
	}, closeAll, nil
}

func grpcCall(stub widgetv1.WidgetServiceClient) func(context.Context, string, string) Outcome {
	return func(ctx context.Context, method, authorization string) Outcome {
		if authorization != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
		}
		var header metadata.MD
		caller, err := grpcMethod(ctx, stub, method, grpc.Header(&header))
		if err == nil {
			return Outcome{Caller: caller}
		}
		s := status.Convert(err)
		o := Outcome{Code: connect.Code(s.Code()), Err: err}
		for _, d := range s.Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok {
				o.Reason = info.GetReason()
			}
		}
		if values := header.Get("www-authenticate"); len(values) > 0 {
			o.Challenge = values[0]
		}
		return o
	}
}

func grpcMethod(ctx context.Context, stub widgetv1.WidgetServiceClient, method string, option grpc.CallOption) (string, error) {
	switch method {
	case Get:
		r, err := stub.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"}, option)
		return r.GetCaller(), err
	case Create:
		r, err := stub.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{}, option)
		return r.GetCaller(), err
	case Delete:
		_, err := stub.DeleteWidget(ctx, &widgetv1.DeleteWidgetRequest{}, option)
		return "", err
	case Ping:
		r, err := stub.Ping(ctx, &widgetv1.PingRequest{}, option)
		return r.GetCaller(), err
	case Watch:
		stream, err := stub.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1}, option)
		if err != nil {
			return "", err
		}
		r, err := stream.Recv()
		return r.GetCaller(), err
	default:
		return "", fmt.Errorf("no call for %s", method)
	}
}

func connectCall(stub widgetv1connect.WidgetServiceClient) func(context.Context, string, string) Outcome {
	return func(ctx context.Context, method, authorization string) Outcome {
		ctx, info := connect.NewClientContext(ctx)
		if authorization != "" {
			info.RequestHeader().Set("Authorization", authorization)
		}
		caller, err := connectMethod(ctx, stub, method)
		if err == nil {
			return Outcome{Caller: caller}
		}
		o := Outcome{Code: connect.CodeOf(err), Err: err}
		if e, ok := errors.AsType[*connect.Error](err); ok {
			o.Challenge = e.Meta().Get("WWW-Authenticate")
			for _, d := range e.Details() {
				value, err := d.Value()
				if info, ok := value.(*errdetails.ErrorInfo); err == nil && ok {
					o.Reason = info.GetReason()
				}
			}
		}
		return o
	}
}

func connectMethod(ctx context.Context, stub widgetv1connect.WidgetServiceClient, method string) (string, error) {
	switch method {
	case Get:
		r, err := stub.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"})
		return r.GetCaller(), err
	case Create:
		r, err := stub.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{})
		return r.GetCaller(), err
	case Delete:
		_, err := stub.DeleteWidget(ctx, &widgetv1.DeleteWidgetRequest{})
		return "", err
	case Ping:
		r, err := stub.Ping(ctx, &widgetv1.PingRequest{})
		return r.GetCaller(), err
	case Watch:
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
