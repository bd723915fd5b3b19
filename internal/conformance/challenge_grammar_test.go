// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

// grammarRow is a WWW-Authenticate header and what it says, in the notation of
// [said].
type grammarRow struct {
	name  string
	lines []string
	want  string
	// theirs is what the oracle reads where it reads something else, and why.
	theirs, why string
}

const (
	whyEnd    = "the oracle takes an empty list element at the end for a fault unless a parameter stands before it; RFC 9110 section 5.6.1.2 asks to ignore it"
	whyScheme = "behind a challenge with parameters, the oracle knows a scheme only by the characters of a token68; the grammar allows those of a token"
	whyWhole  = "the oracle drops the whole header for a fault in it; ParseChallenges keeps what stood before"
	whyTwice  = "the oracle takes the last of two parameters; to ParseChallenges they make the challenge untrustworthy"
	whyLatin1 = "HTTP libraries for JavaScript read header bytes as Latin-1; ParseChallenges keeps the bytes"
	whySize   = "ParseChallenges reads no line above 8 KiB"
	whyBare   = "the oracle takes the word after the comma for a scheme, and what follows for a fault; ParseChallenges is lenient about a comma before the first parameter"
	whySpace  = "the oracle's white space is that of JavaScript; that of HTTP is space and tab"
	whyPad    = "the oracle knows a token68 with two equals signs at most; the grammar allows any number"
)

var grammarRows = []grammarRow{
	{name: "no header", want: "none"},
	{name: "empty", lines: []string{""}, want: "none"},
	{name: "commas alone", lines: []string{" , ,"}, want: "none"},
	{name: "scheme alone", lines: []string{"Bearer"}, want: "bearer"},
	{name: "two schemes alone", lines: []string{"Negotiate, Bearer"}, want: "negotiate | bearer"},
	{name: "one parameter", lines: []string{`Bearer realm="x"`}, want: `bearer realm="x"`},
	{name: "scheme in capitals", lines: []string{`BEARER REALM="x", Error="y"`}, want: `bearer realm="x" error="y"`},
	{name: "tokens without quotes", lines: []string{`Bearer realm=x, error=invalid_token, max_age=60`}, want: `bearer realm="x" error="invalid_token" max_age="1m0s"`},
	{name: "space around the equals sign", lines: []string{"Bearer realm =\t\"x\" , error = y"}, want: `bearer realm="x" error="y"`},
	{name: "no space after the comma", lines: []string{`Bearer realm="x",error="y"`}, want: `bearer realm="x" error="y"`},
	{name: "comma at the end, behind a scheme alone", lines: []string{`Bearer realm="x", Negotiate ,`}, want: `bearer realm="x" | negotiate`, theirs: "none", why: whyEnd},
	{name: "comma at the end, behind a token68", lines: []string{`Bearer realm="x", Negotiate abc= ,`}, want: `bearer realm="x"`, theirs: "none", why: whyEnd},
	{name: "empty list elements", lines: []string{`, ,Bearer realm="x",, ,error="y",`}, want: `bearer realm="x" error="y"`},
	{name: "several spaces after the scheme", lines: []string{"Bearer \t  realm=\"x\""}, want: `bearer realm="x"`},
	{name: "no comma between parameters", lines: []string{`Bearer realm="x" error="y"`}, want: `bearer realm="x" error="y"`},
	{name: "comma in quotes", lines: []string{`Bearer realm="a, Basic realm=b", error="y"`}, want: `bearer realm="a, Basic realm=b" error="y"`},
	{name: "equals signs in quotes", lines: []string{`Bearer realm="a=b=c"`}, want: `bearer realm="a=b=c"`},
	{name: "escapes", lines: []string{`Bearer realm="a\"b\\c\d"`}, want: `bearer realm="a\"b\\cd"`},
	{name: "escape before the last quote", lines: []string{`Bearer realm="\\"`}, want: `bearer realm="\\"`},
	{name: "escaped comma and quote", lines: []string{`Bearer realm="\"\,\"", error=y`}, want: `bearer realm="\",\"" error="y"`},
	{name: "empty quotes", lines: []string{`Bearer realm="", error="y"`}, want: `bearer error="y"`},
	{name: "tab in quotes", lines: []string{"Bearer realm=\"a\tb\""}, want: `bearer realm="a\tb"`},
	{name: "unknown parameters", lines: []string{`Bearer realm="x", authorization_uri="https://as.test/", x-y!z=1`}, want: `bearer realm="x"`},
	{name: "every parameter", lines: []string{`Bearer realm="r", error="e", error_description="d", scope="a b", acr_values="c d", max_age="5", resource_metadata="https://rs.test/m"`},
		want: `bearer realm="r" error="e" error_description="d" scope="[a b]" acr_values="[c d]" max_age="5s" resource_metadata="https://rs.test/m"`},
	{name: "max_age zero", lines: []string{"Bearer max_age=0"}, want: `bearer max_age="0s"`},
	{name: "max_age that is no number", lines: []string{"Bearer max_age=soon"}, want: "bearer"},
	{name: "max_age negative", lines: []string{"Bearer max_age=-1"}, want: "bearer"},
	{name: "max_age beyond 31 bits", lines: []string{"Bearer max_age=2147483648"}, want: "bearer"},

	{name: "two challenges in a line", lines: []string{`Basic realm="b", Bearer realm="x", error="y"`}, want: `basic realm="b" | bearer realm="x" error="y"`},
	{name: "two challenges in two lines", lines: []string{`Basic realm="b"`, `Bearer realm="x"`}, want: `basic realm="b" | bearer realm="x"`},
	{name: "scheme alone before another", lines: []string{`Negotiate, Bearer realm="x"`}, want: `negotiate | bearer realm="x"`},
	{name: "scheme alone behind another", lines: []string{`Bearer realm="x", Negotiate`}, want: `bearer realm="x" | negotiate`},
	{name: "odd scheme", lines: []string{"x#%!|~ realm=x"}, want: `x#%!|~ realm="x"`},
	{name: "odd scheme behind another", lines: []string{`Bearer realm="x", x#%!|~ realm=x`}, want: `bearer realm="x" | x#%!|~ realm="x"`, theirs: "none", why: whyScheme},
	{name: "the same scheme twice", lines: []string{`Bearer realm="x", Bearer realm="y"`}, want: `bearer realm="x" | bearer realm="y"`},
	{name: "the example of RFC 9110 section 11.6.1", lines: []string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`},
		want: `basic realm="simple" | newauth realm="apps"`},
	{name: "DPoP and Bearer", lines: []string{`DPoP error="use_dpop_nonce", algs="ES256 PS256"`, `Bearer realm="x", error="invalid_token"`},
		want: `dpop error="use_dpop_nonce" | bearer realm="x" error="invalid_token"`},

	// A challenge with a token68 is left out; what is around it is not.
	{name: "token68", lines: []string{"NTLM TlRMTVNTUAACAAAA"}, want: "none"},
	{name: "token68 with padding", lines: []string{"NTLM TlRMTVNTUAACAAAA=="}, want: "none"},
	{name: "token68 with every character", lines: []string{`Negotiate aZ0-._~+/==, Bearer realm="x"`}, want: `bearer realm="x"`},
	{name: "token68 behind", lines: []string{`Bearer realm="x", Negotiate abc=`}, want: `bearer realm="x"`},
	{name: "token68 in a line of its own", lines: []string{"Negotiate abc=", `Bearer realm="x"`}, want: `bearer realm="x"`},
	{name: "token68 that looks like a name", lines: []string{`Negotiate realm, Bearer realm="x"`}, want: `bearer realm="x"`},
	{name: "token68 with three equals signs", lines: []string{`Negotiate abc===, Bearer realm="x"`}, want: `bearer realm="x"`, theirs: "none", why: whyPad},

	{name: "parameter twice", lines: []string{`Bearer realm="x", realm="y"`}, want: "none", theirs: `bearer realm="y"`, why: whyTwice},
	{name: "parameter twice in other case", lines: []string{`Bearer realm="x", Realm="y"`}, want: "none", theirs: `bearer realm="y"`, why: whyTwice},
	{name: "unknown parameter twice", lines: []string{`Bearer realm="x", z=1, z=1`}, want: "none", theirs: `bearer realm="x"`, why: whyTwice},
	{name: "parameter twice behind a good challenge", lines: []string{`Basic realm="b", Bearer error="x", error="y"`}, want: `basic realm="b"`,
		theirs: `basic realm="b" | bearer error="y"`, why: whyTwice},

	{name: "quote that does not end", lines: []string{`Bearer realm="x`}, want: "none"},
	{name: "quote that ends in an escape", lines: []string{`Bearer realm="x\"`}, want: "none"},
	{name: "quote that does not end, behind a good challenge", lines: []string{`Basic realm="b", Bearer realm="x`}, want: `basic realm="b"`, theirs: "none", why: whyWhole},
	{name: "quote that does not end, before a good line", lines: []string{`Basic realm="b`, `Bearer realm="x"`}, want: `bearer realm="x"`, theirs: "none", why: whyWhole},
	{name: "value with a slash and no quotes", lines: []string{"Bearer realm=a/b"}, want: `bearer realm="a"`, theirs: "none", why: whyWhole},
	{name: "parameter without a value", lines: []string{"Bearer realm="}, want: "none"},
	{name: "parameter without a value before another", lines: []string{`Bearer realm=, error="y"`}, want: "none"},
	{name: "parameters without a scheme", lines: []string{`realm="x", error="y"`}, want: "none"},
	{name: "scheme in quotes", lines: []string{`"Bearer" realm="x"`}, want: "none"},
	{name: "scheme with a colon", lines: []string{`Bearer: realm="x"`}, want: "bearer", theirs: "none", why: whyWhole},
	{name: "comma after the scheme", lines: []string{`Bearer, realm="x"`}, want: `bearer realm="x"`, theirs: "none", why: whyBare},
	{name: "space and comma after the scheme", lines: []string{`Bearer , realm="x"`}, want: `bearer realm="x"`},
	{name: "semicolons", lines: []string{`Bearer realm="x"; error="y"`}, want: `bearer realm="x"`, theirs: "none", why: whyWhole},
	{name: "single quotes", lines: []string{`Bearer realm='x', error='y'`}, want: `bearer realm="'x'" error="'y'"`},
	{name: "no-break space", lines: []string{"Bearer\u00a0realm=\"x\""}, want: "bearer", theirs: "none", why: whyWhole},
	{name: "no-break space in Latin-1", lines: []string{"Bearer\xa0realm=\"x\""}, want: "bearer", theirs: `bearer realm="x"`, why: whySpace},
	{name: "UTF-8 in quotes", lines: []string{`Bearer realm="é"`}, want: `bearer realm="é"`, theirs: `bearer realm="Ã©"`, why: whyLatin1},
	{name: "a line of 8 KiB", lines: []string{longRealm(8 << 10)}, want: `bearer realm="xxxxxxxxxx"+8167`},
	{name: "a line above 8 KiB", lines: []string{longRealm(8<<10 + 1)}, want: "none", theirs: `bearer realm="xxxxxxxxxx"+8168`, why: whySize},
	{name: "a line above 8 KiB before a good one", lines: []string{longRealm(8<<10 + 1), "Basic realm=x"}, want: `basic realm="x"`,
		theirs: `bearer realm="xxxxxxxxxx"+8168 | basic realm="x"`, why: whySize},
}

// longRealm is a challenge of so many bytes.
func longRealm(size int) string {
	const around = `Bearer realm=""`
	return around[:len(around)-1] + strings.Repeat("x", size-len(around)) + `"`
}

func TestChallengeGrammarAgainstOracle(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	for _, row := range grammarRows {
		if got := said(auth.ParseChallenges(row.lines)); got != row.want {
			t.Errorf("%s: ParseChallenges read %s, want %s", row.name, got, row.want)
		}
		theirs := row.want
		if row.why != "" {
			theirs = row.theirs
		}
		switch found := o.challenges(t, row.lines); {
		case found.Impossible != "":
			t.Errorf("%s: no response has such a header: %s", row.name, found.Impossible)
		case said(found.parsed()) != theirs:
			t.Errorf("%s: the oracle read %s, want %s", row.name, said(found.parsed()), theirs)
		case row.why != "" && theirs == row.want:
			t.Errorf("%s: the oracle agrees; remove the reason why it does not", row.name)
		}
	}
}

// Whatever follows the grammar means the same to both.
func TestRandomChallengesAgainstOracle(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	g := challengeGenerator{rand.New(rand.NewPCG(9110, 6750))}
	for n := range 500 {
		lines, want := g.header()
		if got := lowerSchemes(auth.ParseChallenges(lines)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d: ParseChallenges read %s from %q, want %s", n, said(got), lines, said(want))
		}
		if found := o.challenges(t, lines); !reflect.DeepEqual(found.parsed(), want) {
			t.Fatalf("%d: the oracle read %s from %q, want %s (%s)", n, said(found.parsed()), lines, said(want), found.Impossible)
		}
	}
}

func (o *oracle) challenges(t *testing.T, lines []string) foundChallenges {
	t.Helper()
	raw := [][]byte{} // base64 in JSON
	for _, line := range lines {
		raw = append(raw, []byte(line))
	}
	var found foundChallenges
	o.ask(t, "challenges", map[string]any{"lines": raw}, &found)
	return found
}

// said puts challenges in one line. Of a long value it shows the beginning and
// how much more there is.
func said(challenges []auth.Challenge) string {
	if len(challenges) == 0 {
		return "none"
	}
	var all []string
	for _, c := range lowerSchemes(challenges) {
		text := c.Scheme
		add := func(name, value string) {
			switch {
			case len(value) > 200:
				text += fmt.Sprintf(" %s=%q+%d", name, value[:10], len(value)-10)
			case value != "":
				text += fmt.Sprintf(" %s=%q", name, value)
			}
		}
		add("realm", c.Realm)
		add("error", c.Error)
		add("error_description", c.ErrorDescription)
		if len(c.Scopes) > 0 {
			add("scope", fmt.Sprint(c.Scopes))
		}
		if len(c.ACRValues) > 0 {
			add("acr_values", fmt.Sprint(c.ACRValues))
		}
		if c.HasMaxAge {
			add("max_age", c.MaxAge.String())
		}
		add("resource_metadata", c.ResourceMetadata)
		all = append(all, text)
	}
	return strings.Join(all, " | ")
}

// challengeGenerator writes headers by the grammar of RFC 9110 section 11.6.1.
type challengeGenerator struct{ *rand.Rand }

const (
	tokenChars  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
	schemeChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+"
	token68s    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/"
	quotable    = tokenChars + " \t\"\\(),/:;<=>?@[]{}"
)

// header returns lines and the challenges in them that have no token68.
func (g challengeGenerator) header() (lines []string, want []auth.Challenge) {
	for range 1 + g.IntN(3) {
		var elements []string
		for range 1 + g.IntN(3) {
			text, c, ok := g.challenge()
			elements = append(elements, text)
			if ok {
				want = append(want, c)
			}
		}
		line := g.pick("", "", ",", " , ") + strings.Join(elements, g.comma())
		if strings.HasSuffix(line, `"`) {
			line += g.pick("", "", " ,") // elsewhere the oracle takes it for a fault
		}
		lines = append(lines, line)
	}
	return lines, want
}

func (g challengeGenerator) challenge() (text string, c auth.Challenge, ok bool) {
	// The characters that the oracle knows in a scheme behind another challenge.
	scheme := g.text(schemeChars, 1+g.IntN(8))
	if g.IntN(3) == 0 {
		scheme = "Bearer"
	}
	if g.IntN(5) == 0 {
		return scheme + g.pick(" ", "  ") + g.text(token68s, 1+g.IntN(30)) + g.pick("", "=", "=="), c, false
	}
	parameters := make(map[string]string)
	var list []string
	for _, name := range []string{"realm", "error", "error_description", "scope", "acr_values", "max_age", "resource_metadata", "x-" + g.text(tokenChars, 4)} {
		if g.IntN(2) == 0 {
			continue
		}
		value, quoted := g.value(name)
		parameters[strings.ToLower(name)] = value
		list = append(list, g.pick(name, strings.ToUpper(name))+g.pick("=", "=", " = ", "\t=")+quoted)
	}
	g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	text = scheme
	if len(list) > 0 {
		text += g.pick(" ", "  ") + strings.Join(list, g.comma())
	}
	return text, meaning(strings.ToLower(scheme), parameters), true
}

// value returns a value and how it is written.
func (g challengeGenerator) value(name string) (value, written string) {
	if name == "max_age" {
		value = fmt.Sprint(g.IntN(100000))
		return value, g.pick(value, `"`+value+`"`)
	}
	if g.IntN(3) == 0 {
		value = g.text(tokenChars, 1+g.IntN(10))
		return value, value
	}
	value = g.text(quotable, g.IntN(30))
	var b strings.Builder
	for _, c := range value {
		// Any character may be escaped, and two must be.
		if c == '"' || c == '\\' || g.IntN(10) == 0 {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return value, `"` + b.String() + `"`
}

func (g challengeGenerator) comma() string { return g.pick(", ", ",", " , ", ",\t", ",,") }

func (g challengeGenerator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g challengeGenerator) text(alphabet string, length int) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}
