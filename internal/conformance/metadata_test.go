// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
)

// foundResource is what the oracle made of the metadata of a resource.
type foundResource struct {
	// URL is where it looked.
	URL      string                 `json:"url"`
	Type     string                 `json:"type"` // of the content
	Metadata *auth.ResourceMetadata `json:"metadata"`
	Refusal  *oracleRefusal         `json:"refusal"`
}

// oracleRefusal is why the oracle does not accept something.
type oracleRefusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A client that knows nothing but the resource finds its metadata where the
// challenge says they are, and believes them.
func TestResourceMetadataFoundByOracle(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	as := newTestIssuer(t, authtest.Config{Audience: challengeAudience})
	verifier := newTestVerifier(t, as, jwtauth.Config{Audiences: []string{challengeAudience}})
	for _, row := range []struct {
		name string
		path string // of the resource
		with auth.ProtectedResource
		want string // path of the metadata
	}{
		{name: "no path", want: "/.well-known/oauth-protected-resource"},
		{name: "root", path: "/", want: "/.well-known/oauth-protected-resource"},
		{name: "path", path: "/api", want: "/.well-known/oauth-protected-resource/api"},
		{name: "longer path", path: "/api/v1.0", want: "/.well-known/oauth-protected-resource/api/v1.0"},
		{name: "path with escapes", path: "/a%20b/c%2Fd", want: "/.well-known/oauth-protected-resource/a%20b/c%2Fd"},
		{name: "for people", path: "/api", with: auth.ProtectedResource{Name: "Wïdgets \"&\"", Documentation: "https://docs.test/"}, want: "/.well-known/oauth-protected-resource/api"},
		{name: "slash at the end", path: "/api/", want: "/.well-known/oauth-protected-resource/api/"},
		{name: "query", path: "/api?tenant=1", want: "/.well-known/oauth-protected-resource/api?tenant=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			// The resource has the port in its name, so the server comes first.
			mux := http.NewServeMux()
			addr := new(guarded).serveHTTP(t, mux, nil)
			resource := row.with
			resource.Resource = "http://" + addr + row.path
			guard, err := auth.NewGuard(verifier, auth.WithProtectedResource(resource), auth.Rules{
				widgetv1connect.WidgetServiceGetWidgetProcedure:    {AllScopes: []string{"widgets.read"}, AnyScope: []string{"b", "a"}},
				widgetv1connect.WidgetServiceCreateWidgetProcedure: {AllScopes: []string{"widgets.write"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			// At the path that the challenge names, and nowhere else.
			_, err = guard.Check(t.Context(), &auth.Request{Procedure: widgetv1connect.WidgetServiceGetWidgetProcedure})
			refusal, _ := err.(*auth.Error) //nolint:errorlint // Check returns no other
			challenge, ok := auth.FindChallenge(auth.ParseChallenges(guard.Challenges(refusal)))
			named, err := url.Parse(challenge.ResourceMetadata)
			if !ok || err != nil || named.RequestURI() != row.want {
				t.Fatalf("the challenge names %q (%v), want %s", challenge.ResourceMetadata, err, row.want)
			}
			handler := connectauth.ResourceMetadataHandler(guard)
			mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				if r.RequestURI != row.want {
					http.NotFound(w, r)
					return
				}
				handler.ServeHTTP(w, r)
			})

			var found foundResource
			o.ask(t, "resource", map[string]any{"resource": resource.Resource}, &found)
			if found.URL != challenge.ResourceMetadata {
				t.Errorf("the oracle looked at %s, and the challenge names %s", found.URL, challenge.ResourceMetadata)
			}
			want := auth.ResourceMetadata{
				Resource: resource.Resource, AuthorizationServers: []string{as.URL()},
				ScopesSupported:        []string{"a", "b", "widgets.read", "widgets.write"},
				BearerMethodsSupported: []string{"header"},
				ResourceName:           resource.Name, ResourceDocumentation: resource.Documentation,
			}
			if found.Type != "application/json" {
				t.Errorf("Content-Type %q", found.Type)
			}
			if found.Refusal != nil || found.Metadata == nil || !reflect.DeepEqual(*found.Metadata, want) {
				t.Errorf("the oracle found %s (%+v), want %s", asText(found.Metadata), found.Refusal, asText(want))
			}

			// It does compare: the same document is not that of another resource.
			var other foundResource
			o.ask(t, "resource", map[string]any{"resource": resource.Resource, "expect": "http://" + addr + "/other"}, &other)
			if other.Refusal == nil || other.Refusal.Code != "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED" {
				t.Errorf("for another resource the oracle found %s (%+v)", asText(other.Metadata), other.Refusal)
			}
		})
	}
}

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
