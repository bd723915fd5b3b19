// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"
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
	// Host replaces the authority that the request is for.
	Host string
	// Header and Trailer are sent as they stand. HTTP/1.1 forbids some of what
	// they may hold; then the transport refuses.
	Header, Trailer []Field
	// ContentType replaces that of the protocol.
	ContentType string
	// JSON asks for the JSON codec.
	JSON bool
	// Message replaces the empty message. It is framed as the protocol asks.
	Message []byte
	// Encoding announces that the message is compressed in this way.
	Encoding string
	// Body replaces the message and its frame, if not nil. It is sent as it
	// stands.
	Body []byte
	// Withhold announces the body and never sends it.
	Withhold bool
	// Hold sends the body and never its end.
	Hold bool
}

// Bearer returns the header of a call with this token.
func Bearer(token string) []Field { return []Field{{"authorization", "Bearer " + token}} }

// Procedure is the canonical name of the method that is meant.
func (c Call) Procedure(over Transport) string {
	method := c.Method
	if method == "" {
		method = "GetWidget"
	}
	if over.stream {
		if method = c.StreamMethod; method == "" {
			method = "WatchWidgets"
		}
	}
	return "/widget.v1.WidgetService/" + method
}

// Do makes the call over one transport. A transport that does not answer at all
// gives an [Outcome] with Transport set.
func (s *Server) Do(t testing.TB, over Transport, c Call) Outcome {
	t.Helper()
	conn, err := dial(over, s.addr(over))
	if err != nil {
		t.Fatalf("%s: %v", over.Name, err)
	}
	defer func() { _ = conn.Close() }()
	exchange := exchangeHTTP1
	if over.HTTP2 {
		exchange = exchangeHTTP2
	}
	before := s.Service.Calls()
	response, err := exchange(conn, c.request(over))
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
	r := rawRequest{method: "POST", scheme: over.scheme(), host: c.Host, path: c.Path, trailer: c.Trailer, withhold: c.Withhold, hold: c.Hold}
	if r.host == "" {
		r.host = authority
	}
	if r.path == "" {
		r.path = c.Procedure(over)
	}
	query := c.Query
	codec, message := "proto", c.Message
	if c.JSON {
		codec = "json"
		if message == nil {
			message = []byte("{}")
		}
	}
	if over.Protocol == ConnectGet {
		r.method = "GET"
		query = strings.TrimPrefix(query+"&"+c.getQuery(codec, message), "&")
	} else {
		contentType := over.contentType(codec)
		if c.ContentType != "" {
			contentType = c.ContentType
		}
		r.header = append(r.header, Field{"content-type", contentType})
		r.header = append(r.header, c.protocolHeader(over)...)
		if r.body = c.Body; r.body == nil {
			r.body = over.frame(message, c.Encoding != "")
		}
	}
	if query != "" {
		separator := "?"
		if strings.Contains(r.path, "?") {
			separator = "&"
		}
		r.path += separator + query
	}
	r.header = append(r.header, c.Header...)
	return r
}

// protocolHeader returns what a protocol demands besides the content type.
func (c Call) protocolHeader(over Transport) []Field {
	var header []Field
	encoding := "grpc-encoding"
	switch over.Protocol {
	case GRPC:
		header = append(header, Field{"te", "trailers"})
	case GRPCWeb:
	case ConnectStream:
		encoding = "connect-content-encoding"
	default:
		header = append(header, Field{"connect-protocol-version", "1"})
		encoding = "content-encoding"
	}
	if c.Encoding != "" {
		header = append(header, Field{encoding, c.Encoding})
	}
	return header
}

// getQuery is a message in the query of a Connect GET.
func (c Call) getQuery(codec string, message []byte) string {
	if c.Body != nil {
		message = c.Body
	}
	query := "connect=v1&encoding=" + codec + "&base64=1&message=" + base64.RawURLEncoding.EncodeToString(message)
	if c.Encoding != "" {
		query += "&compression=" + url.QueryEscape(c.Encoding)
	}
	return query
}

// frame puts the length prefix of gRPC and of Connect streams before a message;
// unary Connect has none.
func (t Transport) frame(message []byte, compressed bool) []byte {
	if t.Protocol == Connect {
		return message
	}
	var flags byte
	if compressed {
		flags = 1
	}
	b := binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message)))
	return append(b, message...)
}

// Messages are that many empty messages in their frames, and never nil.
func (t Transport) Messages(n int) []byte { return bytes.Repeat(t.frame(nil, false), n) }
