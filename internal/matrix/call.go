// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"encoding/binary"
	"testing"
)

// Call is one call of a method. The zero value calls GetWidget, or WatchWidgets
// on a streaming transport, with an empty message.
type Call struct {
	// Method and StreamMethod are called on unary and streaming transports.
	Method, StreamMethod string
	// Path, if set, is sent in place of the method's path.
	Path string
	// Query is added to the path.
	Query string
	// Header and Trailer are sent as they stand. HTTP/1.1 forbids some of what
	// they may hold; then the transport refuses.
	Header, Trailer []Field
	// ContentType replaces that of the protocol.
	ContentType string
	// Body replaces the empty message. It is sent as it stands.
	Body []byte
	// Withhold announces the body and never sends it.
	Withhold bool
}

// Bearer returns the header of a call with this token.
func Bearer(token string) []Field { return []Field{{"authorization", "Bearer " + token}} }

// Do makes the call over one transport. A transport that does not answer at all
// gives an [Outcome] with Transport set.
func (s *Server) Do(t testing.TB, over Transport, c Call) Outcome {
	t.Helper()
	before := s.Service.Calls()
	r := c.request(over)
	exchange := exchangeHTTP1
	if over.HTTP2 {
		exchange = exchangeHTTP2
	}
	response, err := exchange(over.addr(s), r)
	var o Outcome
	if err != nil {
		o.Transport = err.Error()
	} else {
		o = readOutcome(over, response)
	}
	o.Handled = s.Service.Calls() > before
	return o
}

func (c Call) request(over Transport) rawRequest {
	method := c.Method
	if method == "" {
		method = "GetWidget"
	}
	if over.stream {
		if method = c.StreamMethod; method == "" {
			method = "WatchWidgets"
		}
	}
	r := rawRequest{method: "POST", path: "/widget.v1.WidgetService/" + method, body: c.Body, trailer: c.Trailer, withhold: c.Withhold}
	if c.Path != "" {
		r.path = c.Path
	}
	query := c.Query
	contentType := over.contentType()
	if c.ContentType != "" {
		contentType = c.ContentType
	}
	r.header = append(r.header, Field{"content-type", contentType})
	switch over.Protocol {
	case ConnectGet:
		r.method, r.header, r.body = "GET", nil, nil
		if query != "" {
			query += "&"
		}
		query += "connect=v1&encoding=proto&message="
	case Connect:
		r.header = append(r.header, Field{"connect-protocol-version", "1"})
	default:
		if r.body == nil {
			r.body = frame(0, nil)
		}
		if over.Protocol == GRPC {
			r.header = append(r.header, Field{"te", "trailers"})
		}
	}
	if query != "" {
		r.path += "?" + query
	}
	r.header = append(r.header, c.Header...)
	return r
}

// frame puts the length prefix of gRPC and of Connect streams before a message.
func frame(flags byte, message []byte) []byte {
	b := append([]byte{flags}, binary.BigEndian.AppendUint32(nil, uint32(len(message)))...)
	return append(b, message...)
}
