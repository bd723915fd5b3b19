// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
)

// forgery is a header and claims in want of a signature.
type forgery struct {
	key, secret    string
	header, claims string

	signed map[string][]byte // see placeholders
}

func (f forgery) input() []byte { return []byte(b64([]byte(f.header)) + "." + b64([]byte(f.claims))) }

// signature makes a signature as the corpus describes it: an operation, and what
// is done with the result, with bars between them.
func (f forgery) signature(description string) []byte {
	if description == "" {
		description = "sign"
	}
	first, rest, more := strings.Cut(description, " | ")
	name, arguments, _ := strings.Cut(first, " ")
	operation, ok := signatures[name]
	if !ok {
		mistake("no signature " + name)
	}
	s := operation(f, arguments)
	for more {
		first, rest, more = strings.Cut(rest, " | ")
		name, arguments, _ = strings.Cut(first, " ")
		edit, ok := edits[name]
		if !ok {
			mistake("no edit " + name)
		}
		s = edit(s, arguments)
	}
	return s
}

// edits are what can be done with the bytes of a signature.
var edits = map[string]func(s []byte, argument string) []byte{
	"first":  func(s []byte, n string) []byte { return s[:number10(n)] },
	"skip":   func(s []byte, n string) []byte { return s[number10(n):] },
	"before": func(s []byte, bytes string) []byte { return slices.Concat(unhex(bytes), s) },
	"behind": func(s []byte, bytes string) []byte { return slices.Concat(s, unhex(bytes)) },
}

// signatures are the operations that make one.
var signatures = map[string]func(f forgery, arguments string) []byte{
	"sign": func(f forgery, by string) []byte { return f.by(by).good() },
	"sign-other": func(f forgery, _ string) []byte {
		f.claims += " "
		return f.good()
	},
	"empty":       func(forgery, string) []byte { return nil },
	"zeros":       func(_ forgery, n string) []byte { return make([]byte, number10(n)) },
	"hex":         func(_ forgery, bytes string) []byte { return unhex(bytes) },
	"hmac-sha256": func(f forgery, _ string) []byte { return f.hmac(crypto.SHA256) },
	"hmac-sha384": func(f forgery, _ string) []byte { return f.hmac(crypto.SHA384) },
	"hmac-sha512": func(f forgery, _ string) []byte { return f.hmac(crypto.SHA512) },

	"ecdsa": func(f forgery, arguments string) []byte {
		r, s, size := f.ecdsa(arguments)
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	},
	"ecdsa-der": func(f forgery, arguments string) []byte {
		r, s, _ := f.ecdsa(arguments)
		return must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))
	},

	"pkcs1-sha256": func(f forgery, by string) []byte { return f.by(by).pkcs1(crypto.SHA256) },
	"pkcs1-sha512": func(f forgery, by string) []byte { return f.by(by).pkcs1(crypto.SHA512) },
	"pkcs1-padding": func(f forgery, padding string) []byte {
		encode, ok := paddings[padding]
		if !ok {
			mistake("no padding " + padding)
		}
		return rawRSA(f.rsa(), encode(digest(crypto.SHA256, f.input())))
	},
	"pss-sha256": func(f forgery, salt string) []byte {
		size := number10(salt)
		if size == 0 { // would ask crypto/rsa for the longest salt
			return noSalt(f.rsa(), f.input())
		}
		return must(rsa.SignPSS(rand.Reader, f.rsa(), crypto.SHA256, digest(crypto.SHA256, f.input()), &rsa.PSSOptions{SaltLength: size}))
	},
	"rsa": func(f forgery, value string) []byte {
		n := f.rsa().N
		s := pick(value, map[string]*big.Int{
			"1": big.NewInt(1), "n": n, "n-1": new(big.Int).Sub(n, big.NewInt(1)), "s+n": new(big.Int).Add(new(big.Int).SetBytes(f.good()), n),
		})
		return s.FillBytes(make([]byte, max(256, len(s.Bytes()))))
	},

	"ed25519-ph": func(f forgery, _ string) []byte {
		return must(f.ed25519().Sign(nil, digest(crypto.SHA512, f.input()), &ed25519.Options{Hash: crypto.SHA512}))
	},
	"ed25519-ctx": func(f forgery, _ string) []byte {
		return must(f.ed25519().Sign(nil, f.input(), &ed25519.Options{Context: "context"}))
	},
	"ed25519": func(f forgery, value string) []byte {
		signature := f.good()
		little := slices.Clone(signature[32:])
		slices.Reverse(little)
		s := new(big.Int).SetBytes(little)
		order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
		changed := pick(value, map[string]*big.Int{"s": s, "s+l": new(big.Int).Add(s, order)}).FillBytes(make([]byte, 32))
		slices.Reverse(changed)
		return append(signature[:32], changed...)
	},
}

// by is the same in want of another key's signature; an empty name is the same.
func (f forgery) by(key string) forgery {
	if key != "" {
		f.key = key
	}
	return f
}

// good is the signature as it should be, and always the same.
func (f forgery) good() []byte {
	what := f.key + " " + string(f.input())
	if f.signed[what] == nil {
		algorithmOf(f.key) // there is such a key
		r := keyring()
		token := r.issuer.Sign([]byte(f.header), []byte(f.claims), r.ids[f.key])
		f.signed[what] = unb64(token[strings.LastIndexByte(token, '.')+1:])
	}
	return slices.Clone(f.signed[what])
}

func (f forgery) rsa() *rsa.PrivateKey { return privateOf(f.key).(*rsa.PrivateKey) }

func (f forgery) ed25519() ed25519.PrivateKey { return privateOf(f.key).(ed25519.PrivateKey) }

func (f forgery) hmac(hash crypto.Hash) []byte {
	mac := hmac.New(hash.New, []byte(f.secret))
	mac.Write(f.input())
	return mac.Sum(nil)
}

func (f forgery) pkcs1(hash crypto.Hash) []byte {
	return must(rsa.SignPKCS1v15(rand.Reader, f.rsa(), hash, digest(hash, f.input())))
}

// ecdsa reads the two numbers of an ECDSA signature, and in how many bytes they
// are written: those of the curve if nothing else is said.
func (f forgery) ecdsa(arguments string) (r, s *big.Int, size int) {
	key := privateOf(f.key).(*ecdsa.PrivateKey)
	n := key.Params().N
	size = (n.BitLen() + 7) / 8
	one := big.NewInt(1)
	fields := strings.Fields(arguments)
	if len(fields) > 2 {
		size = number10(fields[2])
	}
	good := f.good()
	goodR, goodS := new(big.Int).SetBytes(good[:len(good)/2]), new(big.Int).SetBytes(good[len(good)/2:])
	values := map[string]*big.Int{
		"0": new(big.Int), "1": one, "n": n, "max": new(big.Int).Sub(new(big.Int).Lsh(one, uint(n.BitLen())), one),
		"r": goodR, "s": goodS, "n-s": new(big.Int).Sub(n, goodS),
	}
	return pick(fields[0], values), pick(fields[1], values), size
}

func pick(name string, values map[string]*big.Int) *big.Int {
	v, ok := values[name]
	if !ok {
		mistake("no number " + name)
	}
	return v
}

// sha256Prefix is the DER of DigestInfo for SHA-256 (RFC 8017 section 9.2).
var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// paddings are ways to pad a digest to 256 bytes, by PKCS #1 v1.5 or nearly so.
var paddings = map[string]func(digest []byte) []byte{
	"exact": func(d []byte) []byte { return pad(256-3-19-32, sha256Prefix, d) },
	"garbage": func(d []byte) []byte {
		return pad(8, sha256Prefix, d, bytes.Repeat([]byte{0xaa}, 256-3-8-19-32))
	},
	"no-null": func(d []byte) []byte {
		short := slices.Concat([]byte{0x30, 0x2f, 0x30, 0x0b}, sha256Prefix[4:15], []byte{0x04, 0x20})
		return pad(256-3-len(short)-32, short, d)
	},
	"long-length": func(d []byte) []byte {
		long := slices.Concat([]byte{0x30, 0x81, 0x31}, sha256Prefix[2:])
		return pad(256-3-len(long)-32, long, d)
	},
	"no-digestinfo": func(d []byte) []byte { return pad(256-3-32, d) },
	"type-2": func(d []byte) []byte {
		m := pad(256-3-19-32, sha256Prefix, d)
		m[1] = 2
		return m
	},
}

// pad is 0x00 0x01 0xff... 0x00 and the rest.
func pad(ff int, rest ...[]byte) []byte {
	return slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, ff), []byte{0}, slices.Concat(rest...))
}

// noSalt makes a PSS signature without salt (RFC 8017 section 9.1.1), which
// crypto/rsa has no option for.
func noSalt(key *rsa.PrivateKey, input []byte) []byte {
	const size = 256
	h := digest(crypto.SHA256, slices.Concat(make([]byte, 8), digest(crypto.SHA256, input)))
	db := make([]byte, size-32-1)
	db[len(db)-1] = 1
	for n := range db {
		counter := byte(n / 32)
		db[n] ^= digest(crypto.SHA256, slices.Concat(h, []byte{0, 0, 0, counter}))[n%32]
	}
	db[0] &= 0x7f
	s := rawRSA(key, slices.Concat(db, h, []byte{0xbc}))
	// The forgery itself must be right, or it proves nothing.
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest(crypto.SHA256, input), s, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}); err != nil {
		mistake(err)
	}
	return s
}

// rawRSA signs a message that is padded already.
func rawRSA(key *rsa.PrivateKey, padded []byte) []byte {
	m := new(big.Int).SetBytes(padded)
	return m.Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size()))
}

func digest(hash crypto.Hash, input []byte) []byte {
	h := hash.New()
	h.Write(input)
	return h.Sum(nil)
}

func unb64(s string) []byte { return must(base64.RawURLEncoding.Strict().DecodeString(s)) }
