// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"context"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/renewal"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

var renewalService = authv1.File_bearerkit_auth_v1_stream_renewal_proto.Services().Get(0)

// Verify notices the service without the rule, and the rule without the service.
func TestVerifyNoticesHalfOfIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		service, rule, good bool
	}{
		"both":        {true, true, true},
		"neither":     {false, false, true},
		"the rule":    {false, true, false},
		"the service": {true, false, false},
	} {
		options := []auth.GuardOption{auth.AllowHealth()}
		if row.rule {
			options = append(options, auth.AllowStreamRenewal())
		}
		guard, err := auth.NewGuard(stamped{}, options...)
		if err != nil {
			t.Fatal(err)
		}
		srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
		var services []protoreflect.ServiceDescriptor
		if row.service {
			grpcauth.RegisterStreamRenewal(grpcauth.Registrar(srv, guard), guard)
			services = append(services, renewalService)
		}
		if err := grpcauth.Verify(srv, guard); (err == nil) != row.good {
			t.Errorf("grpc, %s: %v", name, err)
		}
		if err := connectauth.Verify(guard, services...); (err == nil) != row.good {
			t.Errorf("connect, %s: %v", name, err)
		}
	}
}

// Reflection finds the service, and it is the one whose rule there is.
func TestServiceIsTheOneOfTheFile(t *testing.T) {
	t.Parallel()
	srv := grpc.NewServer()
	grpcauth.RegisterStreamRenewal(srv, nil)
	info, ok := srv.GetServiceInfo()[string(renewalService.FullName())]
	if !ok || len(info.Methods) != 1 || info.Methods[0].IsClientStream || info.Methods[0].IsServerStream {
		t.Fatalf("served: %+v", srv.GetServiceInfo())
	}
	path, _ := info.Metadata.(string)
	file, err := protoregistry.GlobalFiles.FindFileByPath(path)
	if err != nil || file.Services().ByName("StreamRenewal") != renewalService {
		t.Errorf("%q: %v", path, err)
	}
	if got := "/" + string(renewalService.FullName()) + "/" + info.Methods[0].Name; got != auth.StreamRenewalProcedure {
		t.Errorf("the rule is for %q, and the method is %q", auth.StreamRenewalProcedure, got)
	}
	if path, _ := connectauth.NewStreamRenewalHandler(nil); path != auth.StreamRenewalProcedure {
		t.Errorf("path %q", path)
	}
}

// A renewal is decided once, and interceptors of the user's see it.
func TestRenewalIsDecidedOnce(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]parts{"registrar": {}, "interceptors": {noRegistrar: true}} {
		s := newServer(t, stamped{}, p)
		source := &tokens{life: lasts}
		token, _, err := source.source(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.clients(t) {
			before := s.count(auth.EventAllowed)
			if _, err := c.renew(t.Context(), token.Token(), renewal.Name()); err == nil {
				t.Error("a stream of that name")
			}
			if n := s.count(auth.EventAllowed) - before; n != 1 {
				t.Errorf("%s, %s: decided %d times", name, c.name, n)
			}
		}
	}
	guard, err := auth.NewGuard(stamped{}, auth.AllowStreamRenewal())
	if err != nil {
		t.Fatal(err)
	}
	var seen []connect.Spec
	_, handler := connectauth.NewStreamRenewalHandler(guard, connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			seen = append(seen, r.Spec())
			return next(ctx, r)
		}
	})))
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	source := &tokens{life: lasts}
	token, _, _ := source.source(t.Context())
	if _, err := connectClient(t, "", serveHTTP(t, mux), http1()).renew(t.Context(), token.Token(), renewal.Name()); codeOf(err).String() != "NotFound" {
		t.Errorf("without the middleware: %v", err)
	}
	if len(seen) != 1 || seen[0].Procedure != auth.StreamRenewalProcedure || seen[0].Schema != protoreflect.Descriptor(renewalService.Methods().Get(0)) {
		t.Errorf("interceptors see %+v", seen)
	}
}

// Who forgets to put the guard before the service renews nothing.
func TestUnguardedService(t *testing.T) {
	t.Parallel()
	guard, err := auth.NewGuard(stamped{}, auth.AllowStreamRenewal())
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	grpcauth.RegisterStreamRenewal(srv, guard)
	l := listen(t)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(srv.Stop)
	s := &server{grpcAddr: l.Addr().String()}
	source := &tokens{life: lasts}
	token, _, _ := source.source(t.Context())
	if _, err := s.clients(t)[0].renew(t.Context(), token.Token(), renewal.Name()); reasonOf(err) != auth.ReasonTokenInvalid {
		t.Errorf("the answer is %v", err)
	}
}
