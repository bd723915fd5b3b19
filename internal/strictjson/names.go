// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// names are the folded member names of the objects that are open. Those of the
// innermost come last.
type names struct {
	folded []byte // one after the other
	ends   []int  // of each in folded
	scope  scope
}

// scope is the object whose names are being read.
type scope struct {
	first int             // its first name in ends
	start int             // and in folded
	many  map[string]bool // used from manyNames on: a hostile object has thousands
}

const manyNames = 32

// open begins an object, and returns the one around it.
func (n *names) open() scope {
	around := n.scope
	n.scope = scope{first: len(n.ends), start: len(n.folded)}
	return around
}

// close ends it.
func (n *names) close(around scope) {
	n.ends, n.folded = n.ends[:n.scope.first], n.folded[:n.scope.start]
	n.scope = around
}

// add reports whether name is new to the object.
func (n *names) add(name []byte) bool {
	o, start := &n.scope, len(n.folded)
	n.folded = appendFolded(n.folded, name)
	folded := n.folded[start:]
	if o.many != nil {
		known := o.many[string(folded)]
		o.many[string(folded)] = true
		n.folded = n.folded[:start]
		return !known
	}
	from := o.start
	for _, to := range n.ends[o.first:] {
		if bytes.Equal(n.folded[from:to], folded) {
			return false
		}
		from = to
	}
	n.ends = append(n.ends, len(n.folded))
	if len(n.ends)-o.first >= manyNames {
		o.many = make(map[string]bool, 2*manyNames)
		from = o.start
		for _, to := range n.ends[o.first:] {
			o.many[string(n.folded[from:to])] = true
			from = to
		}
	}
	return true
}

// appendFolded maps all spellings that a case-insensitive reader takes for one
// name to the same bytes: besides ASCII letters that is, for instance, U+017F for
// s and U+212A for k.
func appendFolded(to, name []byte) []byte {
	start := len(to)
	to = append(to, name...)
	for i, c := range to[start:] {
		switch {
		case 'a' <= c && c <= 'z':
			// The least of all that an ASCII letter folds with is its capital.
			to[start+i] = c - ('a' - 'A')
		case c >= utf8.RuneSelf:
			return appendFoldedRunes(to[:start+i], name[i:])
		}
	}
	return to
}

func appendFoldedRunes(to, name []byte) []byte {
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRune(name[i:])
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		to = utf8.AppendRune(to, least)
		i += size
	}
	return to
}

// intern returns a name as a string: one that nearly every token has costs nothing.
func intern(name []byte) string {
	switch string(name) {
	case "iss":
		return "iss"
	case "sub":
		return "sub"
	case "aud":
		return "aud"
	case "exp":
		return "exp"
	case "nbf":
		return "nbf"
	case "iat":
		return "iat"
	case "jti":
		return "jti"
	case "sid":
		return "sid"
	case "acr":
		return "acr"
	case "azp":
		return "azp"
	case "scp":
		return "scp"
	case "alg":
		return "alg"
	case "typ":
		return "typ"
	case "kid":
		return "kid"
	case "scope":
		return "scope"
	case "client_id":
		return "client_id"
	case "auth_time":
		return "auth_time"
	case "roles":
		return "roles"
	case "tenant":
		return "tenant"
	case "email":
		return "email"
	case "name":
		return "name"
	default:
		return string(name)
	}
}
