// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

const corpusDir = "testdata/corpus"

// attack is one case of the corpus: a token, and what must become of it. What
// the members mean is in testdata/corpus/README.md.
type attack struct {
	ID            string                     `json:"id"`
	Name          string                     `json:"name"`
	Config        attackConfig               `json:"config"`
	Keys          []json.RawMessage          `json:"keys"`
	KeysText      *string                    `json:"keys_text"`
	Key           string                     `json:"key"`
	Header        map[string]json.RawMessage `json:"header"`
	HeaderRaw     map[string]string          `json:"header_raw"`
	HeaderWithout []string                   `json:"header_without"`
	HeaderText    *string                    `json:"header_text"`
	Claims        map[string]json.RawMessage `json:"claims"`
	ClaimsRaw     map[string]string          `json:"claims_raw"`
	ClaimsWithout []string                   `json:"claims_without"`
	ClaimsText    *string                    `json:"claims_text"`
	Signature     string                     `json:"signature"`
	Secret        string                     `json:"secret"`
	Token         *string                    `json:"token"`
	TokenSize     int                        `json:"token_size"`
	Wait          int                        `json:"wait"`
	Expect        string                     `json:"expect"`
	Proves        *proved                    `json:"proves"`
}

// attackConfig is the verifier's configuration, as far as it differs from that
// of the fixture.
type attackConfig struct {
	Profile     string          `json:"profile"`
	Algorithms  []string        `json:"algorithms"`
	Skew        json.RawMessage `json:"skew"`
	MaxLifetime int             `json:"max_lifetime"`
	MaxTokenAge int             `json:"max_token_age"`
}

// proved is what the claims of an accepted token say.
type proved struct {
	Subject   string    `json:"subject"`
	Client    string    `json:"client"`
	Principal string    `json:"principal"`
	Scopes    *[]string `json:"scopes"`
	Deadline  *float64  `json:"deadline"`
}

// attacks reads the corpus, by file.
func attacks(t testing.TB) map[string][]*attack {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpusDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	corpus := make(map[string][]*attack)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []*attack
		d := json.NewDecoder(bytes.NewReader(content))
		// A member that is not known would make the case another one than its
		// author thought of.
		d.DisallowUnknownFields()
		if err := d.Decode(&list); err != nil {
			t.Fatalf("%s: before byte %d: %v", file, d.InputOffset(), err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("%s: more than one array", file)
		}
		corpus[strings.TrimSuffix(filepath.Base(file), ".json")] = list
	}
	return corpus
}

// configuration returns the fixture's with the changes of c.
func (c *attackConfig) configuration(t *testing.T) jwtauth.Config {
	t.Helper()
	config := strict()
	if c.Profile != "" {
		var err error
		if config.Profile, err = jwtauth.ParseProfile(c.Profile); err != nil {
			t.Fatal(err)
		}
	}
	config.Algorithms = c.Algorithms
	switch skew := string(c.Skew); skew {
	case "":
	case "0":
		config.ClockSkew = jwtauth.NoClockSkew
	case `"default"`:
		config.ClockSkew = 0
	default:
		config.ClockSkew = seconds(t, skew)
	}
	config.MaxLifetime, config.MaxTokenAge = time.Duration(c.MaxLifetime)*time.Second, time.Duration(c.MaxTokenAge)*time.Second
	return config
}

// seconds reads a number of seconds, which may have a fraction.
func seconds(t testing.TB, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text + "s")
	if err != nil {
		t.Fatalf("%q is no number of seconds", text)
	}
	return d
}

// spelled is the result as the corpus spells it: the reason implies the kind.
func spelled(err error) string {
	line := result(err)
	for kind, reasons := range map[string][]string{
		"unauthenticated/": {"TOKEN_INVALID/", "TOKEN_EXPIRED/", "CREDENTIALS_MALFORMED/"},
		"unavailable/":     {"AUTHORITY_UNAVAILABLE/"},
	} {
		for _, reason := range reasons {
			line = strings.Replace(line, kind+reason, reason, 1)
		}
	}
	return line
}

func TestCorpus(t *testing.T) {
	_ = keyring() // made outside of the bubbles
	total := 0
	for file, list := range attacks(t) {
		var seen []string
		for _, a := range list {
			name := a.ID + " " + a.Name
			if a.ID == "" || a.Name == "" || a.Expect == "" || slices.Contains(seen, name) {
				t.Errorf("%s: %q has no id, name or expect, or is there twice", file, name)
			}
			if a.Proves != nil && a.Expect != ok {
				t.Errorf("%s: %q proves something and is not accepted", file, name)
			}
			seen = append(seen, name)
			t.Run(file+"/"+name, func(t *testing.T) { bubble(t, a.run) })
		}
		total += len(list)
	}
	// Who loses a file, or half of one, should know.
	if total < 850 {
		t.Errorf("%d cases", total)
	}
}

// made returns the key set and the token.
func (a *attack) made(t *testing.T) (keys, token string, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the case cannot be made as it is written: %v", r)
		}
	}()
	p := newPlaceholders()
	return a.keySet(t, p), a.forge(t, p), nil
}

func (a *attack) run(t *testing.T, f *fixture) {
	minted := time.Now()
	keys, token, err := a.made(t)
	if err != nil {
		t.Fatal(err)
	}
	f.as.SetJWKS([]byte(keys))
	config := a.Config.configuration(t)
	v := f.verifier(t, config)
	if a.Wait > 0 {
		if _, err := verify(t.Context(), v, token); err != nil {
			t.Errorf("at first: %s (%s)", spelled(err), causes(err))
		}
		time.Sleep(time.Duration(a.Wait) * time.Second)
	}
	claims, err := f.offer(t, v, token)
	if got := spelled(err); got != a.Expect {
		t.Errorf("got %s (%s), want %s", got, causes(err), a.Expect)
	}
	a.Proves.check(t, claims, minted)
	if config.MaxLifetime == 0 && config.MaxTokenAge == 0 {
		return
	}
	// As a configuration has a bound and as one token is expected to meet it,
	// the answers are the same.
	e := jwtauth.Expect{MaxLifetime: config.MaxLifetime, MaxTokenAge: config.MaxTokenAge}
	config.MaxLifetime, config.MaxTokenAge = 0, 0
	claims, err = f.verifier(t, config).VerifyToken(t.Context(), token, e)
	if got := spelled(err); got != a.Expect {
		t.Errorf("expected of the token alone: got %s (%s), want %s", got, causes(err), a.Expect)
	}
	a.Proves.check(t, claims, minted)
}

func (p *proved) check(t *testing.T, claims *auth.Claims, minted time.Time) {
	t.Helper()
	if p == nil || claims == nil {
		return
	}
	for what, pair := range map[string][2]string{
		"subject":   {p.Subject, claims.Subject()},
		"client":    {p.Client, claims.ClientID()},
		"principal": {p.Principal, claims.Principal().String()},
	} {
		if pair[0] != "" && pair[0] != pair[1] {
			t.Errorf("%s %q, want %q", what, pair[1], pair[0])
		}
	}
	if p.Scopes != nil && !slices.Equal(claims.Scopes(), *p.Scopes) {
		t.Errorf("scopes %q, want %q", claims.Scopes(), *p.Scopes)
	}
	if claims.HasScope("") || claims.HasScope("admin") {
		t.Error("a scope that was never granted")
	}
	if p.Deadline == nil {
		return
	}
	if want := minted.Add(time.Duration(*p.Deadline * float64(time.Second))); !claims.Deadline().Equal(want) {
		t.Errorf("deadline %v, want %v", claims.Deadline(), want)
	}
}
