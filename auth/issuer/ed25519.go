// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"math/big"
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

// isOnCurve reports whether y, with the sign bit taken off, is the coordinate of
// a point: whether x^2 = (y^2 - 1) / (d y^2 + 1) has a root (RFC 8032 section
// 5.1.3). crypto/ed25519 finds out with each signature, when the key has already
// taken the place of another.
func isOnCurve(public ed25519.PublicKey) bool {
	b := slices.Clone(public)
	b[31] &= 0x7f
	slices.Reverse(b)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	// d = -121665/121666
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665)).Mod(d, p)
	y2 := new(big.Int).SetBytes(b)
	y2.Mul(y2, y2).Mod(y2, p)
	numerator := new(big.Int).Sub(y2, big.NewInt(1))
	denominator := d.Mul(d, y2).Add(d, big.NewInt(1))
	x2 := numerator.Mul(numerator, denominator.ModInverse(denominator.Mod(denominator, p), p))
	return big.Jacobi(x2.Mod(x2, p), p) >= 0
}

func checkEd25519(public ed25519.PublicKey) error {
	if isWeakEd25519(public) {
		return errWeakEd25519
	}
	if !isOnCurve(public) {
		return errors.New("the Ed25519 point is not on the curve")
	}
	return nil
}
