// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"slices"
)

// lowOrder are the y coordinates, little-endian, of the points of small order
// of edwards25519: for such a public key a signature can be made without any
// private key, which crypto/ed25519 accepts.
var lowOrder = [][]byte{
	unhex("0000000000000000000000000000000000000000000000000000000000000000"), // order 4
	unhex("0100000000000000000000000000000000000000000000000000000000000000"), // order 1
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // order 2
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), // order 8
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), // order 8
}

// fieldPrime is 2^255 - 19, little-endian.
var fieldPrime = unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")

// isWeakEd25519 reports whether a 32-byte public key is a point of small order,
// or spells its y coordinate in a way that is not canonical (RFC 8032 section
// 5.1.3).
func isWeakEd25519(x ed25519.PublicKey) bool {
	y := bytes.Clone(x)
	y[31] &= 0x7f // the sign of the x coordinate
	for _, low := range lowOrder {
		if bytes.Equal(y, low) {
			return true
		}
	}
	slices.Reverse(y)
	p := bytes.Clone(fieldPrime)
	slices.Reverse(p)
	return bytes.Compare(y, p) >= 0
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

var errWeakEd25519 = errors.New("a low-order or non-canonical Ed25519 point, under which anyone can sign")
