// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Field is one header field, sent as it stands.
type Field struct{ Name, Value string }

// rawRequest is an HTTP request as it goes over the wire.
type rawRequest struct {
	method, scheme, host, path string
	header, trailer            []Field
	body                       []byte
	withhold, hold             bool
}

// rawResponse is what came back.
type rawResponse struct {
	status  int
	header  http.Header
	body    []byte
	trailer http.Header
}

const exchangeTimeout = 15 * time.Second

// streamTimeout bounds a whole stream, which may take its time on a busy machine.
const streamTimeout = 2 * time.Minute

// dial makes sure of the version of HTTP: by agreement over TLS (RFC 7301), by
// prior knowledge without.
func dial(over Transport, addr string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, exchangeTimeout)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(exchangeTimeout)); err != nil || !over.TLS {
		return conn, err
	}
	protocol := "http/1.1"
	if over.HTTP2 {
		protocol = "h2"
	}
	secure := tls.Client(conn, clientTLS(protocol))
	if err := secure.Handshake(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if got := secure.ConnectionState().NegotiatedProtocol; got != protocol {
		_ = conn.Close()
		return nil, fmt.Errorf("the server speaks %q, not %q", got, protocol)
	}
	return secure, nil
}

// exchangeHTTP1 sends r over HTTP/1.1 without looking at it.
func exchangeHTTP1(conn net.Conn, r rawRequest) (*rawResponse, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", r.method, r.path, r.host)
	for _, f := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	if len(r.trailer) > 0 {
		fmt.Fprintf(&b, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(r.body), r.body)
		for _, f := range r.trailer {
			fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
		}
		b.WriteString("\r\n")
	} else {
		switch {
		case r.withhold:
			fmt.Fprint(&b, "Content-Length: 100\r\n\r\n")
		case r.hold:
			fmt.Fprint(&b, "Transfer-Encoding: chunked\r\n\r\n")
			if len(r.body) > 0 { // an empty chunk would be the end
				fmt.Fprintf(&b, "%x\r\n%s\r\n", len(r.body), r.body)
			}
		default:
			fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(r.body), r.body)
		}
	}
	// A server that refuses early may close before it has read everything; what
	// it answered counts.
	go func() { _, _ = conn.Write(b.Bytes()) }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &rawResponse{status: response.StatusCode, header: response.Header, body: body, trailer: response.Trailer}, nil
}

// exchangeHTTP2 sends r over HTTP/2 without looking at it.
func exchangeHTTP2(conn net.Conn, r rawRequest) (*rawResponse, error) {
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return nil, err
	}
	framer := http2.NewFramer(conn, bufio.NewReader(conn))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.AllowIllegalWrites = true
	if err := framer.WriteSettings(); err != nil {
		return nil, err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	write := func(fields []Field, last bool) error {
		block.Reset()
		for _, f := range fields {
			if err := encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value}); err != nil {
				return err
			}
		}
		return writeHeaders(framer, block.Bytes(), last)
	}
	head := []Field{{":method", r.method}, {":scheme", r.scheme}, {":path", r.path}, {":authority", r.host}}
	for _, f := range r.header {
		head = append(head, Field{strings.ToLower(f.Name), f.Value})
	}
	written := make(chan error, 1)
	go func() {
		err := write(head, false)
		if err == nil && !r.withhold {
			err = framer.WriteData(1, len(r.trailer) == 0 && !r.hold, r.body)
		}
		if err == nil && len(r.trailer) > 0 {
			err = write(r.trailer, true)
		}
		written <- err
	}()
	return readHTTP2(framer, written)
}

// writeHeaders splits a block over as many frames as it takes.
func writeHeaders(framer *http2.Framer, block []byte, last bool) error {
	const frame = 16 << 10
	first := block[:min(frame, len(block))]
	rest := block[len(first):]
	err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndHeaders: len(rest) == 0, EndStream: last})
	for err == nil && len(rest) > 0 {
		part := rest[:min(frame, len(rest))]
		rest = rest[len(part):]
		err = framer.WriteContinuation(1, len(rest) == 0, part)
	}
	return err
}

func readHTTP2(framer *http2.Framer, written <-chan error) (*rawResponse, error) {
	var response *rawResponse
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if f.IsAck() {
				continue
			}
			// The request is written by then, or the server would not see the
			// acknowledgment between its frames.
			if err := <-written; err != nil {
				return nil, err
			}
			if err := framer.WriteSettingsAck(); err != nil {
				return nil, err
			}
		case *http2.MetaHeadersFrame:
			header := make(http.Header)
			for _, h := range f.RegularFields() {
				header.Add(h.Name, h.Value)
			}
			if response == nil {
				response = &rawResponse{header: header}
				if _, err := fmt.Sscan(f.PseudoValue("status"), &response.status); err != nil {
					return nil, err
				}
			} else {
				response.trailer = header
			}
			ended = f.StreamEnded()
		case *http2.DataFrame:
			if response == nil {
				return nil, errors.New("data before a header")
			}
			response.body = append(response.body, f.Data()...)
			ended = f.StreamEnded()
		case *http2.RSTStreamFrame:
			if response != nil && response.trailer != nil {
				return response, nil
			}
			return nil, fmt.Errorf("stream reset: %v", f.ErrCode)
		case *http2.GoAwayFrame:
			return nil, fmt.Errorf("connection closed: %v %s", f.ErrCode, f.DebugData())
		}
		if ended {
			return response, nil
		}
	}
}
