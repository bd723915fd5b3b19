// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"maps"
	"slices"
)

// distrusted are the keys that must not be used whatever the issuer says: by
// their names, and themselves, since a key may be listed under several names or
// published again under another. It is immutable; nil distrusts nothing.
type distrusted struct {
	kids map[string]bool
	keys []*key
}

// has reports whether a kid was named.
func (d *distrusted) has(kid string) bool { return d != nil && d.kids[kid] }

// covers reports whether a key must not be used.
func (d *distrusted) covers(k *key) bool {
	return d != nil && (d.kids[k.kid] || slices.ContainsFunc(d.keys, k.same))
}

// with returns the distrusted keys and one more, which is looked up in s.
func (d *distrusted) with(kid string, s *snapshot) *distrusted {
	more := &distrusted{kids: map[string]bool{kid: true}}
	if d != nil {
		maps.Copy(more.kids, d.kids)
		more.keys = slices.Clone(d.keys)
	}
	if s == nil {
		return more
	}
	for _, k := range s.all {
		if k.kid == kid {
			more.keys = append(more.keys, k)
		}
	}
	return more
}
