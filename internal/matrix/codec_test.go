// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// jsonCodec is the codec of the same name in connect-go; grpc-go brings none.
type jsonCodec struct{}

func init() { encoding.RegisterCodec(jsonCodec{}) }

func (jsonCodec) Name() string { return "json" }

func (jsonCodec) Marshal(v any) ([]byte, error) { return protojson.Marshal(v.(proto.Message)) }

func (jsonCodec) Unmarshal(data []byte, v any) error {
	return protojson.Unmarshal(data, v.(proto.Message))
}

// the answer does not depend on how the message is spelled. In unary
// Connect a refusal is JSON whatever the codec.
func TestCodecs(t *testing.T) {
	t.Parallel()
	json := func(header func(*fixture) matrix.Call) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			c := header(f)
			c.JSON = true
			return c
		}
	}
	newFixture(t).run(t, []row{
		{"A-15 JSON: none", json(fields()), NC, nil},
		{"A-15 JSON: malformed", json(value("Bearer")), IR, nil},
		{"A-15 JSON: bad", json(value("Bearer canary-canary-canary")), IT, nil},
		{"A-15 JSON: lacks the scope", json(minted(authtest.Scopes("write"))), IS, nil},
		{"A-15 JSON: good", json(minted()), OK, nil},
	})
}
