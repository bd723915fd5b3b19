// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"crypto/tls"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// incoming is the [auth.Carrier] of an RPC: what grpc-go put into its context.
type incoming struct{}

// Values returns the metadata of that name. Other than a lookup in
// metadata.FromIncomingContext this does not copy all of it.
func (incoming) Values(ctx context.Context, name string) []string {
	return metadata.ValueFromIncomingContext(ctx, name)
}

func (incoming) TLS(ctx context.Context) *tls.ConnectionState {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return nil
	}
	return &info.State
}
