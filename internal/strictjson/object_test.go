// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

func TestParseRefuses(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"m%d":0,`, i)
		}
		return b.String()
	}
	for name, tc := range map[string]struct{ in, says string }{
		"empty":               {``, "not a JSON object"},
		"array":               {`[]`, "not a JSON object"},
		"null":                {`null`, "not a JSON object"},
		"string":              {`"x"`, "not a JSON object"},
		"byte order mark":     {"\ufeff{}", "not a JSON object"},
		"UTF-16":              {"\xff\xfe{\x00}\x00", "not a JSON object"},
		"comment":             {`{/**/}`, "not valid JSON"},
		"trailing comma":      {`{"a":1,}`, "not valid JSON"},
		"unfinished":          {`{"a":1`, "too early"},
		"data after":          {`{} {}`, "data after"},
		"word after":          {`{"a":1}x`, "data after"},
		"NUL after":           {"{}\x00", "data after"},
		"same name":           {`{"alg":"RS256","alg":"none"}`, "two members"},
		"escaped same name":   {`{"alg":1,"\u0061lg":2}`, "two members"},
		"other case":          {`{"alg":1,"ALG":2}`, "two members"},
		"long s":              {`{"sub":1,"` + "\u017f" + `ub":2}`, "two members"},
		"Kelvin sign":         {`{"kid":1,"\u212aid":2}`, "two members"},
		"nested same name":    {`{"a":[{"b":1,"B":2}]}`, "two members"},
		"sibling after child": {`{"a":{"x":1},"A":2}`, "two members"},
		"one of many":         {`{` + many(100) + `"M7":1}`, "two members"},
		"bad UTF-8 value":     {"{\"a\":\"\xff\"}", "not valid JSON"},
		"bad UTF-8 name":      {"{\"\xff\":1}", "not valid JSON"},
		"lone surrogate":      {`{"a":"\ud800"}`, "not valid JSON"},
		"bad escape":          {`{"a":"\x41"}`, "not valid JSON"},
		"control in string":   {"{\"a\":\"\n\"}", "not valid JSON"},
		"hex number":          {`{"a":0x1}`, "not valid JSON"},
		"leading zero":        {`{"a":01}`, "not valid JSON"},
		"NaN":                 {`{"a":NaN}`, "not valid JSON"},
		"plus":                {`{"a":+1}`, "not valid JSON"},
		"33 levels":           {strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33), "nested deeper"},
		"10001 arrays":        {`{"a":` + strings.Repeat(`[`, 10001) + strings.Repeat(`]`, 10001) + `}`, "nested deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := strictjson.Parse([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, %v; want an error with %q", o, err, tc.says)
			}
		})
	}
}

func TestParse(t *testing.T) {
	const document = ` { "s" : "\u00e9\n", "n": -1.5e3 ,"o":{"a":{"x":[]}, "b" : {"x":1}},"l":[ {"q":1},{"q":2} ],"t":true,"z":null } ` + "\n"
	o, err := strictjson.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range o {
		got = append(got, m.Name+"="+string(m.Value))
	}
	want := []string{`s="\u00e9\n"`, `n=-1.5e3`, `o={"a":{"x":[]}, "b" : {"x":1}}`, `l=[ {"q":1},{"q":2} ]`, `t=true`, `z=null`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if s, err := o.String("s"); s != "é\n" || err != nil {
		t.Errorf("s: %q, %v", s, err)
	}
	if deep := strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32); func() bool { _, err := strictjson.Parse([]byte(deep)); return err != nil }() {
		t.Error("32 levels were refused")
	}
	if o, err := strictjson.Parse([]byte(`{}`)); err != nil || len(o) != 0 {
		t.Errorf("{}: %v, %v", o, err)
	}
}

func TestMembers(t *testing.T) {
	o, err := strictjson.Parse([]byte(`{"s":"x","e":"","n":null,"i":5,"b":true,"l":["x","y"],"el":[],"m":["x",5],"ll":[["x"]],"o":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"s": nil, "e": nil, "n": strictjson.ErrType, "i": strictjson.ErrType, "l": strictjson.ErrType, "o": strictjson.ErrType, "S": strictjson.ErrAbsent, "": strictjson.ErrAbsent} {
		if _, err := o.String(name); !errors.Is(err, want) {
			t.Errorf("String(%q): %v, want %v", name, err, want)
		}
	}
	for name, want := range map[string]string{"s": "[x] <nil>", "l": "[x y] <nil>", "el": "[] <nil>", "m": "[] of the wrong JSON type", "ll": "[] of the wrong JSON type", "n": "[] of the wrong JSON type", "b": "[] of the wrong JSON type", "q": "[] absent"} {
		l, err := o.Strings(name)
		if got := fmt.Sprint(l, " ", err); got != want {
			t.Errorf("Strings(%q): %s, want %s", name, got, want)
		}
	}
	if s, err := o.StringOr("q", "d"); s != "d" || err != nil {
		t.Errorf("StringOr: %q, %v", s, err)
	}
	if _, err := o.StringOr("n", "d"); !errors.Is(err, strictjson.ErrType) {
		t.Errorf("StringOr of null: %v", err)
	}
	for name, want := range map[string]string{"s": "x", "e": "", "n": "", "i": "", "l": "", "q": ""} {
		if got := o.Text(name); got != want {
			t.Errorf("Text(%q): %q", name, got)
		}
	}
}

func TestFind(t *testing.T) {
	o, err := strictjson.Parse([]byte(`{"a":{"b":{"c":1},"x/y":2,"~":3,"~1":4,"":5},"a/b":6,"":{"":7},"s":"x","l":[8],"/r":9}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a/b": "6", "/a/b/c": "1", "/a/b": `{"c":1}`, "/a/x~1y": "2", "/a/~0": "3", "/a/~01": "4", "/a/": "5", "//": "7", "/~1r": "9", "/s": `"x"`,
		"b": "absent", "/b": "absent", "/a/c": "absent", "/A/b": "absent", "/a/b/c/d": "absent", "/s/x": "absent", "/l/0": "absent", "/r": "absent", "/a/b/": "absent",
	} {
		value, ok := o.Find(path)
		got := string(value)
		if !ok {
			got = "absent"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestNumericDate(t *testing.T) {
	for in, want := range map[string]string{
		`1700000000`: "1700000000.000000000", `1.7e9`: "1700000000.000000000", `1700000000.5`: "1700000000.500000000",
		`1E10`: "10000000000.000000000", `0`: "0.000000000", `-1.5`: "-2.500000000", `9007199254740992`: "9007199254740992.000000000",
		`9007199254740994`: "out of range", `-9223372036854775808`: "out of range", `1e30`: "out of range", `1e400`: "out of range", `9223372036854775807`: "out of range",
		`"1700000000"`: "of the wrong JSON type", `null`: "of the wrong JSON type", `true`: "of the wrong JSON type", `[]`: "of the wrong JSON type", `{}`: "of the wrong JSON type",
	} {
		o, err := strictjson.Parse([]byte(`{"d":` + in + `}`))
		if err != nil {
			t.Fatal(in, err)
		}
		d, err := o.NumericDate("d")
		got := fmt.Sprintf("%d.%09d", d.Unix(), d.Nanosecond())
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
		optional, optionalErr := o.OptionalDate("d")
		if !optional.Equal(d) || !errors.Is(optionalErr, err) || err != nil && optionalErr.Error() != "d: "+want {
			t.Errorf("%s, optional: got %v, %v", in, optional, optionalErr)
		}
	}
	if _, err := (strictjson.Object{}).NumericDate("d"); !errors.Is(err, strictjson.ErrAbsent) {
		t.Errorf("absent: %v", err)
	}
	if d, err := (strictjson.Object{}).OptionalDate("d"); !d.IsZero() || err != nil {
		t.Errorf("absent, optional: %v, %v", d, err)
	}
}

func TestUnmarshalKeepsCase(t *testing.T) {
	var v struct {
		Tenant string `json:"tenant"`
	}
	if err := strictjson.Unmarshal([]byte(`{"TENANT":"x"}`), &v); err != nil || v.Tenant != "" {
		t.Errorf("got %+v, %v", v, err)
	}
	if err := strictjson.Unmarshal([]byte(`{"tenant":"x","tenant":"y"}`), &v); err == nil {
		t.Error("a repeated name was accepted")
	}
}

// A hostile object must not cost quadratic time, which here would be hours.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"a":0`)
	for i := range 200_000 {
		fmt.Fprintf(&b, `,"%x":0`, i+1<<24)
	}
	b.WriteString(`}`)
	o, err := strictjson.Parse([]byte(b.String()))
	if err != nil || len(o) != 200_001 {
		t.Fatalf("%d members, %v", len(o), err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":[1,{"c":null}]},"d":"\u00e9"}`, `{"a":1,"A":2}`, `{"alg":"RS256","kid":"k"} `, "{\"\xff\":1}", `{"a":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, data)
		o, err := strictjson.Parse(data)
		if err != nil {
			return
		}
		// What the strict reader accepts, the lenient one reads the same way.
		var lenient map[string]json.RawMessage
		if err := json.Unmarshal(data, &lenient); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", data, err)
		}
		if len(lenient) != len(o) {
			t.Fatalf("%d members of %q, encoding/json finds %d", len(o), data, len(lenient))
		}
		for _, m := range o {
			if string(lenient[m.Name]) != string(m.Value) {
				t.Fatalf("%q in %q is %q, encoding/json finds %q", m.Name, data, m.Value, lenient[m.Name])
			}
		}
		var v map[string]any
		if err := strictjson.Unmarshal(data, &v); err != nil {
			t.Fatalf("Parse accepts %q and Unmarshal does not: %v", data, err)
		}
	})
}
