// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of objects and arrays. Real documents stay under
// ten.
const maxDepth = 32

// Object is a JSON object: its members in the order of the document.
type Object []Member

// Member is one name and its value as it stands in the document.
type Member struct {
	Name  string
	Value jsontext.Value
}

// Parse reads data, which must be exactly one JSON object. The values refer to
// data. Errors never quote the document.
func Parse(data []byte) (Object, error) {
	// Names are compared here and with folding, which covers what the decoder's
	// own check would find.
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != jsontext.KindBeginObject {
		return nil, errors.New("not a JSON object")
	}
	var (
		object Object
		names  [maxDepth + 1]names // by depth
		start  int64               // of the value of the latest top-level member
	)
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return object, nil
		}
		if err != nil {
			return nil, describe(err)
		}
		depth := dec.StackDepth()
		switch kind := token.Kind(); {
		case depth > maxDepth:
			return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
		case kind == jsontext.KindBeginObject:
			names[depth].reset()
		case kind == jsontext.KindString && isName(dec, depth):
			name := token.String()
			if !names[depth].add(name) {
				return nil, errors.New("two members whose names are equal or differ only in letter case")
			}
			if depth == 1 {
				object = append(object, Member{Name: name})
				start = dec.InputOffset()
			}
			continue
		}
		if depth == 1 && len(object) > 0 {
			object[len(object)-1].Value = bytes.TrimLeft(data[start:dec.InputOffset()], " \t\r\n:")
		}
		if depth == 0 {
			// The object is complete; only white space may follow.
			if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
				return nil, errors.New("data after the JSON object")
			}
			return object, nil
		}
	}
}

// isName reports whether the string just read names a member.
func isName(dec *jsontext.Decoder, depth int) bool {
	kind, length := dec.StackIndex(depth)
	return kind == jsontext.KindBeginObject && length%2 == 1
}

// describe says what is wrong with a document without quoting it.
func describe(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON document ends too early")
	}
	return errors.New("not valid JSON in UTF-8")
}

// names are the folded member names of one object.
type names struct {
	few  []string
	many map[string]bool // used from manyNames on: a hostile object has thousands
}

const manyNames = 32

func (n *names) reset() { n.few, n.many = n.few[:0], nil }

// add reports whether name is new.
func (n *names) add(name string) bool {
	folded := fold(name)
	if n.many != nil {
		known := n.many[folded]
		n.many[folded] = true
		return !known
	}
	if slices.Contains(n.few, folded) {
		return false
	}
	n.few = append(n.few, folded)
	if len(n.few) >= manyNames {
		n.many = make(map[string]bool, 2*manyNames)
		for _, f := range n.few {
			n.many[f] = true
		}
	}
	return true
}

// fold maps all spellings that a case-insensitive reader takes for one name to
// the same string: besides ASCII letters that is, for instance, U+017F for s
// and U+212A for k.
func fold(name string) string {
	folded := make([]rune, 0, len(name))
	for _, r := range name {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		folded = append(folded, least)
	}
	return string(folded)
}

// Unmarshal decodes data into v. Names are compared with their case, and
// documents that [Parse] would refuse for a repeated name or bad UTF-8 are
// refused here too.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
