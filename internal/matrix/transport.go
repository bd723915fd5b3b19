// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import "slices"

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
	TLS      bool

	server backend
	// stream says that the method must be a streaming one.
	stream bool
}

// backend is one of the servers behind a [Server].
type backend uint8

const (
	native  backend = iota // grpc-go on its own, with the registrar
	behind                 // grpc-go behind ServeHTTP, with interceptors only
	handler                // connect-go with the middleware
	bare                   // connect-go without it
)

// Transports are all of them.
func Transports() []Transport {
	return []Transport{
		{Name: "grpc-go unary", Protocol: GRPC, HTTP2: true, server: native},
		{Name: "grpc-go stream", Protocol: GRPC, HTTP2: true, server: native, stream: true},
		{Name: "grpc-go ServeHTTP unary", Protocol: GRPC, HTTP2: true, server: behind},
		{Name: "grpc-go ServeHTTP stream", Protocol: GRPC, HTTP2: true, server: behind, stream: true},
		{Name: "connect unary h1", Protocol: Connect, server: handler},
		{Name: "connect unary h2c", Protocol: Connect, HTTP2: true, server: handler},
		{Name: "connect unary h1 without middleware", Protocol: Connect, server: bare},
		{Name: "connect GET h1", Protocol: ConnectGet, server: handler},
		{Name: "connect stream h1", Protocol: ConnectStream, server: handler, stream: true},
		{Name: "connect stream h2c", Protocol: ConnectStream, HTTP2: true, server: handler, stream: true},
		{Name: "connect-go gRPC unary", Protocol: GRPC, HTTP2: true, server: handler},
		{Name: "connect-go gRPC stream", Protocol: GRPC, HTTP2: true, server: handler, stream: true},
		{Name: "connect-go gRPC-Web unary h1", Protocol: GRPCWeb, server: handler},
		{Name: "connect-go gRPC-Web stream h1", Protocol: GRPCWeb, server: handler, stream: true},
		{Name: "connect-go gRPC-Web stream h2c", Protocol: GRPCWeb, HTTP2: true, server: handler, stream: true},

		{Name: "grpc-go unary TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: native},
		{Name: "grpc-go stream TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: native, stream: true},
		{Name: "grpc-go ServeHTTP unary TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: behind},
		{Name: "grpc-go ServeHTTP stream TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: behind, stream: true},
		{Name: "connect unary h1 TLS", Protocol: Connect, TLS: true, server: handler},
		{Name: "connect unary h2 TLS", Protocol: Connect, HTTP2: true, TLS: true, server: handler},
		{Name: "connect unary h2 TLS without middleware", Protocol: Connect, HTTP2: true, TLS: true, server: bare},
		{Name: "connect GET h2 TLS", Protocol: ConnectGet, HTTP2: true, TLS: true, server: handler},
		{Name: "connect stream h2 TLS", Protocol: ConnectStream, HTTP2: true, TLS: true, server: handler, stream: true},
		{Name: "connect-go gRPC unary TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: handler},
		{Name: "connect-go gRPC stream TLS", Protocol: GRPC, HTTP2: true, TLS: true, server: handler, stream: true},
		{Name: "connect-go gRPC-Web unary h1 TLS", Protocol: GRPCWeb, TLS: true, server: handler},
		{Name: "connect-go gRPC-Web unary h2 TLS", Protocol: GRPCWeb, HTTP2: true, TLS: true, server: handler},
	}
}

// Streaming are those that carry a streaming method, and connect-go without the
// middleware besides: its refusals have their challenge in another place than all
// others, but its streams end.
func Streaming() []Transport {
	all := slices.DeleteFunc(Transports(), func(t Transport) bool { return !t.stream })
	return append(all,
		Transport{Name: "connect stream h1 without middleware", Protocol: ConnectStream, server: bare, stream: true},
		Transport{Name: "connect stream h2c without middleware", Protocol: ConnectStream, HTTP2: true, server: bare, stream: true},
	)
}

// Streams reports whether the transport carries a streaming method.
func (t Transport) Streams() bool { return t.stream }

// Bare reports whether connect-go serves it without the guard's middleware.
func (t Transport) Bare() bool { return t.server == bare }

// BeforeDecode reports whether a refusal comes before the message is read.
func (t Transport) BeforeDecode() bool { return t.stream || t.server != behind }

// Native reports whether grpc-go serves it, on its own or behind ServeHTTP.
func (t Transport) Native() bool { return t.server == native || t.server == behind }

// Family is how the server reads HTTP: "grpc-go" by itself, or net/http with
// "http1" or "http2".
func (t Transport) Family() string {
	switch {
	case t.server == native:
		return "grpc-go"
	case t.HTTP2:
		return "http2"
	default:
		return "http1"
	}
}

// ShowsTLS reports whether a guard can see the state of a TLS connection.
// Without its middleware connect-go shows none of it.
func (t Transport) ShowsTLS() bool { return t.TLS && t.server != bare }

// ServesHTTP reports whether other paths than those of RPCs can be asked for.
func (t Transport) ServesHTTP() bool { return t.server == handler || t.server == bare }

func (t Transport) scheme() string {
	if t.TLS {
		return "https"
	}
	return "http"
}

// contentType is the one of the protocol with one of its codecs.
func (t Transport) contentType(codec string) string {
	switch t.Protocol {
	case GRPC:
		return "application/grpc+" + codec
	case GRPCWeb:
		return "application/grpc-web+" + codec
	case ConnectStream:
		return "application/connect+" + codec
	default:
		return "application/" + codec
	}
}
