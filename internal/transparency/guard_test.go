// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
)

// mode is what stands before a server.
type mode string

const (
	unguarded mode = "unguarded"
	public    mode = "public"    // every method is public
	required  mode = "required"  // every method needs a token, and there is one
	insistent mode = "insistent" // as required, and RequireDecision
	refused   mode = "refused"   // every method needs a token, and there is none
)

// protection is a guard, and the token that it accepts.
type protection struct {
	mode  mode
	guard *auth.Guard // nil without one
	token string      // to put in front; empty for none
	close func()
	// calls is how many got past the guard.
	calls atomic.Int64
}

// protect makes the guard of a mode for these procedures, with an issuer of its
// own. The caller must call close.
func protect(m mode, procedures ...string) (*protection, error) {
	p := &protection{mode: m, close: func() {}}
	if m == unguarded {
		return p, nil
	}
	fake, err := authtest.NewIssuer(authtest.Config{Audience: "suite"})
	if err != nil {
		return nil, err
	}
	iss, err := issuer.New(fake.URL())
	if err != nil {
		return nil, err
	}
	p.close = func() { _, _ = iss.Close(), fake.Close() }
	verifier, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{"suite"}, GrantableScopes: []string{"suite"}})
	if err != nil {
		return nil, err
	}
	rule := auth.Rule{AllScopes: []string{"suite"}}
	if m == public {
		rule = auth.Rule{Access: auth.AccessPublic}
	}
	rules := make(auth.Rules)
	for _, name := range procedures {
		rules[name] = rule
	}
	if p.guard, err = auth.NewGuard(verifier, rules); err != nil {
		return nil, err
	}
	if m == required || m == insistent {
		p.token = fake.Mint(authtest.Scopes("suite"))
	}
	return p, nil
}

// middleware is that for connect-go.
func (p *protection) middleware() func(http.Handler) http.Handler {
	if p.mode == insistent {
		return connectauth.RequireDecision(p.guard)
	}
	return connectauth.Middleware(p.guard)
}

// serverOptions are those for grpc-go.
func (p *protection) serverOptions() []grpc.ServerOption {
	options := grpcauth.ServerOptions(p.guard)
	if p.mode == insistent {
		options = append(options, grpcauth.RequireDecision(p.guard)...)
	}
	return options
}

// decisionCheck returns an error unless the call was decided as it should have
// been.
type decisionCheck func(ctx context.Context, procedure string, header map[string][]string) error

// check is a decisionCheck. Without it a guard that is not asked at all would be
// found transparent.
func (p *protection) check(ctx context.Context, procedure string, header map[string][]string) error {
	p.calls.Add(1)
	claims, ok := auth.FromContext(ctx)
	switch {
	case p.mode == unguarded:
		return nil
	case !p.guard.Decided(ctx, procedure):
		return fmt.Errorf("no guard decided about %s", procedure)
	case p.mode == public && ok:
		return errors.New("claims on a public method")
	case p.mode != public && (!ok || claims.Subject() != "user-1"):
		return errors.New("no claims of the caller")
	case p.mode != public && !carries(header, p.token):
		return errors.New("the guard took the credential away")
	}
	return nil
}

func carries(header map[string][]string, token string) bool {
	for name, values := range header {
		if http.CanonicalHeaderKey(name) == "Authorization" {
			return len(values) == 1 && values[0] == "Bearer "+token
		}
	}
	return false
}
