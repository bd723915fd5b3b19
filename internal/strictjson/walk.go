// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// walker goes once over a document, and refuses what JSON leaves open: repeated
// names and deep nesting.
//
// Unless the document is known to be valid, the walker accepts the plainest JSON
// only, of which the documents that matter are made: strings without escapes and
// integers without exponents. Wherever it meets something else, right or wrong, it
// leaves the judgement to jsontext. So it is quick without being a second opinion
// on anything that is hard to tell.
type walker struct {
	data  []byte
	pos   int
	valid bool // jsontext says so
}

// errUnsure says that the document is not of the plainest kind.
var errUnsure = errors.New("strictjson: not plain")

// walk returns the members of the object, behind those of to.
func walk(to Object, data []byte, valid bool) (Object, error) {
	var (
		folded [256]byte
		ends   [manyNames]int
	)
	// Not a part of the walker, so that it needs no memory of its own.
	n := names{folded: folded[:0], ends: ends[:0]}
	w := walker{data: data, valid: valid}
	if w.peek() != '{' {
		return nil, errNotObject
	}
	if err := w.object(1, &n, &to); err != nil {
		return nil, err
	}
	if w.peek(); w.pos != len(data) {
		return nil, errUnsure
	}
	return to, nil
}

// object reads an object at a depth, and appends its members to to if there is one.
func (w *walker) object(depth int, n *names, to *Object) error {
	if depth > maxDepth {
		return errTooDeep
	}
	around := n.open()
	w.pos++
	for first := true; ; first = false {
		if end, err := w.next('}', first); end || err != nil {
			n.close(around)
			return err
		}
		name, err := w.name()
		if err != nil {
			return err
		}
		if !n.add(name) {
			return errRepeated
		}
		if w.peek() != ':' {
			return errUnsure
		}
		w.pos++
		w.peek()
		start := w.pos
		if err := w.value(depth, n); err != nil {
			return err
		}
		if to != nil {
			*to = append(*to, Member{Name: intern(name), Value: w.data[start:w.pos:w.pos]})
		}
	}
}

func (w *walker) array(depth int, n *names) error {
	if depth > maxDepth {
		return errTooDeep
	}
	w.pos++
	for first := true; ; first = false {
		if end, err := w.next(']', first); end || err != nil {
			return err
		}
		if err := w.value(depth, n); err != nil {
			return err
		}
	}
}

// next goes to the next name or element, or behind the end of what holds it.
func (w *walker) next(closing byte, first bool) (end bool, err error) {
	switch c := w.peek(); {
	case c == closing:
		w.pos++
		return true, nil
	case first:
	case c == ',':
		w.pos++
		w.peek()
	default:
		return false, errUnsure
	}
	return false, nil
}

// value reads a value that stands at a depth.
func (w *walker) value(depth int, n *names) error {
	switch c := w.peek(); {
	case c == '"':
		_, _, err := w.text()
		return err
	case c == '{':
		return w.object(depth+1, n, nil)
	case c == '[':
		return w.array(depth+1, n)
	case w.valid:
		for w.pos < len(w.data) && is[w.data[w.pos]]&between == 0 {
			w.pos++
		}
		return nil
	case '0' <= c && c <= '9', c == '-':
		return w.integer()
	default:
		return w.word()
	}
}

// integer reads a number. If it goes on as a fraction or with an exponent, then
// what comes next is not what anybody expects there.
func (w *walker) integer() error {
	if w.data[w.pos] == '-' {
		w.pos++
	}
	start := w.pos
	for w.pos < len(w.data) && '0' <= w.data[w.pos] && w.data[w.pos] <= '9' {
		w.pos++
	}
	if digits := w.data[start:w.pos]; len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return errUnsure
	}
	return nil
}

// word reads true, false or null.
func (w *walker) word() error {
	for _, word := range words {
		if bytes.HasPrefix(w.data[w.pos:], word) {
			w.pos += len(word)
			return nil
		}
	}
	return errUnsure
}

var words = [][]byte{[]byte("true"), []byte("false"), []byte("null")}

// name reads the name of a member.
func (w *walker) name() ([]byte, error) {
	if w.peek() != '"' {
		return nil, errUnsure
	}
	quoted, escaped, err := w.text()
	if err != nil {
		return nil, err
	}
	if !escaped {
		return quoted[1 : len(quoted)-1], nil
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return nil, errUnsure
	}
	return name, nil
}

// text reads a string, and says whether anything in it is escaped.
func (w *walker) text() (quoted []byte, escaped bool, err error) {
	ascii := true
	for i := w.pos + 1; i < len(w.data); i++ {
		switch kind := is[w.data[i]] &^ between; {
		case kind == 0:
		case kind == quote:
			quoted = w.data[w.pos : i+1]
			w.pos = i + 1
			if !ascii && !w.valid && !utf8.Valid(quoted) {
				return nil, false, errUnsure
			}
			return quoted, escaped, nil
		case kind == beyond:
			ascii = false
		case !w.valid:
			return nil, false, errUnsure
		case kind == escape:
			escaped = true
			i++
		}
	}
	return nil, false, errUnsure
}

// peek returns the byte that is next behind white space, or zero at the end, where
// nothing may be open.
func (w *walker) peek() byte {
	for ; w.pos < len(w.data); w.pos++ {
		switch c := w.data[w.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// What a byte is: where a number or a word ends, and within a string.
const (
	between = 1 << iota // values
	quote
	escape
	control
	beyond // ASCII
)

var is = func() (kinds [256]uint8) {
	for c := range kinds {
		switch {
		case c < ' ':
			kinds[c] = control
		case c >= utf8.RuneSelf:
			kinds[c] = beyond
		}
	}
	kinds['"'], kinds['\\'] = quote, escape
	for _, c := range []byte(" \t\r\n,:]}") {
		kinds[c] |= between
	}
	return kinds
}()
