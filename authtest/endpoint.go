// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Endpoint names one of the issuer's endpoints.
type Endpoint string

// The endpoints. Their paths follow the path of the issuer's URL, except for
// the second of Discovery, where RFC 8414 section 3.1 has it in front.
const (
	// Discovery is the metadata, at both /.well-known/openid-configuration and
	// /.well-known/oauth-authorization-server.
	Discovery Endpoint = "discovery"
	// JWKS is the key set (RFC 7517 section 5), at /jwks.
	JWKS Endpoint = "jwks"
	// Introspection is token introspection (RFC 7662), at /introspect.
	Introspection Endpoint = "introspection"
)

// maxRequestBody is far above any introspection request.
const maxRequestBody = 1 << 20

// endpoint is the state of one endpoint, guarded by Issuer.mu.
type endpoint struct {
	requests int
	last     *http.Request
	header   http.Header
	next     []Fault
	always   Fault
}

// endpoint returns the state of e. The caller holds i.mu.
func (i *Issuer) endpoint(e Endpoint) *endpoint {
	state, ok := i.endpoints[e]
	if !ok {
		panic(fmt.Sprintf("authtest: no endpoint %q; use Discovery, JWKS or Introspection", string(e)))
	}
	return state
}

// Requests returns how many requests reached the endpoint, including those that
// met a fault.
func (i *Issuer) Requests(e Endpoint) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.endpoint(e).requests
}

// LastRequest returns the latest request to the endpoint, nil if there was none.
// It has no body; the form of an introspection request is in PostForm.
func (i *Issuer) LastRequest(e Endpoint) *http.Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	last := i.endpoint(e).last
	if last == nil {
		return nil
	}
	return last.Clone(context.Background())
}

// ResetRequests forgets the requests to all endpoints.
func (i *Issuer) ResetRequests() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, state := range i.endpoints {
		state.requests, state.last = 0, nil
	}
}

// SetHeader has every normal answer of the endpoint carry a header field; an
// empty value removes it again. By default there are none about caching. With
// an ETag, a request whose If-None-Match is equal to it is answered 304 (RFC
// 9110 section 13.1.2): change it together with the document.
func (i *Issuer) SetHeader(e Endpoint, name, value string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	header := i.endpoint(e).header
	if value == "" {
		header.Del(name)
		return
	}
	header.Set(name, value)
}

// serve answers one request.
func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	e, ok := i.route(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	// net/http notices that a client went away only once the body is read, and
	// Hang depends on it.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		reply(w, http.StatusBadRequest, "text/plain", []byte("unreadable body\n"))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_ = r.ParseForm() // what is missing from the form is reported as missing
	fault := i.arrive(e, r)
	x := exchange{w: w, r: r, closed: i.shutdown.Done(), answer: func(w http.ResponseWriter) { i.answer(e, w, r) }}
	if fault.serve == nil {
		x.answer(w)
		return
	}
	fault.serve(x)
}

func (i *Issuer) route(path string) (Endpoint, bool) {
	base := i.url.Path
	switch path {
	case base + "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" + base:
		return Discovery, true
	case base + "/jwks":
		return JWKS, true
	case base + "/introspect":
		return Introspection, true
	default:
		return "", false
	}
}

// arrive counts a request and returns the fault it meets.
func (i *Issuer) arrive(e Endpoint, r *http.Request) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	state := i.endpoint(e)
	state.requests++
	state.last = r.Clone(context.Background())
	state.last.Body = http.NoBody
	if len(state.next) == 0 {
		return state.always
	}
	fault := state.next[0]
	state.next = state.next[1:]
	return fault
}

// answer gives the normal answer.
func (i *Issuer) answer(e Endpoint, w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	for name, values := range i.endpoint(e).header {
		w.Header()[name] = append([]string(nil), values...)
	}
	i.mu.Unlock()
	if e == Introspection {
		i.introspect(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		reply(w, http.StatusMethodNotAllowed, "text/plain", []byte("use GET\n"))
		return
	}
	if tag := w.Header().Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if e == JWKS {
		reply(w, http.StatusOK, "application/jwk-set+json", i.keySet())
		return
	}
	reply(w, http.StatusOK, "application/json", i.discovery())
}

// reply sends a whole response. A content type that is set already stays, so
// that a test can choose another.
func reply(w http.ResponseWriter, status int, contentType string, body []byte) {
	if contentType != "" && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", contentType)
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	// A client that went away is no concern of ours.
	_, _ = w.Write(body)
}
