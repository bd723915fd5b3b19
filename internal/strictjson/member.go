// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Get returns the value of a member and whether it is there.
func (o Object) Get(name string) (jsontext.Value, bool) {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value, true
		}
	}
	return nil, false
}

// Has reports whether a member is there, whatever its value.
func (o Object) Has(name string) bool {
	_, ok := o.Get(name)
	return ok
}

// Find returns the value at a path, and whether it is there. A path is the name
// of a member, or, if it begins with a slash, a JSON pointer to a member within
// objects (RFC 6901 section 3).
func (o Object) Find(path string) (jsontext.Value, bool) {
	if !strings.HasPrefix(path, "/") {
		return o.Get(path)
	}
	first, rest, deeper := strings.Cut(path[1:], "/")
	value, ok := o.Get(unescapePointer.Replace(first))
	if !ok || !deeper {
		return value, ok
	}
	// The document as a whole has been read strictly already.
	inner, err := Parse(value)
	if err != nil {
		return nil, false
	}
	return inner.Find("/" + rest)
}

// unescapePointer undoes the escapes of RFC 6901 section 3.
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// Errors of the typed readers. A member that is null is there, and of the wrong
// type.
var (
	ErrAbsent = errors.New("absent")
	ErrType   = errors.New("of the wrong JSON type")
	ErrRange  = errors.New("out of range")
)

// String returns a member that must be a string; if it is one of those that are
// likely, then that very string.
func (o Object) String(name string, likely ...string) (string, error) {
	v, ok := o.Get(name)
	if !ok {
		return "", ErrAbsent
	}
	return Text(v, likely...)
}

// StringOr returns a member that must be a string if it is there.
func (o Object) StringOr(name, absent string) (string, error) {
	v, ok := o.Get(name)
	if !ok {
		return absent, nil
	}
	return Text(v)
}

// Text returns a member that is a string, and otherwise nothing: for members that
// prove something only by their value.
func (o Object) Text(name string) string {
	s, _ := o.StringOr(name, "")
	return s
}

// Strings returns a member that must be a string or an array of strings, as
// the aud claim may be (RFC 7519 section 4.1.3). Likely ones are as for String.
func (o Object) Strings(name string, likely ...string) ([]string, error) {
	v, ok := o.Get(name)
	if !ok {
		return nil, ErrAbsent
	}
	return Texts(v, likely...)
}

// Array returns the elements of a member that must be an array.
func (o Object) Array(name string) ([]jsontext.Value, error) {
	v, ok := o.Get(name)
	if !ok {
		return nil, ErrAbsent
	}
	return array(v)
}

func array(v jsontext.Value) ([]jsontext.Value, error) {
	if v.Kind() != jsontext.KindBeginArray {
		return nil, ErrType
	}
	var elements []jsontext.Value
	if err := Unmarshal(v, &elements); err != nil {
		return nil, ErrType
	}
	return elements, nil
}

// maxNumericDate is the largest magnitude a date may have: beyond it a float64
// no longer holds every integer, and time.Time overflows silently.
const maxNumericDate = 1 << 53

// NumericDate returns a member that must be a JSON number of seconds since the
// epoch, fractions allowed (RFC 7519 section 2).
func (o Object) NumericDate(name string) (time.Time, error) {
	v, ok := o.Get(name)
	if !ok {
		return time.Time{}, ErrAbsent
	}
	return numericDate(v)
}

func numericDate(v jsontext.Value) (time.Time, error) {
	if v.Kind() != jsontext.KindNumber {
		return time.Time{}, ErrType
	}
	if seconds, ok := wholeSeconds(v); ok {
		return time.Unix(seconds, 0), nil
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.Abs(f) > maxNumericDate {
		return time.Time{}, ErrRange
	}
	whole := math.Floor(f)
	return time.Unix(int64(whole), int64((f-whole)*1e9)), nil
}

// wholeSeconds reads what nearly every date is, a few digits, which are the same
// number as an integer and as a float64.
func wholeSeconds(v jsontext.Value) (seconds int64, ok bool) {
	if len(v) > 15 {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = 10*seconds + int64(c-'0')
	}
	return seconds, true
}

// OptionalDate returns a member that must be a date as for NumericDate, or the
// zero time if it is absent. The error names the member.
func (o Object) OptionalDate(name string) (time.Time, error) {
	v, ok := o.Get(name)
	if !ok {
		return time.Time{}, nil
	}
	date, err := numericDate(v)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return date, err
}

// Texts returns a value that must be a string or an array of strings.
func Texts(v jsontext.Value, likely ...string) ([]string, error) {
	if v.Kind() == jsontext.KindString {
		s, err := Text(v, likely...)
		return []string{s}, err
	}
	if list, ok := plainTexts(v, likely); ok {
		return list, nil
	}
	elements, err := array(v)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(elements))
	for i, e := range elements {
		if list[i], err = Text(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Text returns a value that must be a string.
func Text(v jsontext.Value, likely ...string) (string, error) {
	if n := plainText(v); n > 0 && n == len(v) {
		return oneOf(v[1:n-1], likely), nil
	}
	if v.Kind() != jsontext.KindString {
		return "", ErrType
	}
	unquoted, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return "", ErrType
	}
	return string(unquoted), nil
}

// plainText returns the size of the string at the beginning of v, quotes included,
// if it is made of printable ASCII without escapes and so means itself.
func plainText(v []byte) int {
	if len(v) == 0 || v[0] != '"' {
		return 0
	}
	for i, c := range v[1:] {
		switch {
		case c == '"':
			return i + 2
		case c < ' ' || c > '~' || c == '\\':
			return 0
		}
	}
	return 0
}

// oneOf returns text, without making a string of it if it is a likely one.
func oneOf(text []byte, likely []string) string {
	for _, l := range likely {
		if string(text) == l {
			return l
		}
	}
	return string(text)
}

// plainTexts reads an array of such strings without white space between them, as
// issuers write them, and says whether v is one.
func plainTexts(v []byte, likely []string) ([]string, bool) {
	if len(v) < 3 || v[0] != '[' {
		return nil, false
	}
	// As many at most, since commas may stand within strings too.
	list := make([]string, 0, min(1+bytes.Count(v, []byte{','}), 8))
	for rest := v[1:]; ; rest = rest[1:] {
		n := plainText(rest)
		if n == 0 || n == len(rest) {
			return nil, false
		}
		list = append(list, oneOf(rest[1:n-1], likely))
		switch rest = rest[n:]; {
		case rest[0] == ',':
		case rest[0] == ']' && len(rest) == 1:
			return list, true
		default:
			return nil, false
		}
	}
}
