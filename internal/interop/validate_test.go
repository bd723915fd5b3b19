// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	validatev1 "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"connectrpc.com/validate"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	protovalidatemw "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/protovalidate"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/testing/testvalidate"
	testvalidatev1 "github.com/grpc-ecosystem/go-grpc-middleware/v2/testing/testvalidate/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// validated are rules for a service whose messages hold an email address, by
// their .proto file.
func validated() auth.Rules {
	return auth.Rules{
		testvalidatev1.TestValidateService_Send_FullMethodName:       {},
		testvalidatev1.TestValidateService_SendStream_FullMethodName: {},
	}
}

const (
	validMessage   = "alice@example.com"
	invalidMessage = "alice"
)

func TestProtovalidateGRPC(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range placements {
		t.Run(p.name, func(t *testing.T) {
			f := newFixture(t)
			guard := f.guard(t, validated())
			srv := grpc.NewServer(placed(guard, p.outside,
				grpc.ChainUnaryInterceptor(protovalidatemw.UnaryServerInterceptor(validator)),
				grpc.ChainStreamInterceptor(protovalidatemw.StreamServerInterceptor(validator)),
			)...)
			testvalidatev1.RegisterTestValidateServiceServer(registrar(srv, guard, p.registrar), new(testvalidate.TestValidateService))
			client := testvalidatev1.NewTestValidateServiceClient(serveGRPC(t, srv))
			send := func(token, message string) error {
				_, err := client.Send(outgoing(t.Context(), token), &testvalidatev1.SendRequest{Message: message})
				return err
			}
			sendStream := func(token, message string) error {
				stream, err := client.SendStream(outgoing(t.Context(), token), &testvalidatev1.SendStreamRequest{Message: message})
				for err == nil {
					_, err = stream.Recv()
				}
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}

			// Without the registrar, a validator outside answers callers without a token.
			if p.outside && !p.registrar {
				wantInvalid(t, send("", invalidMessage))
			} else {
				wantError(t, send("", invalidMessage), codes.Unauthenticated, auth.ReasonCredentialsMissing)
			}
			// A stream is decided before its first message is read.
			wantError(t, sendStream("", invalidMessage), codes.Unauthenticated, auth.ReasonCredentialsMissing)
			for _, call := range []func(token, message string) error{send, sendStream} {
				wantError(t, call("", validMessage), codes.Unauthenticated, auth.ReasonCredentialsMissing)
				wantInvalid(t, call(f.reader(), invalidMessage))
				wantError(t, call(f.reader(), validMessage), codes.OK, "")
			}
		})
	}
}

// wantInvalid checks that a caller got the validator's answer, with its details.
func wantInvalid(t *testing.T, err error) {
	t.Helper()
	wantError(t, err, codes.InvalidArgument, "")
	if e, ok := errors.AsType[*connect.Error](err); ok {
		for _, d := range e.Details() {
			if value, err := d.Value(); err == nil {
				if _, ok := value.(*validatev1.Violations); ok {
					return
				}
			}
		}
	}
	for _, d := range status.Convert(err).Details() {
		if _, ok := d.(*validatev1.Violations); ok {
			return
		}
	}
	t.Errorf("the violations are not in %v", err)
}

func TestProtovalidateConnect(t *testing.T) {
	for _, outside := range []bool{true, false} {
		for protocol, options := range connectProtocols() {
			t.Run(fmt.Sprintf("%s, outside %v", protocol, outside), func(t *testing.T) {
				f := newFixture(t)
				guard := f.guard(t, validated())
				handlerOptions := []connect.HandlerOption{connect.WithInterceptors(validate.NewInterceptor()), connectauth.HandlerOptions(guard)}
				if !outside {
					handlerOptions[0], handlerOptions[1] = handlerOptions[1], handlerOptions[0]
				}
				const unary, stream = testvalidatev1.TestValidateService_Send_FullMethodName, testvalidatev1.TestValidateService_SendStream_FullMethodName
				mux := http.NewServeMux()
				mux.Handle(unary, connect.NewUnaryHandler(unary, func(context.Context, *connect.Request[testvalidatev1.SendRequest]) (*connect.Response[testvalidatev1.SendResponse], error) {
					return connect.NewResponse(new(testvalidatev1.SendResponse)), nil
				}, handlerOptions...))
				mux.Handle(stream, connect.NewServerStreamHandler(stream, func(context.Context, *connect.Request[testvalidatev1.SendStreamRequest], *connect.ServerStream[testvalidatev1.SendStreamResponse]) error {
					return nil
				}, handlerOptions...))
				url := serveHTTP(t, connectauth.Middleware(guard)(mux))
				httpClient := http2Client(t)
				send := func(token, message string) error {
					client := connect.NewClient[testvalidatev1.SendRequest, testvalidatev1.SendResponse](httpClient, url+unary, options...)
					_, err := client.CallUnary(clientContext(t.Context(), token), connect.NewRequest(&testvalidatev1.SendRequest{Message: message}))
					return err
				}
				sendStream := func(token, message string) error {
					client := connect.NewClient[testvalidatev1.SendStreamRequest, testvalidatev1.SendStreamResponse](httpClient, url+stream, options...)
					answers, err := client.CallServerStream(clientContext(t.Context(), token), connect.NewRequest(&testvalidatev1.SendStreamRequest{Message: message}))
					if err != nil {
						return err
					}
					for answers.Receive() {
					}
					return errors.Join(answers.Err(), answers.Close())
				}
				for _, call := range []func(token, message string) error{send, sendStream} {
					wantError(t, call("", invalidMessage), codes.Unauthenticated, auth.ReasonCredentialsMissing)
					wantError(t, call("", validMessage), codes.Unauthenticated, auth.ReasonCredentialsMissing)
					wantInvalid(t, call(f.reader(), invalidMessage))
					wantError(t, call(f.reader(), validMessage), codes.OK, "")
				}
			})
		}
	}
}
