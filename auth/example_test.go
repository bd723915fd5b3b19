// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
)

// Tenant is a claim of the user's own.
type Tenant struct {
	Name string `json:"tenant"`
}

// Validate refuses tokens without one.
func (t *Tenant) Validate() error {
	if t.Name == "" {
		return errors.New("no tenant")
	}
	return nil
}

// Example_server is the server of the README.
func Example_server() {
	svc := new(widget.Service)
	setup := func() (*grpc.Server, http.Handler, error) {
		// Makes no request yet, so the server starts while its issuer is down.
		iss, err := issuer.New("https://issuer.example.com")
		if err != nil {
			return nil, nil, err
		}
		tokens, err := jwtauth.New(iss, jwtauth.Config{
			Audiences: []string{"widgets"},   // this service's name in the token's aud
			Custom:    auth.Decode[Tenant](), // your own claims, checked once per token
		})
		if err != nil {
			return nil, nil, err
		}
		guard, err := auth.NewGuard(tokens, protorules.From(widgetv1.File_widget_v1_widget_proto), auth.AllowHealth())
		if err != nil {
			return nil, nil, err
		}

		srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
		widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), svc.GRPC()) // refused before the message is read
		err = grpcauth.Verify(srv, guard)                                                // every method has a rule, or say which not
		if err != nil {
			fmt.Println(err)
		}

		mux := http.NewServeMux()
		mux.Handle(widgetv1connect.NewWidgetServiceHandler(svc.Connect(), connectauth.HandlerOptions(guard)))
		handler := connectauth.Middleware(guard)(mux)
		return srv, handler, nil
	}
	srv, handler, err := setup()
	fmt.Println(srv != nil, handler != nil, err)
	// DeleteWidget has no rule.

	// Output:
	// auth: no rule for /widget.v1.WidgetService/DeleteWidget, so every call of it is denied; add `option (bearerkit.auth.v1.rule) = {...};` to the method DeleteWidget, or "/widget.v1.WidgetService/DeleteWidget": {...} to the auth.Rules
	// true true <nil>
}

// A handler finds the caller in its context.
func ExampleFromContext() {
	handler := func(ctx context.Context) error {
		claims, ok := auth.FromContext(ctx)
		if !ok {
			return auth.ErrNoClaims
		}
		tenant, err := auth.ClaimsAs[Tenant](ctx)
		if err != nil {
			return err
		}
		fmt.Println(claims.Subject(), "of", tenant.Name)
		return auth.RequireScopes(ctx, "widgets.admin") // the right code on both transports
	}
	// In a test, the caller is made up.
	ctx := authtest.WithClaims(context.Background(), auth.ClaimsData{
		Subject: "alice",
		Scopes:  []string{"widgets.read"},
		Custom:  Tenant{Name: "blue"},
	})
	fmt.Println(handler(ctx))
	// Output:
	// alice of blue
	// SCOPE_INSUFFICIENT: the access token lacks a scope this method requires
}
