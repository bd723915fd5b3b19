// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// memoryTransport reaches an issuer without a network. The handler runs in a
// goroutine of its own, as on a server, so that the header of a response can
// arrive before its body; a pipe joins the two. There is no buffer and no
// timer: in a synctest bubble nothing but the test's own waits takes time.
type memoryTransport struct {
	issuer *Issuer
}

// RoundTrip implements [http.RoundTripper].
func (t memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	i := t.issuer
	if err := context.Cause(r.Context()); err != nil {
		closeBody(r)
		return nil, err
	}
	if r.URL.Scheme != i.url.Scheme || !strings.EqualFold(r.URL.Host, i.url.Host) {
		closeBody(r)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}}
	}
	if !i.begin() {
		closeBody(r)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	detach := context.AfterFunc(i.shutdown, func() { cancel(errReset()) })
	reader, writer := io.Pipe()
	w := &memoryWriter{
		header:  make(http.Header),
		pipe:    writer,
		head:    r.Method == http.MethodHead,
		started: make(chan struct{}),
		done:    make(chan struct{}),
	}
	context.AfterFunc(ctx, func() { _ = writer.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer i.serving.Done()
		defer closeBody(r)
		defer close(w.done)
		defer cancel(nil)
		defer detach()
		w.run(i.serve, serverRequest(ctx, r))
	}()
	select {
	case <-w.started:
	case <-w.done:
	case <-ctx.Done():
	}
	// The handler's own end cancels ctx too, so that the caller's context and
	// the issuer's are asked instead.
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	select {
	case <-w.started:
		return w.response(r, memoryBody{reader, cancel, w.done}), nil
	default:
		return nil, errReset()
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

func errReset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

// serverRequest returns r as a server sees it.
func serverRequest(ctx context.Context, r *http.Request) *http.Request {
	s := r.Clone(ctx)
	s.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	s.RequestURI = s.URL.RequestURI()
	s.RemoteAddr = "192.0.2.1:1234" // from the block for documentation, RFC 5737
	s.Proto, s.ProtoMajor, s.ProtoMinor = "HTTP/1.1", 1, 1
	if s.Host == "" {
		s.Host = r.URL.Host
	}
	if s.Header == nil {
		s.Header = make(http.Header)
	}
	if _, ok := s.Header["User-Agent"]; !ok {
		s.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	if s.Body == nil {
		s.Body = http.NoBody
	}
	return s
}

// memoryWriter is the server's side of a response.
type memoryWriter struct {
	header  http.Header
	pipe    *io.PipeWriter
	head    bool
	started chan struct{} // closed with the header
	done    chan struct{} // closed with the handler's end
	once    sync.Once
	status  int
	sent    http.Header
}

// run serves the request and ends the response as net/http would.
func (w *memoryWriter) run(serve http.HandlerFunc, r *http.Request) {
	defer func() {
		switch p := recover(); p {
		case nil:
			w.WriteHeader(http.StatusOK)
			_ = w.pipe.Close()
		case http.ErrAbortHandler:
			// Whoever ended the request decides what its reader is told.
			if err := context.Cause(r.Context()); err != nil {
				_ = w.pipe.CloseWithError(err)
			}
			_ = w.pipe.CloseWithError(io.ErrUnexpectedEOF)
		default:
			panic(p)
		}
	}()
	serve(w, r)
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.started)
	})
}

func (w *memoryWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if w.head {
		return len(b), nil
	}
	return w.pipe.Write(b)
}

// Flush sends the header. The body is never buffered.
func (w *memoryWriter) Flush() { w.WriteHeader(http.StatusOK) }

func (w *memoryWriter) response(r *http.Request, body io.ReadCloser) *http.Response {
	length := int64(-1)
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	return &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		Body:          body,
		ContentLength: length,
		Request:       r,
	}
}

// memoryBody is the client's side of a response.
type memoryBody struct {
	*io.PipeReader
	cancel context.CancelCauseFunc
	done   <-chan struct{}
}

var errBodyClosed = errors.New("authtest: response body closed")

// Close ends the response and waits for the handler.
func (b memoryBody) Close() error {
	b.cancel(errBodyClosed)
	err := b.PipeReader.Close()
	<-b.done
	return err
}
