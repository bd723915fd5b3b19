// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/rig"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// allocations counts what a cached check allocates beside the same call without
// a check.
func (r *Result) allocations(ctx context.Context, o Options) error {
	issuer, err := rig.NewIssuer("ES256")
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	c, err := contestant.ByName(contestant.OursCached)
	if err != nil {
		return err
	}
	instance, err := c.Start(ctx, issuer.Target())
	if err != nil {
		return err
	}
	defer instance.Stop()
	in := contestant.NewInput(ctx, issuer.Token(0))
	if err := instance.Decide(in); err != nil {
		return err
	}

	unary := unaryAllocations(in, instance.Unary) - unaryAllocations(in, passUnary)
	open := streamAllocations(in, instance.Stream, 0) - streamAllocations(in, passStream, 0)
	n := o.StreamMessages
	message := (streamAllocations(in, instance.Stream, n) - streamAllocations(in, passStream, n) - open) / float64(n)

	bare, err := connectAllocations(in, rig.Handler(new(contestant.Instance)))
	if err != nil {
		return err
	}
	gate, err := connectAllocations(in, rig.Handler(&contestant.Instance{Connect: instance.Connect}))
	if err != nil {
		return err
	}
	middleware, err := connectAllocations(in, rig.Handler(instance))
	if err != nil {
		return err
	}
	table := Table{Columns: []string{"added by a cached check", "allocations"}}
	for _, row := range []struct {
		name, key string
		value     float64
	}{
		{"gRPC, unary, over an interceptor that does nothing", "grpc_allocs_cached", unary},
		{"gRPC, opening a stream", "grpc_stream_open_allocs_cached", open},
		{"gRPC, one message of a stream", "grpc_stream_message_allocs_cached", message},
		{"Connect, the gate alone", "connect_allocs_cached", gate - bare},
		{"Connect, with the middleware", "connect_middleware_allocs_cached", middleware - bare},
	} {
		r.setExactly(row.value, row.key)
		table.Rows = append(table.Rows, []string{row.name, number(row.value)})
	}
	r.Sections = append(r.Sections, Section{
		Title:  "Allocations",
		Text:   "Counted by testing.AllocsPerRun, beside the same call without a check.",
		Tables: []Table{table},
	})
	return nil
}

// allocsPerRun is the least of some counts: what happens beside the call is
// counted too.
func allocsPerRun(f func()) float64 {
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(100, f))
	}
	return least
}

func passUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(ctx, request)
}

func passStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(srv, stream)
}

func unaryAllocations(in *contestant.Input, interceptor grpc.UnaryServerInterceptor) float64 {
	info := &grpc.UnaryServerInfo{FullMethod: contestant.Procedure}
	handler := func(context.Context, any) (any, error) { return nil, nil }
	return allocsPerRun(func() { _, _ = interceptor(in.Context, nil, info, handler) })
}

func streamAllocations(in *contestant.Input, interceptor grpc.StreamServerInterceptor, messages int) float64 {
	info := &grpc.StreamServerInfo{FullMethod: contestant.StreamProcedure, IsServerStream: true}
	stream := &deafStream{ctx: in.Context}
	handler := func(_ any, s grpc.ServerStream) error {
		for range messages {
			if err := s.SendMsg(nil); err != nil {
				return err
			}
		}
		return nil
	}
	return allocsPerRun(func() { _ = interceptor(nil, stream, info, handler) })
}

// deafStream is a stream that nobody listens to.
type deafStream struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream's context is how a caller travels
}

func (s *deafStream) Context() context.Context { return s.ctx }
func (s *deafStream) SendMsg(any) error        { return nil }

// connectAllocations are those of a whole call in process; only differences
// between two of them mean something.
func connectAllocations(in *contestant.Input, handler http.Handler) (float64, error) {
	body, err := proto.Marshal(&widgetv1.GetWidgetRequest{Name: "widget"})
	if err != nil {
		return 0, err
	}
	reader := bytes.NewReader(body)
	request := in.Request.Clone(in.Request.Context())
	request.Body, request.ContentLength = io.NopCloser(reader), int64(len(body))
	status := 0
	w := &deafWriter{header: make(http.Header), status: &status}
	allocs := allocsPerRun(func() {
		reader.Reset(body)
		clear(w.header)
		handler.ServeHTTP(w, request)
	})
	if status >= http.StatusBadRequest {
		return 0, fmt.Errorf("refused with %s", http.StatusText(status))
	}
	return allocs, nil
}

// deafWriter is a response that nobody reads.
type deafWriter struct {
	header http.Header
	status *int
}

func (w *deafWriter) Header() http.Header         { return w.header }
func (w *deafWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *deafWriter) WriteHeader(status int)      { *w.status = max(*w.status, status) }
