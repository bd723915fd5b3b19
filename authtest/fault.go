// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Fault is something that goes wrong with one request. The zero Fault is the
// normal answer, to let a request through between two faults.
type Fault struct {
	serve func(exchange)
}

// exchange is a request that meets a fault.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	closed <-chan struct{}
	answer func(http.ResponseWriter)
}

// Fail has the next requests to the endpoint meet these faults in order, one
// each, after those still waiting from an earlier call.
func (i *Issuer) Fail(e Endpoint, faults ...Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	state := i.endpoint(e)
	state.next = append(state.next, faults...)
}

// FailAlways has every request to the endpoint meet f once those of
// [Issuer.Fail] are used up, until [Issuer.Recover].
func (i *Issuer) FailAlways(e Endpoint, f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint(e).always = f
}

// Recover has the endpoint answer normally again. A request that is in the
// middle of a fault stays in it.
func (i *Issuer) Recover(e Endpoint) {
	i.mu.Lock()
	defer i.mu.Unlock()
	state := i.endpoint(e)
	state.next, state.always = nil, Fault{}
}

// Status answers with a status code from 200 to 599 and these header fields,
// given as name and value in turn, such as "Retry-After", "3". It panics on
// another code and on a name without a value.
func Status(code int, header ...string) Fault {
	if code < 200 || code > 599 {
		panic(fmt.Sprintf("authtest: Status(%d); use a final status code", code))
	}
	if len(header)%2 != 0 {
		panic("authtest: Status with a header name and no value; give both in turn")
	}
	header = append([]string(nil), header...)
	return Fault{func(x exchange) {
		for n := 0; n < len(header); n += 2 {
			x.w.Header().Add(header[n], header[n+1])
		}
		reply(x.w, code, "text/plain", []byte(http.StatusText(code)+"\n"))
	}}
}

// Redirect answers 302 with this Location.
func Redirect(url string) Fault { return Status(http.StatusFound, "Location", url) }

// Garbage answers 200 with this content type and body. An empty content type
// leaves it to the server.
func Garbage(contentType, body string) Fault {
	return Fault{func(x exchange) { reply(x.w, http.StatusOK, contentType, []byte(body)) }}
}

// Delay gives the normal answer after d.
func Delay(d time.Duration) Fault {
	return Fault{func(x exchange) {
		x.wait(d)
		x.answer(x.w)
	}}
}

// Hang never answers: it ends when the client gives up, or with a broken
// connection at [Issuer.Close].
func Hang() Fault {
	return Fault{func(x exchange) {
		select {
		case <-x.r.Context().Done():
		case <-x.closed:
		}
		panic(http.ErrAbortHandler)
	}}
}

// Reset breaks the connection without an answer: with a TCP reset where there
// is TCP, else with an error that wraps syscall.ECONNRESET.
func Reset() Fault {
	return Fault{func(x exchange) {
		conn, _, err := http.NewResponseController(x.w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // close with RST instead of FIN
		}
		_ = conn.Close()
	}}
}

// Slow gives the normal answer piece by piece: the header at once, then size
// bytes of the body after every tick. It panics unless size is positive.
func Slow(size int, tick time.Duration) Fault {
	if size <= 0 {
		panic("authtest: Slow without progress; use Hang")
	}
	return Fault{func(x exchange) {
		body := x.start()
		for len(body) > 0 {
			x.wait(tick)
			n := min(size, len(body))
			x.send(body[:n])
			body = body[n:]
		}
	}}
}

// Truncate sends the first n bytes of the normal answer, which announced all of
// them, and then closes the connection.
func Truncate(n int) Fault {
	return Fault{func(x exchange) {
		body := x.start()
		x.send(body[:min(max(n, 0), len(body))])
		panic(http.ErrAbortHandler)
	}}
}

// Endless answers 200 with a JSON document that never ends.
func Endless() Fault {
	return Fault{func(x exchange) {
		x.w.Header().Set("Content-Type", "application/json")
		x.send([]byte("{"))
		blank := []byte(strings.Repeat(" ", 4<<10))
		for {
			x.wait(0)
			x.send(blank)
		}
	}}
}

// wait returns after d. It does not return when nobody waits for the answer any
// more; the panic is net/http's way to end a handler without one.
func (x exchange) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-x.r.Context().Done():
	case <-x.closed:
	case <-timer.C:
		return
	}
	panic(http.ErrAbortHandler)
}

// start sends the header of the normal answer and returns its body.
func (x exchange) start() []byte {
	record := recorder{header: x.w.Header(), status: http.StatusOK}
	x.answer(&record)
	x.w.WriteHeader(record.status)
	x.flush()
	return record.body.Bytes()
}

func (x exchange) send(b []byte) {
	if _, err := x.w.Write(b); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		panic(http.ErrAbortHandler)
	}
	x.flush()
}

func (x exchange) flush() { _ = http.NewResponseController(x.w).Flush() }

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
