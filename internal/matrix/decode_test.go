// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that is wrapped
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// grpcCodec and connectCodec count the messages they are given to decode.
type grpcCodec struct {
	encoding.CodecV2
	decoded *atomic.Int64
}

func (c grpcCodec) Unmarshal(data mem.BufferSlice, v any) error {
	c.decoded.Add(1)
	return c.CodecV2.Unmarshal(data, v)
}

type connectCodec struct{ decoded *atomic.Int64 }

func (connectCodec) Name() string { return "proto" }

func (connectCodec) Marshal(v any) ([]byte, error) { return proto.Marshal(v.(proto.Message)) }

func (c connectCodec) Unmarshal(data []byte, v any) error {
	c.decoded.Add(1)
	return proto.Unmarshal(data, v.(proto.Message))
}

// A caller without a good token is answered before its message is read, however
// broken, slow or absent that is.
func TestRefusedBeforeTheMessageIsRead(t *testing.T) {
	f := newFixture(t)
	var decoded atomic.Int64
	server := matrix.NewServer(t, f.guard, matrix.Options{
		GRPC:    []grpc.ServerOption{grpc.ForceServerCodecV2(grpcCodec{encoding.GetCodecV2("proto"), &decoded})},
		Connect: []connect.HandlerOption{connect.WithCodec(connectCodec{&decoded})},
	})
	corrupt := []byte{0, 0, 0, 0, 2, 0xff, 0xff}
	for name, c := range map[string]matrix.Call{
		"corrupt message": {Body: corrupt},
		"cut message":     {Body: []byte{0, 0, 0, 0, 200, 1}},
		"huge message":    {Body: []byte{0, 0x7f, 0xff, 0xff, 0xff}},
		"no message yet":  {Withhold: true},
		"good message":    {},
	} {
		t.Run(name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				// Without the registrar grpc-go reads a unary message first; that of a
				// GET is in the URL.
				if !over.BeforeDecode() || over.Protocol == matrix.ConnectGet {
					continue
				}
				t.Run(over.Name, func(t *testing.T) {
					before := decoded.Load()
					o := server.Do(t, over, c)
					if o.Code != codes.Unauthenticated || o.Reason() != "CREDENTIALS_MISSING" || o.Handled || o.Transport != "" {
						t.Errorf("got %v %s, handled %v, transport %q", o.Code, o.Reason(), o.Handled, o.Transport)
					}
					if n := decoded.Load() - before; n != 0 {
						t.Errorf("%d messages were decoded", n)
					}
				})
			}
		})
	}
	// The counter counts.
	for _, over := range matrix.Transports() {
		message := []byte{0x0a, 1, 'w'} // GetWidgetRequest.name
		if over.Streams() {
			message = []byte{0x08, 1} // WatchWidgetsRequest.count
		}
		switch over.Protocol {
		case matrix.ConnectGet:
			continue
		case matrix.GRPC, matrix.GRPCWeb, matrix.ConnectStream:
			message = append([]byte{0, 0, 0, 0, byte(len(message))}, message...)
		case matrix.Connect:
		}
		before := decoded.Load()
		o := server.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint()), Body: message})
		if o.Code != codes.OK || o.Transport != "" {
			t.Errorf("%s: %v %s %s", over.Name, o.Code, o.Message, o.Transport)
		}
		if decoded.Load() == before {
			t.Errorf("%s: nothing was decoded", over.Name)
		}
	}
}
