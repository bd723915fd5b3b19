// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// what is sent, to the byte.
func TestRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*introspection.Config)
		token  string
		body   string
	}{
		"default":            {func(*introspection.Config) {}, "abc", "token=abc&token_type_hint=access_token"},
		"another hint":       {func(c *introspection.Config) { c.TokenTypeHint = "at & more" }, "abc", "token=abc&token_type_hint=at+%26+more"},
		"no hint":            {func(c *introspection.Config) { c.TokenTypeHint = introspection.NoHint }, "abc", "token=abc"},
		"I12 all of token68": {func(*introspection.Config) {}, "a-._~+/9==", "token=a-._~%2B%2F9%3D%3D&token_type_hint=access_token"},
		"post": {
			func(c *introspection.Config) {
				c.Auth = clientauth.ClientSecretPost(clientID, clientauth.SecretText(clientSecret))
			}, "abc",
			"client_id=rs%3A1&client_secret=s%25c+r%2Bt%2F%C3%A9&token=abc&token_type_hint=access_token",
		},
		"I12 a client that would ask otherwise": {
			func(c *introspection.Config) {
				c.Auth = authFunc(func(_ context.Context, r *clientauth.Request) error {
					r.SetForm("token", "evil")
					r.SetForm("token_type_hint", "refresh_token")
					r.SetForm("x", "a&active=true")
					return nil
				})
				c.TokenTypeHint = introspection.NoHint
			}, "abc", "token=abc&x=a%26active%3Dtrue",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			var bodies []string
			f.asked = func(r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(strings.NewReader(string(b)))
				bodies = append(bodies, string(b))
				if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
					t.Errorf("%s %s, %v", r.Method, r.URL, r.Header)
				}
				if r.Header.Get("Accept") != "application/json" || r.UserAgent() != "bearerkit" || r.Header.Get("Cookie") != "" {
					t.Errorf("header %v", r.Header)
				}
			}
			_, _ = verify(t.Context(), f.verifier(t, tc.change), tc.token)
			if !slices.Equal(bodies, []string{tc.body}) {
				t.Errorf("sent %q, want %q", bodies, tc.body)
			}
		})
	}
}

// I12: what cannot stand in a bearer token does not get this far.
func TestInjectedFields(t *testing.T) {
	f := newFixture(t)
	v := f.verifier(t)
	for _, token := range []string{"a&active=true", "a%00", "a\r\nb", "a b", "a\x00", "a=b"} {
		_, err := verify(t.Context(), v, token)
		if got, want := result(err), "unauthenticated/CREDENTIALS_MALFORMED/credential_syntax"; got != want {
			t.Errorf("%q: %s", token, got)
		}
	}
	if n := f.as.Requests(authtest.Introspection); n != 0 {
		t.Errorf("%d questions", n)
	}
}

type authFunc func(ctx context.Context, r *clientauth.Request) error

func (f authFunc) Authenticate(ctx context.Context, r *clientauth.Request) error { return f(ctx, r) }

// A-62, 3.3-9: the vectors are those of the fact sheets.
func TestClientAuth(t *testing.T) {
	const id, secret = "a:b", "p%+ w"
	source := func(s string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return s, err }
	}
	for name, tc := range map[string]struct {
		auth          clientauth.Authenticator
		authorization string
		form          url.Values
		says          string // if it fails
	}{
		"basic":                {clientauth.ClientSecretBasic(id, clientauth.SecretText(secret)), "Basic YSUzQWI6cCUyNSUyQit3", nil, ""},
		"basic, plain":         {clientauth.ClientSecretBasic("client", clientauth.SecretText("topsecret")), "Basic Y2xpZW50OnRvcHNlY3JldA==", nil, ""},
		"basic from a source":  {clientauth.ClientSecretBasic(id, clientauth.SecretFunc(source(secret, nil))), "Basic YSUzQWI6cCUyNSUyQit3", nil, ""},
		"post":                 {clientauth.ClientSecretPost(id, clientauth.SecretText(secret)), "", url.Values{"client_id": {id}, "client_secret": {secret}}, ""},
		"post from a source":   {clientauth.ClientSecretPost(id, clientauth.SecretFunc(source(secret, nil))), "", url.Values{"client_id": {id}, "client_secret": {secret}}, ""},
		"bearer":               {clientauth.Bearer(clientauth.SecretText("own-token")), "Bearer own-token", nil, ""},
		"bearer from a source": {clientauth.Bearer(clientauth.SecretFunc(source("own-token", nil))), "Bearer own-token", nil, ""},
		"none":                 {clientauth.None(), "", nil, ""},

		"no secret now":       {clientauth.ClientSecretBasic(id, clientauth.SecretFunc(source("", nil))), "", nil, "the secret of this service is empty"},
		"the source fails":    {clientauth.ClientSecretPost(id, clientauth.SecretFunc(source("", errors.New("vault sealed")))), "", nil, "vault sealed"},
		"no token":            {clientauth.Bearer(clientauth.SecretText("a b")), "", nil, "no bearer token"},
		"a token with a line": {clientauth.Bearer(clientauth.SecretFunc(source("a\r\nX: y", nil))), "", nil, "no bearer token"},
		"two ways": {authFunc(func(_ context.Context, r *clientauth.Request) error {
			r.SetHeader("Authorization", "Basic x")
			r.SetForm("client_assertion", "y")
			return nil
		}), "", nil, "more than one way"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.SetClient("", "")
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, func(c *introspection.Config) { c.Auth = tc.auth }), token)
			if tc.says != "" {
				if e := refusal(t, err); e.Kind != auth.KindUnavailable || !strings.Contains(causes(err), tc.says) || f.as.Requests(authtest.Introspection) != 0 {
					t.Errorf("got %v %s; want %q", claims, causes(err), tc.says)
				}
				return
			}
			if err != nil {
				t.Fatal(causes(err))
			}
			last := f.as.LastRequest(authtest.Introspection)
			last.PostForm.Del("token")
			last.PostForm.Del("token_type_hint")
			if got := last.Header.Get("Authorization"); got != tc.authorization {
				t.Errorf("Authorization %q, want %q", got, tc.authorization)
			}
			if len(last.PostForm) != len(tc.form) || len(tc.form) > 0 && !reflect.DeepEqual(last.PostForm, tc.form) {
				t.Errorf("form %v, want %v", last.PostForm, tc.form)
			}
		})
	}
}

// The seam for other ways of authenticating: each attempt is authenticated anew,
// knows what it is for, and does not choose where it goes.
func TestClientAuthSeam(t *testing.T) {
	f := newFixture(t)
	f.as.SetClient("", "")
	f.as.Fail(authtest.Introspection, authtest.Status(503), authtest.Reset())
	var attempts []int
	v := f.verifier(t, impatient, func(c *introspection.Config) {
		c.Auth = authFunc(func(ctx context.Context, r *clientauth.Request) error {
			if r.Issuer != issuerURL || r.Name != "introspection_endpoint" || r.Endpoint != issuerURL+"/introspect" {
				t.Errorf("request %+v", r)
			}
			attempts = append(attempts, r.Attempt)
			r.SetForm("client_assertion", fmt.Sprint("assertion-", r.Attempt))
			r.Endpoint = "https://evil.test"
			_, err := r.Metadata(ctx)
			return err
		})
	})
	if _, err := verify(t.Context(), v, f.opaque()); err != nil {
		t.Fatal(causes(err))
	}
	if !slices.Equal(attempts, []int{1, 2, 3}) {
		t.Errorf("attempts %v", attempts)
	}
	if got := f.as.LastRequest(authtest.Introspection).PostForm.Get("client_assertion"); got != "assertion-3" {
		t.Errorf("proof %q", got)
	}
}

// An endpoint that was configured is not looked up.
func TestClientAuthWithoutMetadata(t *testing.T) {
	f := newFixture(t)
	f.as.SetClient("", "")
	v := f.verifier(t, func(c *introspection.Config) {
		c.Endpoint = issuerURL + "/introspect"
		c.Auth = authFunc(func(_ context.Context, r *clientauth.Request) error {
			if r.Endpoint != issuerURL+"/introspect" {
				t.Errorf("request %+v", r)
			}
			return nil
		})
	})
	if _, err := verify(t.Context(), v, f.opaque()); err != nil {
		t.Error(causes(err))
	}
	if n := f.as.Requests(authtest.Discovery); n != 0 {
		t.Errorf("the metadata were read %d times", n)
	}
}

// I14: a secret that is replaced while a question is under way is read again, and
// the question asked once more; one that stays the same is not tried twice.
func TestRotatedSecret(t *testing.T) {
	for name, tc := range map[string]struct {
		fault    authtest.Fault
		secrets  []string // as the source gives them
		want     string
		requests int
	}{
		"rotated, 401":       {authtest.Fault{}, []string{"old", "new"}, ok, 2},
		"rotated, 400":       {authtest.OAuthError(400, "invalid_client"), []string{"old", "new"}, ok, 2},
		"not rotated":        {authtest.Fault{}, []string{"old", "old"}, unavailable(introspection.CheckClientAuth), 1},
		"rotated to nothing": {authtest.Fault{}, []string{"old", "other"}, unavailable(introspection.CheckClientAuth), 2},
		"gone":               {authtest.Fault{}, []string{"old", ""}, unavailable(introspection.CheckClientAuth), 1},
		"403":                {authtest.Status(403), []string{"old", "new"}, unavailable(introspection.CheckClientAuth), 1},
		"500":                {authtest.Status(500), []string{"old", "new"}, unavailable(introspection.CheckStatus), 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.SetClient(clientID, "new")
			f.as.Fail(authtest.Introspection, tc.fault)
			n := 0
			v := f.verifier(t, func(c *introspection.Config) {
				c.Auth = clientauth.ClientSecretBasic(clientID, clientauth.SecretFunc(func(context.Context) (string, error) {
					n++
					return tc.secrets[min(n, len(tc.secrets))-1], nil
				}))
			})
			token := f.opaque()
			claims, err := verify(t.Context(), v, token)
			expect(t, token, claims, err, tc.want)
			if got := f.as.Requests(authtest.Introspection); got != tc.requests {
				t.Errorf("%d questions, want %d", got, tc.requests)
			}
			if got := f.heard(); (len(got) > 0) != (tc.want == unavailable(introspection.CheckClientAuth)) {
				t.Errorf("events %q", got)
			}
		})
	}
}

// holder keeps things where no method of theirs is asked when it is printed.
type holder struct {
	one  clientauth.Authenticator
	two  any
	list []clientauth.Authenticator
}

// 1.9-14, law 8: secrets never print, whatever they sit in.
func TestSecretsNeverPrint(t *testing.T) {
	f := newFixture(t)
	const secret = "verysecret-value"
	source := func(context.Context) (string, error) { return secret, nil }
	var request *clientauth.Request
	for _, a := range []clientauth.Authenticator{
		clientauth.ClientSecretBasic("client", clientauth.SecretText(secret)), clientauth.ClientSecretBasic("client", clientauth.SecretFunc(source)),
		clientauth.ClientSecretPost("client", clientauth.SecretText(secret)), clientauth.ClientSecretPost("client", clientauth.SecretFunc(source)),
		clientauth.Bearer(clientauth.SecretText(secret)), clientauth.Bearer(clientauth.SecretFunc(source)), clientauth.None(),
	} {
		c := f.config()
		c.Auth = a
		seen := authFunc(func(ctx context.Context, r *clientauth.Request) error {
			request = r
			return a.Authenticate(ctx, r)
		})
		v, err := introspection.New(f.issuer(t), c)
		if err != nil {
			t.Fatal(err)
		}
		watched := f.verifier(t, func(c *introspection.Config) { c.Auth = seen })
		_, refused := verify(t.Context(), watched, f.opaque())
		for name, value := range map[string]any{
			"auth": a, "config": c, "pointer to config": &c, "verifier": v, "copy of the verifier": *v,
			"unexported": holder{a, a, []clientauth.Authenticator{a}}, "unexported pointer": holder{two: &c}, "nested": struct{ c introspection.Config }{c},
			"request": request, "copy of the request": *request, "unexported request": holder{two: *request},
		} {
			for _, p := range prints(value) {
				for _, s := range []string{secret, fmt.Sprintf("%x", secret), b64([]byte(secret))} {
					if strings.Contains(p, s) {
						t.Errorf("%v: %s prints %.300s", a, name, p)
					}
				}
			}
		}
		if found := leak(refused, secret); found != "" {
			t.Error(found)
		}
	}
	for want, a := range map[string]clientauth.Authenticator{
		`client_secret_basic client="c"`: clientauth.ClientSecretBasic("c", clientauth.SecretText(secret)),
		`bearer`:                         clientauth.Bearer(clientauth.SecretText(secret)),
	} {
		if got := fmt.Sprint(a); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
