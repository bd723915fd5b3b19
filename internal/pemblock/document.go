// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package pemblock

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
)

// All returns the blocks of a document of up to size bytes, in their order, and at
// last an error if they were not all of it. So they count only when the loop is over.
// Text before a block is a comment; behind the last one it may be a block that was
// cut off, or another kind of document.
func All(document []byte, size int) iter.Seq2[*pem.Block, error] {
	return func(yield func(*pem.Block, error) bool) {
		if len(document) > size {
			yield(nil, fmt.Errorf("more than %d bytes of PEM", size))
			return
		}
		decoded := 0
		block, rest := pem.Decode(document)
		for ; block != nil; block, rest = pem.Decode(rest) {
			decoded++
			if !yield(block, nil) {
				return
			}
		}
		switch {
		case bytes.Count(document, []byte("-----BEGIN ")) != decoded:
			yield(nil, errors.New("a damaged PEM block"))
		case decoded == 0:
			yield(nil, errors.New("no PEM block"))
		case len(bytes.TrimSpace(rest)) > 0:
			yield(nil, errors.New("something else than PEM blocks at the end"))
		}
	}
}
