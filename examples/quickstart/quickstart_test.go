// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func quickstart(t *testing.T, stdin string, perturb func(*authtest.Issuer), args ...string) (string, error) {
	t.Helper()
	if perturb == nil {
		perturb = func(*authtest.Issuer) {}
	}
	var out bytes.Buffer
	err := run(t.Context(), args, strings.NewReader(stdin), &out, perturb)
	return out.String(), err
}

func TestEveryOutcomeIsExpected(t *testing.T) {
	out, err := quickstart(t, "", nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"GRPC", "CONNECT", "30 calls, 30 as expected", `WWW-Authenticate: Bearer realm="widgets", error="insufficient_scope"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "eyJ") {
		t.Errorf("a token was printed:\n%s", out)
	}
}

func TestWrongOutcomeIsNoticed(t *testing.T) {
	for name, tc := range map[string]struct {
		perturb func(*authtest.Issuer)
		says    string
	}{
		"issuer names another": {func(i *authtest.Issuer) { i.SetMetadata("issuer", "https://other.test") }, "of 30 outcomes"},
		"issuer is down":       {func(i *authtest.Issuer) { i.FailAlways(authtest.JWKS, authtest.Status(500)) }, "of 30 outcomes"},
		"key was replaced":     {func(i *authtest.Issuer) { i.WithdrawKey(i.KeyID()); i.AddKey() }, "of 30 outcomes"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := quickstart(t, "", tc.perturb)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(out, "WRONG: expected ok") {
				t.Errorf("got %v\n%s", err, out)
			}
		})
	}
}

func TestRealIssuer(t *testing.T) {
	issuer, err := authtest.NewIssuer(authtest.Config{Audience: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = issuer.Close() })
	out, err := quickstart(t, issuer.Mint()+"\n", nil, "-issuer", issuer.URL(), "-audience", "mine")
	if err != nil || !strings.Contains(out, "10 calls, 10 as expected") {
		t.Errorf("good token: %v\n%s", err, out)
	}
	out, err = quickstart(t, issuer.Mint(authtest.Audience("other")), nil, "-issuer", issuer.URL(), "-audience", "mine")
	if err == nil || !strings.Contains(out, "jwt_aud") {
		t.Errorf("token for another audience: %v\n%s", err, out)
	}
	legacy := issuer.Mint(authtest.Header("typ", "JWT"), authtest.Scopes("x"))
	if out, err := quickstart(t, legacy, nil, "-issuer", issuer.URL(), "-audience", "mine", "-profile", "legacy"); err != nil {
		t.Errorf("legacy token: %v\n%s", err, out)
	}
}

func TestBadArguments(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"audience without issuer": {[]string{"-audience", "a"}, "add -issuer URL"},
		"issuer without audience": {[]string{"-issuer", "https://as.test"}, "needs -audience"},
		"no token":                {[]string{"-issuer", "https://as.test", "-audience", "a"}, "no token on standard input"},
		"unknown flag":            {[]string{"-nonsense"}, "-help"},
	} {
		if _, err := quickstart(t, " \n", nil, tc.args...); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	if _, err := quickstart(t, "token", nil, "-issuer", "http://as.test", "-audience", "a"); err == nil || !strings.Contains(err.Error(), "use https") {
		t.Errorf("http issuer: %v", err)
	}
}

// The exit status is what a script sees.
func TestExitStatus(t *testing.T) {
	if os.Getenv("QUICKSTART_MAIN") != "" {
		os.Args = append(os.Args[:1], strings.Fields(os.Getenv("QUICKSTART_MAIN"))[1:]...)
		main()
		os.Exit(0)
	}
	issuer, err := authtest.NewIssuer(authtest.Config{Audience: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = issuer.Close() })
	good := "main -issuer " + issuer.URL() + " -audience mine"
	for name, tc := range map[string]struct {
		args, stdin string
		status      int
	}{
		"embedded":    {"main", "", 0},
		"good token":  {good, issuer.Mint(), 0},
		"wrong token": {good, issuer.Mint(authtest.Audience("x")), 1},
		"no token":    {good, "", 1},
		"help":        {"main -help", "", 2},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestExitStatus$")
		cmd.Env = append(os.Environ(), "QUICKSTART_MAIN="+tc.args)
		cmd.Stdin = strings.NewReader(tc.stdin)
		cmd.Stdout = io.Discard
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != tc.status {
			t.Errorf("%s: exit status %d, want %d\n%s", name, got, tc.status, stderr.String())
		}
	}
}
