// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"

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
func Parse(data []byte) (Object, error) { return ParseInto(nil, data) }

// ParseInto is Parse into the space of an object that nobody needs any more.
func ParseInto(space Object, data []byte) (Object, error) {
	o, err := walk(space[:0], data, false)
	if !errors.Is(err, errUnsure) {
		return o, err
	}
	// Names are compared while walking, and with folding, which covers what the
	// validator's own check would find.
	if !jsontext.Value(data).IsValid(repeatedNames) {
		return nil, explain(data)
	}
	if o, err = walk(space[:0], data, true); errors.Is(err, errUnsure) {
		err = errNotJSON // which it is, so this does not happen
	}
	return o, err
}

// repeatedNames is a variable because making it allocates.
var repeatedNames = jsontext.AllowDuplicateNames(true)

// explain says what is wrong with a document that is not valid, without quoting it.
func explain(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), repeatedNames)
	if dec.PeekKind() != jsontext.KindBeginObject {
		return errNotObject
	}
	for {
		_, err := dec.ReadToken()
		switch depth := dec.StackDepth(); {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("the JSON document ends too early")
		case err != nil:
			return errNotJSON
		case depth > maxDepth:
			return errTooDeep
		case depth == 0:
			return errors.New("data after the JSON object")
		}
	}
}

var (
	errNotObject = errors.New("not a JSON object")
	errNotJSON   = errors.New("not valid JSON in UTF-8")
	errRepeated  = errors.New("two members whose names are equal or differ only in letter case")
	errTooDeep   = fmt.Errorf("nested deeper than %d levels", maxDepth)
)

// Unmarshal decodes data into v. Names are compared with their case, and
// documents that [Parse] would refuse for a repeated name or bad UTF-8 are
// refused here too.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
