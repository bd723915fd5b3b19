// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

// Protocol is how an RPC is spelled in HTTP.
type Protocol uint8

// The protocols.
const (
	GRPC Protocol = iota
	GRPCWeb
	Connect
	ConnectStream
	ConnectGet
)

// Transport is one way to reach a method.
type Transport struct {
	Name     string
	Protocol Protocol
	HTTP2    bool

	addr func(*Server) string
	// stream says that the method must be a streaming one.
	stream bool
}

// Transports are all of them.
func Transports() []Transport {
	native := func(s *Server) string { return s.grpc }
	behind := func(s *Server) string { return s.grpcHTTP }
	handler := func(s *Server) string { return s.connect }
	bare := func(s *Server) string { return s.bare }
	return []Transport{
		{Name: "grpc-go unary", Protocol: GRPC, HTTP2: true, addr: native},
		{Name: "grpc-go stream", Protocol: GRPC, HTTP2: true, addr: native, stream: true},
		{Name: "grpc-go ServeHTTP unary", Protocol: GRPC, HTTP2: true, addr: behind},
		{Name: "grpc-go ServeHTTP stream", Protocol: GRPC, HTTP2: true, addr: behind, stream: true},
		{Name: "connect unary h1", Protocol: Connect, addr: handler},
		{Name: "connect unary h2c", Protocol: Connect, HTTP2: true, addr: handler},
		{Name: "connect unary h1 without middleware", Protocol: Connect, addr: bare},
		{Name: "connect GET h1", Protocol: ConnectGet, addr: handler},
		{Name: "connect stream h1", Protocol: ConnectStream, addr: handler, stream: true},
		{Name: "connect stream h2c", Protocol: ConnectStream, HTTP2: true, addr: handler, stream: true},
		{Name: "connect-go gRPC unary", Protocol: GRPC, HTTP2: true, addr: handler},
		{Name: "connect-go gRPC stream", Protocol: GRPC, HTTP2: true, addr: handler, stream: true},
		{Name: "connect-go gRPC-Web unary h1", Protocol: GRPCWeb, addr: handler},
		{Name: "connect-go gRPC-Web stream h1", Protocol: GRPCWeb, addr: handler, stream: true},
	}
}

// Streams reports whether the transport carries a streaming method.
func (t Transport) Streams() bool { return t.stream }

// BeforeDecode reports whether a refusal comes before the message is read.
func (t Transport) BeforeDecode() bool { return t.stream || t.Name != "grpc-go ServeHTTP unary" }

// Native reports whether grpc-go serves it, on its own or behind ServeHTTP.
func (t Transport) Native() bool { return len(t.Name) > 7 && t.Name[:7] == "grpc-go" }

func (t Transport) contentType() string {
	switch t.Protocol {
	case GRPC:
		return "application/grpc+proto"
	case GRPCWeb:
		return "application/grpc-web+proto"
	case ConnectStream:
		return "application/connect+proto"
	default:
		return "application/proto"
	}
}
