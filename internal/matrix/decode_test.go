// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"bytes"
	"compress/gzip"
	"io"
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

// decompressed counts the messages that are given to gzip. grpc-go knows one
// compressor of a name for the whole process.
var decompressed atomic.Int64

func init() { encoding.RegisterCompressor(grpcGzip{}) }

type grpcGzip struct{}

func (grpcGzip) Name() string { return "gzip" }

func (grpcGzip) Compress(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }

func (grpcGzip) Decompress(r io.Reader) (io.Reader, error) {
	decompressed.Add(1)
	return gzip.NewReader(r)
}

type connectGzip struct{ gzip.Reader }

func (z *connectGzip) Reset(r io.Reader) error {
	decompressed.Add(1)
	return z.Reader.Reset(r)
}

func gzipped(message []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(message); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// a caller without a good token is answered before its message is read or
// decompressed, however broken, slow, absent or huge that is.
func TestRefusedBeforeTheMessageIsRead(t *testing.T) {
	f := newFixture(t)
	var decoded atomic.Int64
	server := matrix.NewServer(t, f.guard, matrix.Options{
		GRPC: []grpc.ServerOption{grpc.ForceServerCodecV2(grpcCodec{encoding.GetCodecV2("proto"), &decoded})},
		Connect: []connect.HandlerOption{
			connect.WithCodec(connectCodec{&decoded}),
			connect.WithCompression("gzip",
				func() connect.Decompressor { return new(connectGzip) },
				func() connect.Compressor { return gzip.NewWriter(io.Discard) }),
			connect.WithCompressMinBytes(1 << 20), // answers are read as they stand
		},
	})
	for name, c := range map[string]matrix.Call{
		"corrupt message": {Body: []byte{0, 0, 0, 0, 2, 0xff, 0xff}},
		"cut message":     {Body: []byte{0, 0, 0, 0, 200, 1}},
		"huge message":    {Body: []byte{0, 0x7f, 0xff, 0xff, 0xff}},
		"no message yet":  {Withhold: true},
		"good message":    {},
		"good gzip":       {Encoding: "gzip", Message: gzipped(nil)},
		"corrupt gzip":    {Encoding: "gzip", Message: []byte("canary-canary-canary")},
		"cut gzip":        {Encoding: "gzip", Message: gzipped([]byte("canary"))[:12]},
		"gzip bomb":       {Encoding: "gzip", Message: gzipped(make([]byte, 8<<20))},
	} {
		t.Run("A-19 "+name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				// Without the registrar grpc-go reads a unary message first. A GET has no
				// body to withhold.
				if !over.BeforeDecode() || over.Protocol == matrix.ConnectGet && c.Withhold {
					continue
				}
				for want, header := range map[string][]matrix.Field{NC: nil, IT: matrix.Bearer("canary-canary-canary")} {
					before, beforeGzip := decoded.Load(), decompressed.Load()
					c.Header = header
					o := server.Do(t, over, c)
					for _, w := range judge(over, o, want, f.need(c, over), false) {
						t.Errorf("%s: %s", over.Name, w)
					}
					if n, z := decoded.Load()-before, decompressed.Load()-beforeGzip; n+z != 0 {
						t.Errorf("%s: %d messages were decoded, and %d decompressed", over.Name, n, z)
					}
				}
			}
		})
	}
	// The counters count, and what is refused above is refused below for what is
	// wrong with it.
	t.Run("control", func(t *testing.T) {
		for _, over := range matrix.Transports() {
			message := []byte{0x0a, 1, 'w'} // GetWidgetRequest.name
			if over.Streams() {
				message = []byte{0x08, 1} // WatchWidgetsRequest.count
			}
			before := decoded.Load()
			o := server.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint()), Message: message})
			if o.Code != codes.OK || o.Transport != "" || decoded.Load() == before {
				t.Errorf("%s: %v %s %s, %d decoded", over.Name, o.Code, o.Message, o.Transport, decoded.Load()-before)
			}
			before = decompressed.Load()
			o = server.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint()), Encoding: "gzip", Message: gzipped(message)})
			if o.Code != codes.OK || o.Transport != "" || decompressed.Load() == before {
				t.Errorf("%s: %v %s %s, %d decompressed", over.Name, o.Code, o.Message, o.Transport, decompressed.Load()-before)
			}
			o = server.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint()), Encoding: "gzip", Message: []byte("corrupt")})
			if o.Code == codes.OK || o.Code == codes.Unauthenticated || o.Info != nil || o.Transport != "" {
				t.Errorf("%s: corrupt gzip and a good token: %v %s %s", over.Name, o.Code, o.Message, o.Transport)
			}
		}
	})
}
