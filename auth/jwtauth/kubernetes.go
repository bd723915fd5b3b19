// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// kubernetes: the claim kubernetes.io names what sub names. Tokens signed by the
// API server have no typ, those of an external signer have JWT.
var kubernetes = profile{
	name:      "KubernetesServiceAccount",
	types:     []string{"", "jwt"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	check:     checkKubernetes,
	principal: alwaysClient,
	claims:    ClaimNames{Tenant: "/" + kubernetesClaim + "/namespace"},
}

const (
	kubernetesClaim  = "kubernetes.io"
	kubernetesPrefix = "system:serviceaccount:"
)

func checkKubernetes(o strictjson.Object, _ header, d *auth.ClaimsData) *auth.Error {
	raw, _ := o.Get(kubernetesClaim)
	about, _ := strictjson.Parse(raw)
	account, _ := about.Get("serviceaccount")
	names, _ := strictjson.Parse(account)
	namespace, name := about.Text("namespace"), names.Text("name")
	if namespace == "" || name == "" || d.Subject != kubernetesPrefix+namespace+":"+name {
		return otherKind("sub is not the service account that the claim " + kubernetesClaim + " names")
	}
	return nil
}
