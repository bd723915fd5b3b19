// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"crypto/tls"
	"slices"
	"testing"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

type otherInfo struct{}

func (otherInfo) AuthType() string { return "other" }

func TestIncomingTLS(t *testing.T) {
	over := func(info credentials.AuthInfo) context.Context {
		return peer.NewContext(t.Context(), &peer.Peer{AuthInfo: info})
	}
	for name, tc := range map[string]struct {
		ctx  context.Context
		want string // server name, or none
	}{
		"no peer":          {t.Context(), "none"},
		"plain connection": {over(nil), "none"},
		"other security":   {over(otherInfo{}), "none"},
		"TLS":              {over(credentials.TLSInfo{State: tls.ConnectionState{ServerName: "rs.test"}}), "rs.test"},
	} {
		got := "none"
		if state := (incoming{}).TLS(tc.ctx); state != nil {
			got = state.ServerName
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestIncomingValues(t *testing.T) {
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "a", "Authorization", "b", "authorization-bin", "c"))
	if got := (incoming{}).Values(ctx, "authorization"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
	if got := (incoming{}).Values(ctx, "dpop"); len(got) != 0 {
		t.Errorf("got %q for an absent name", got)
	}
}
