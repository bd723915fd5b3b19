// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// record is what a server answered. The suite looks for what should be there;
// this is to find what should not.
type record struct {
	Case   string
	Method string // of HTTP
	Status int
	// Header is that of the response, and Trailer is the header map after the
	// handler: net/http takes the trailers from it.
	Header, Trailer http.Header
	// End is the part of the body that holds trailers: Connect streams and
	// gRPC-Web have them there. The suite checks messages itself.
	End string
}

// recorder writes records to a file, for several processes.
type recorder struct {
	mu   sync.Mutex
	file *os.File
}

func newRecorder(path string) (*recorder, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return &recorder{file: file}, err
}

// around records what next answers. Calls with a timeout are left out: their
// answers name the time that is left.
func (r *recorder) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		name := request.Header.Get("X-Test-Case-Name")
		if name == "" || request.Header.Get("Grpc-Timeout") != "" || request.Header.Get("Connect-Timeout-Ms") != "" {
			next.ServeHTTP(w, request)
			return
		}
		response := &recordedResponse{ResponseWriter: w}
		next.ServeHTTP(response, request)
		response.commit(http.StatusOK)
		r.write(record{
			Case: name, Method: request.Method, Status: response.status,
			Header: response.header, Trailer: w.Header().Clone(), End: response.end(),
		})
	})
}

func (r *recorder) write(one record) {
	line, err := json.Marshal(one)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.file.Write(append(line, '\n'))
}

// recordedResponse passes a response on. Libraries look for Flush, and
// http.ResponseController for Unwrap.
type recordedResponse struct {
	http.ResponseWriter

	status int
	header http.Header
	body   bytes.Buffer
}

func (w *recordedResponse) commit(status int) {
	if w.header == nil {
		w.status, w.header = status, w.Header().Clone()
	}
}

func (w *recordedResponse) WriteHeader(status int) {
	w.commit(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordedResponse) Write(p []byte) (int, error) {
	w.commit(http.StatusOK)
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func (w *recordedResponse) Flush() {
	w.commit(http.StatusOK)
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *recordedResponse) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// end returns the last frames of a body that consists of frames: a byte of flags,
// four of length, and the content. The errors of unary Connect calls are bodies
// of their own.
func (w *recordedResponse) end() string {
	if w.status != http.StatusOK {
		return w.body.String()
	}
	contentType := w.header.Get("Content-Type")
	mask := byte(0)
	switch {
	case strings.HasPrefix(contentType, "application/connect+"):
		mask = 1 << 1
	case strings.HasPrefix(contentType, "application/grpc-web"):
		mask = 1 << 7
	}
	body := w.body.Bytes()
	for len(body) >= 5 && body[0]&mask == 0 {
		body = body[min(len(body), 5+int(binary.BigEndian.Uint32(body[1:5]))):]
	}
	if mask == 0 {
		return ""
	}
	return string(body)
}

// readRecords returns the records of a run by case.
func readRecords(t *testing.T, path string) map[string]record {
	t.Helper()
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	all := make(map[string]record)
	for decoder := json.NewDecoder(file); ; {
		var one record
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if _, ok := all[one.Case]; ok {
			t.Errorf("%s was called twice", one.Case)
		}
		all[one.Case] = one
	}
}
