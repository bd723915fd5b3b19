// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth_test

import (
	"context"
	"crypto"
	"fmt"
	"net/url"
	"os"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
)

// done takes what an example has made.
func done(...any) {}

// The issuer says how; this service says what it has.
func Example() {
	// In place of a real authorization server.
	as, err := authtest.NewIssuer(authtest.Config{ClientID: "widgets", ClientSecret: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = as.Close() }()
	as.SetMetadata("introspection_endpoint_auth_methods_supported", []string{"tls_client_auth", "client_secret_post", "client_secret_basic"})

	iss, err := issuer.New(as.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = iss.Close() }()
	endpoint, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{
		Name: clientauth.IntrospectionEndpoint,
		Auth: clientauth.Select(clientauth.Credentials{ClientID: "widgets", Secret: clientauth.SecretText("secret")}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer endpoint.Close()
	answer, err := endpoint.Post(context.Background(), url.Values{"token": {"made-up"}}, "application/json", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	header := as.LastRequest(authtest.Introspection).Header.Get("Authorization")
	fmt.Println(answer.Status, string(answer.Body), header[:6])
	// Output: 200 {"active":false} Basic
}

func ExampleClientSecretBasic() {
	service := clientauth.ClientSecretBasic("widgets", clientauth.SecretFile("/run/secrets/widgets"))

	done(service)
}

func ExampleClientSecretPost() {
	service := clientauth.ClientSecretPost("widgets", clientauth.SecretText(os.Getenv("CLIENT_SECRET")))

	done(service)
}

func ExampleClientSecretJWT() {
	service := clientauth.ClientSecretJWT("widgets", clientauth.SecretFile("/run/secrets/widgets"),
		clientauth.AssertionAlgorithm("HS256"))

	done(service)
}

func ExamplePrivateKeyJWT() {
	key, err := clientauth.LoadSigningKey("/etc/widgets/client.pem", clientauth.KeyAlgorithm("RS256"))
	if err != nil {
		return
	}
	service := clientauth.PrivateKeyJWT("widgets", key)

	done(service)
}

func ExampleNewSigningKey() {
	var kms crypto.Signer // of the KMS's library
	key, err := clientauth.NewSigningKey(kms, clientauth.KeyAlgorithm("PS256"), clientauth.KeyID("widgets-2026"))
	if err != nil {
		return
	}
	service := clientauth.PrivateKeyJWT("widgets", key)

	done(service)
}

func ExampleJWTAssertion() {
	service := clientauth.JWTAssertion("", clientauth.SecretFile("/var/run/secrets/tokens/issuer"))

	done(service)
}

func ExampleTLSClientAuth() {
	identity, err := clientauth.LoadIdentity("/etc/widgets/tls.crt", "/etc/widgets/tls.key")
	if err != nil {
		return
	}
	service := clientauth.TLSClientAuth("widgets", identity)

	done(service)
}

func ExampleSelfSignedTLSClientAuth() {
	identity, err := clientauth.LoadIdentity("/etc/widgets/tls.crt", "/etc/widgets/tls.key")
	if err != nil {
		return
	}
	service := clientauth.SelfSignedTLSClientAuth("widgets", identity)

	done(service)
}

func ExampleBearer() {
	service := clientauth.Bearer(clientauth.SecretFile("/var/run/secrets/tokens/introspector"))

	done(service)
}

func ExampleNone() {
	service := clientauth.None()

	done(service)
}

func ExampleSelect() {
	key, err := clientauth.LoadSigningKey("/etc/widgets/client.pem")
	if err != nil {
		return
	}
	service := clientauth.Select(clientauth.Credentials{
		ClientID: "widgets",
		Key:      key,
		Secret:   clientauth.SecretFile("/run/secrets/widgets"), // where the issuer takes no key
	})

	done(service)
}

func ExampleUse() {
	method, err := clientauth.ParseMethod(os.Getenv("CLIENT_AUTH")) // such as "basic" or "private-key-jwt"
	if err != nil {
		return
	}
	service := clientauth.Use(method, clientauth.Credentials{
		ClientID: "widgets",
		Secret:   clientauth.SecretFile("/run/secrets/widgets"),
	})

	done(service)
}

// Microsoft Entra ID wants the endpoint's URL as audience, the old type, and the
// client's id beside the assertion.
func ExampleInsecureEndpointAudience() {
	key, err := clientauth.LoadSigningKey("/etc/widgets/entra.pem", // key and certificate
		clientauth.KeyAlgorithm("PS256"))
	if err != nil {
		return
	}
	service := clientauth.PrivateKeyJWT("00000000-0000-0000-0000-000000000000", key,
		clientauth.InsecureEndpointAudience(), clientauth.AssertionTypeJWT(), clientauth.SendClientID())

	done(service)
}

// A volume with a secret of Kubernetes.
func ExampleWatchIdentity_volume() {
	var observer auth.Observer // of the operator

	identity, err := clientauth.LoadIdentity("/etc/widgets/tls/tls.crt", "/etc/widgets/tls/tls.key")
	if err != nil {
		return
	}
	watcher, err := clientauth.WatchIdentity(identity, "/etc/widgets/tls/tls.crt", "/etc/widgets/tls/tls.key", clientauth.WatchConfig{Observer: observer})
	if err != nil {
		return
	}
	defer func() { _ = watcher.Close() }()
	service := clientauth.TLSClientAuth("widgets", identity)

	done(service)
}

// Every endpoint is asked under the same name.
func ExampleNewEndpoint() {
	iss, err := issuer.New("https://issuer.example.com")
	if err != nil {
		return
	}
	service := clientauth.ClientSecretBasic("widgets", clientauth.SecretFile("/run/secrets/widgets"))
	revocation, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{
		Name: clientauth.RevocationEndpoint,
		Auth: service,
	})
	if err != nil {
		return
	}
	answer, err := revocation.Post(context.Background(), url.Values{"token": {"..."}}, "application/json", 1)

	done(answer, err)
}
