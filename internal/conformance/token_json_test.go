// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// member is a member of a JSON object as it is written: the name with its
// quotes, and any text for a value.
type member struct{ name, value string }

// members are an object whose order, repetitions and faults survive.
type members []member

func (m members) String() string {
	texts := make([]string, len(m))
	for i, one := range m {
		texts[i] = one.name + ":" + one.value
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// with returns m with another value for a name, which is added if it is new.
func (m members) with(name, value string) members {
	for i, one := range m {
		if one.name == quoted(name) {
			changed := slices.Clone(m)
			changed[i].value = value
			return changed
		}
	}
	return m.and(quoted(name), value)
}

// and returns m with one more member, whatever is in it already.
func (m members) and(name, value string) members {
	return append(slices.Clone(m), member{name, value})
}

// first returns m with one more member in front.
func (m members) first(name, value string) members {
	return append(members{{name, value}}, m...)
}

func (m members) without(name string) members {
	return slices.DeleteFunc(slices.Clone(m), func(one member) bool { return one.name == quoted(name) })
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// oddValues are what may stand where something else is expected: values of every
// type, extremes, and what some readers take for JSON.
func oddValues() []string {
	soon := time.Now().Unix() + 300
	return []string{
		"null", "true", "false",
		"0", "-0", "-1", "5", "1.5", "1E10", "1e30", "1e400", "-1e400", "9007199254740993", "9223372036854775807", "-9223372036854775808",
		fmt.Sprint(soon), fmt.Sprintf("%d.5", soon), fmt.Sprintf("%q", fmt.Sprint(soon)),
		`""`, `" "`, `"x"`, `"X"`, `"x y"`, `"\u0000"`, `"\r\n"`, `"\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", "\"\u2028\"", `"\/"`, "\"\t\"", `"\x"`,
		"[]", `[""]`, `["x"]`, `["x","x"]`, "[null]", "[5]", "[[]]", `[["x"]]`, `[{}]`,
		"{}", `{"x":1}`, `{"x":1,"x":2}`, `{"x":1,"X":2}`, `{"jkt":"x"}`, strings.Repeat("[", 33) + strings.Repeat("]", 33),
		"NaN", "Infinity", "0x1", "01", "+1", "1.", ".5", "'x'", "tru", "", "1 2", "1,", "[1,]", "/**/1", "\ufeff1", "1\v",
	}
}
