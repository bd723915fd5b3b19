// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/grpclog"
)

// output is everything that this process logs or writes to os.Stderr, and
// secrets is everything that was presented as a credential: at the end, the one
// must not hold any of the other.
var (
	output  syncBuffer
	secrets sync.Map
)

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))) // and package log with it
	grpclog.SetLoggerV2(grpclog.NewLoggerV2WithVerbosity(&output, &output, &output, 99))
	stderr := os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stderr = w
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.MultiWriter(&output, stderr), r)
		close(copied)
	}()
	code := m.Run()
	_ = w.Close()
	<-copied
	os.Stderr = stderr
	secrets.Range(func(secret, row any) bool {
		if strings.Contains(output.b.String(), secret.(string)) {
			fmt.Printf("FAIL: the log holds %.60q, presented in %v\n", secret, row)
			code = 1
		}
		return true
	})
	os.Exit(code)
}

// opaque finds what in a header value could be a secret.
var opaque = regexp.MustCompile(`[A-Za-z0-9_-]{13,}`)

// presented returns what a call presents as credentials, and has it looked for
// in the log at the end.
func presented(row string, c matrix.Call) []string {
	var all []string
	for _, field := range slices.Concat(c.Header, c.Trailer, []matrix.Field{{Name: "query", Value: c.Query}, {Name: "body", Value: string(c.Body)}}) {
		// The beginning of a huge value is enough to know it by.
		for _, secret := range opaque.FindAllString(field.Value[:min(len(field.Value), 32<<10)], -1) {
			if secret != "authorization" && secret != "access_token" {
				secret = secret[:min(len(secret), 128)]
				all = append(all, secret)
				secrets.Store(secret, row)
			}
		}
	}
	return all
}

// leaks finds secrets in what came back and in what an operator is told.
func leaks(o matrix.Outcome, events []auth.Event, secrets []string) []string {
	var printed strings.Builder
	printed.Write(o.Bytes)
	_, _ = fmt.Fprintln(&printed, o.Message, o.Info, o.Retry)
	log := auth.SlogObserver(slog.New(slog.NewJSONHandler(&printed, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, e := range events {
		_, _ = fmt.Fprintf(&printed, "%v %+v %#v\n", e, e, e)
		log.Observe(context.Background(), e)
		for err := error(e.Error); e.Error != nil && err != nil; {
			_, _ = fmt.Fprintf(&printed, "%v %+v %#v\n", err, err, err)
			u, ok := err.(interface{ Unwrap() error })
			if !ok {
				break
			}
			err = u.Unwrap()
		}
	}
	text := printed.String()
	var found []string
	for _, s := range secrets {
		if strings.Contains(text, s) {
			found = append(found, fmt.Sprintf("%.60q came back or was reported", s))
		}
	}
	return found
}
