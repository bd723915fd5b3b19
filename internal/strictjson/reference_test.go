// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// reference is Parse by the tokens of jsontext and nothing of its own: slow, and
// plainly right.
func reference(data []byte) (strictjson.Object, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != jsontext.KindBeginObject {
		return nil, errors.New("not a JSON object")
	}
	var (
		object strictjson.Object
		names  [34][]string // by depth
		start  int64
	)
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the JSON document ends too early")
		}
		if err != nil {
			return nil, errors.New("not valid JSON in UTF-8")
		}
		depth := dec.StackDepth()
		if depth > 32 {
			return nil, errors.New("nested deeper than 32 levels")
		}
		within, length := dec.StackIndex(depth)
		switch kind := token.Kind(); {
		case kind == jsontext.KindBeginObject:
			names[depth] = nil
		case kind == jsontext.KindString && within == jsontext.KindBeginObject && length%2 == 1:
			name := token.String()
			if slices.ContainsFunc(names[depth], func(other string) bool { return strings.EqualFold(name, other) }) {
				return nil, errors.New("two members whose names are equal or differ only in letter case")
			}
			names[depth] = append(names[depth], name)
			if depth == 1 {
				object = append(object, strictjson.Member{Name: name})
				start = dec.InputOffset()
			}
			continue
		}
		if depth == 1 && len(object) > 0 {
			object[len(object)-1].Value = bytes.TrimLeft(data[start:dec.InputOffset()], " \t\r\n:")
		}
		if depth == 0 {
			if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
				return nil, errors.New("data after the JSON object")
			}
			return object, nil
		}
	}
}

// compare has both read a document.
func compare(t *testing.T, data []byte) {
	t.Helper()
	got, gotErr := strictjson.Parse(data)
	want, wantErr := reference(data)
	// What has two faults may be refused for either.
	if (gotErr == nil) != (wantErr == nil) || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%q: got  %q %v\nwant %q %v", data, got, gotErr, want, wantErr)
	}
}

// pieces are what documents are made of, plain and not.
var pieces = []string{
	`{`, `}`, `[`, `]`, `,`, `:`, `{`, `}`, `,`, `:`, `"a":`, `,"b":`, `,"c":1`, `"A":`, `"s":`, "\"\u017f\":", `"k":`, "\"\u212a\":", `"\u0061":`, `"":`, `"é":`, `"É":`,
	`"x"`, `"y z"`, `"\n"`, `"\ud83d\ude00"`, `"\ud800"`, `"\x"`, "\"\xff\"", "\"\xed\xa0\x80\"", "\"\n\"", "\"\x7f\"", "\"\x00\"", "\"\U0001f600\"", `"\"`, `"\\"`, `"\""`, `"`,
	`0`, `1`, `-1`, `-0`, `01`, `-`, `1.5`, `1.`, `.5`, `1e9`, `1E+2`, `1e`, `+1`, `0x1`, `12345678901234567890`, `NaN`,
	`true`, `false`, `null`, `tru`, `True`, `truefalse`, `nul`, " ", "\n", "\t\r", "\f", "\v", "\u00a0", "\ufeff", "\x00", `/**/`, `{}`, `[]`, `[1,2]`, `{"q":{}}`, `,"l":[{"m":1},{"m":2}]`,
}

// Random documents, most of them wrong in one place, are read the same by both.
func TestAgainstReference(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 5))
	for range 50_000 {
		var b bytes.Buffer
		b.WriteString(`{"a":`)
		for range random.IntN(8) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if random.IntN(4) > 0 {
			b.WriteString(`}`)
		}
		compare(t, b.Bytes())
	}
	// Good ones, with one byte changed, put in or left out.
	good := []string{
		`{"iss":"https://as.test","aud":["a","b"],"exp":17000,"o":{"x":{},"y":[true,null,-5]},"u":"é"}`,
		`{"iss":"https://as.test" , "n":"J\u00e9","f":1.5e3}`, // not of the plainest kind
		`{"a":1,"b":[]}`,
	}
	for range 50_000 {
		data := []byte(good[random.IntN(len(good))])
		at, c := random.IntN(len(data)), byte(random.IntN(256))
		if random.IntN(2) == 0 {
			c = "\"\\{}[],: 0aA-.eE\n"[random.IntN(17)]
		}
		switch random.IntN(3) {
		case 0:
			data[at] = c
		case 1:
			data = slices.Insert(data, at, c)
		default:
			data = slices.Delete(data, at, at+1)
		}
		compare(t, data)
	}
	for _, n := range []int{31, 32, 33} {
		for _, inner := range []string{`1`, `[`, `{"b":[`, `{"b":1}`, `{"b":1,"B":2}`} {
			compare(t, []byte(strings.Repeat(`{"a":`, n)+inner+strings.Repeat(`}`, n)))
			compare(t, []byte(`{"a":`+strings.Repeat(`[`, n)+inner+strings.Repeat(`]`, n)+`}`))
		}
	}
}

// Space that held another document holds nothing of it afterwards, and what was
// read before does not change with the bytes it came from being elsewhere.
func TestParseInto(t *testing.T) {
	space, err := strictjson.Parse([]byte(`{"a":1,"b":2,"c":3}`))
	if err != nil {
		t.Fatal(err)
	}
	o, err := strictjson.ParseInto(space, []byte(`{"d":"x"}`))
	if err != nil || len(o) != 1 || o.Has("b") || o.Text("d") != "x" {
		t.Errorf("%q, %v", o, err)
	}
	if o, err = strictjson.ParseInto(o, []byte(`{"d":1,"D":2}`)); err == nil || o != nil {
		t.Errorf("%q, %v", o, err)
	}
}
