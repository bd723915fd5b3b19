// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/introspection"
)

// I5: one question, one answer. A server, or whoever stands before it, sends a
// second answer that nobody asked for, before the next question. Without RFC 9701
// nothing in an answer says what it belongs to.
func TestUnsolicitedAnswer(t *testing.T) {
	f := newFixture(t)
	before := log.Writer()
	log.SetOutput(io.Discard) // net/http reports such answers there
	defer log.SetOutput(before)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	answer := func(body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	hungUp := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				for {
					request, err := http.ReadRequest(r)
					if err != nil {
						hungUp <- struct{}{}
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					_, _ = io.WriteString(conn, answer(`{"active":false}`)+answer(good(nil)))
				}
			}()
		}
	}()
	v := f.verifier(t, func(c *introspection.Config) {
		c.Transport, c.Endpoint = nil, "http://"+listener.Addr().String()
	})
	for n := range 20 {
		token := fmt.Sprint("made-up-", n)
		claims, err := verify(t.Context(), v, token)
		expect(t, token, claims, err, invalid(introspection.CheckActive))
		<-hungUp // the connection is not used again
	}
}

// The default transport keeps as many connections as questions may be under way,
// and lets go of them.
func TestDefaultTransport(t *testing.T) {
	f := newFixture(t)
	connections := 0
	state := make(chan net.Conn, 100)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const parallel = 8
	arrived, release := make(chan struct{}, parallel), make(chan struct{})
	server := &http.Server{ //nolint:gosec // a test
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateNew {
				state <- c
			}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "" {
				t.Errorf("header %v", r.Header)
			}
			arrived <- struct{}{}
			<-release
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, good(nil))
		}),
	}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	v := f.verifier(t, func(c *introspection.Config) {
		c.Transport, c.Endpoint, c.MaxInFlight = nil, "http://"+listener.Addr().String(), 2*parallel
	})
	for range 3 {
		done := make(chan error)
		for n := range parallel {
			go func() {
				_, err := verify(t.Context(), v, fmt.Sprint("token-", n))
				done <- err
			}()
		}
		for range parallel {
			<-arrived
		}
		for range parallel {
			release <- struct{}{}
		}
		for range parallel {
			if err := <-done; err != nil {
				t.Error(causes(err))
			}
		}
	}
	for len(state) > 0 {
		<-state
		connections++
	}
	if connections != parallel {
		t.Errorf("%d connections for three times %d questions", connections, parallel)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

// What does not speak HTTP is not quoted: it may echo the token, or the secret.
func TestEchoingServer(t *testing.T) {
	f := newFixture(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	const token = "secret-token-0123456789"
	for name, echo := range map[string]string{
		"status line":  token + "\r\n\r\n",
		"status code":  "HTTP/1.1 " + token + " OK\r\n\r\n",
		"header":       "HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n",
		"length":       "HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n",
		"encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + token + "\r\n\r\n",
		"chunk":        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + token + "\r\n",
		"content type": "HTTP/1.1 200 " + token + "\r\nContent-Type: " + token + "/x\r\nContent-Length: 0\r\n\r\n",
		"another":      "HTTP/1.1 500 " + token + "\r\nContent-Length: 0\r\n\r\n",
		"location":     "HTTP/1.1 302 " + token + "\r\nLocation: http://127.0.0.1/" + token + "\r\nContent-Length: 0\r\n\r\n",
		"protocols":    "HTTP/1.1 101 " + token + "\r\nUpgrade: " + token + "\r\nConnection: Upgrade\r\n\r\n",
	} {
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(conn, echo)
			}
		}()
		v := f.verifier(t, once, func(c *introspection.Config) { c.Transport, c.Endpoint = nil, "http://"+listener.Addr().String() })
		claims, err := verify(t.Context(), v, token)
		t.Log(name, causes(err))
		expect(t, token, claims, err, result(err))
		if refusal(t, err).Kind != auth.KindUnavailable {
			t.Errorf("%s: %s", name, result(err))
		}
		for _, e := range f.events {
			if found := leak(e.Cause, token); found != "" {
				t.Error(found)
			}
		}
	}
}
