// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// The fixture of the corpus: issuer I, audience R, skew 60 s.
const (
	Issuer   = "https://as.test"
	Audience = "https://rs.test"
	Skew     = 60 * time.Second
)

// Case is one attack, or a control of one. corpus/README.md says what the members
// mean.
type Case struct {
	// File is the one it is in, without its extension.
	File string `json:"-"`

	ID            string                     `json:"id"`
	Name          string                     `json:"name"`
	Config        Config                     `json:"config"`
	Keys          []json.RawMessage          `json:"keys"`
	KeysText      *string                    `json:"keys_text"`
	Key           string                     `json:"key"`
	Opaque        bool                       `json:"opaque"`
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
	Answer        map[string]json.RawMessage `json:"answer"`
	AnswerRaw     map[string]string          `json:"answer_raw"`
	AnswerWithout []string                   `json:"answer_without"`
	Fields        [][2]string                `json:"fields"`
	Wait          int                        `json:"wait"`
	Expect        string                     `json:"expect"`
	Except        map[string]string          `json:"except"`
	Proves        *Proved                    `json:"proves"`
}

// Config is the configuration of the verifier of JWTs, as far as it differs from
// that of the fixture.
type Config struct {
	Profile     string          `json:"profile"`
	Algorithms  []string        `json:"algorithms"`
	Skew        json.RawMessage `json:"skew"`
	MaxLifetime int             `json:"max_lifetime"`
	MaxTokenAge int             `json:"max_token_age"`
}

// Proved is what the claims of an accepted token say.
type Proved struct {
	Subject   string    `json:"subject"`
	Client    string    `json:"client"`
	Principal string    `json:"principal"`
	Scopes    *[]string `json:"scopes"`
	Deadline  *float64  `json:"deadline"`
}

// The outcomes that are no refusal of the library.
const (
	// Accepted: the verifier accepts the token.
	Accepted = "ok"
	// ByTransport: the transport itself refuses, and nobody asks the guard.
	ByTransport = "transport"
)

// BehindGuard is the label of all that a guard decides: it sees the header field, and
// a verifier the token.
const BehindGuard = "guard"

// String is how a test names the case.
func (c *Case) String() string { return c.File + "/" + c.ID + " " + c.Name }

// JWT reports whether a verifier of JWTs alone is meant to judge the case.
func (c *Case) JWT() bool { return c.Fields == nil && !c.asks() }

// asks reports whether the issuer has to be asked about the token.
func (c *Case) asks() bool { return c.Opaque || c.answered() }

// answered reports whether the issuer says something else of a JWT than the JWT.
func (c *Case) answered() bool {
	return c.Answer != nil || c.AnswerRaw != nil || c.AnswerWithout != nil
}

// Expected returns what may become of the case behind a guard: [Accepted],
// [ByTransport], or the reason and check of a refusal with a slash between them. Of
// more than one, which depends on timing. A transport is named by labels from the
// general to the special; without any, none has a say.
func (c *Case) Expected(labels ...string) []string {
	expect := c.Expect
	for _, label := range labels {
		if special, ok := c.Except[label]; ok {
			expect = special
		}
	}
	// Without another verifier, foreign is refused too.
	return strings.Split(strings.TrimPrefix(expect, "foreign "), "|")
}

// Configuration returns that of the fixture with the changes of c.
func (c *Config) Configuration() (jwtauth.Config, error) {
	config := jwtauth.Config{Audiences: []string{Audience}, ClockSkew: Skew, Algorithms: c.Algorithms}
	var err error
	if c.Profile != "" {
		if config.Profile, err = jwtauth.ParseProfile(c.Profile); err != nil {
			return config, err
		}
	}
	switch skew := string(c.Skew); skew {
	case "":
	case "0":
		config.ClockSkew = jwtauth.NoClockSkew
	case `"default"`:
		config.ClockSkew = 0
	default:
		if config.ClockSkew, err = time.ParseDuration(skew + "s"); err != nil {
			return config, fmt.Errorf("%s is no number of seconds", skew)
		}
	}
	config.MaxLifetime, config.MaxTokenAge = time.Duration(c.MaxLifetime)*time.Second, time.Duration(c.MaxTokenAge)*time.Second
	return config, nil
}
