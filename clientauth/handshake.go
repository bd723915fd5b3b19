// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"io"
	"time"
)

// handshakeTimeout bounds a signature in a handshake, which has no context. It is as
// long as the handshake itself may be.
const handshakeTimeout = 5 * time.Second

// handshakeKey is the key of a certificate that is elsewhere, such as in a KMS. It
// may hang or panic without holding up more than handshakes, and not many of them.
type handshakeKey struct {
	signer crypto.Signer
	public crypto.PublicKey
	slots  chan struct{}
}

// handshakeMessageKey is one that hashes by itself.
type handshakeMessageKey struct {
	*handshakeKey

	signer crypto.MessageSigner
}

// bounded returns a key that does not hang.
func bounded(signer crypto.Signer, public crypto.PublicKey) crypto.Signer {
	switch signer.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, *handshakeKey, *handshakeMessageKey:
		return signer
	}
	k := &handshakeKey{signer: signer, public: public, slots: make(chan struct{}, maxSigning)}
	if messages, ok := signer.(crypto.MessageSigner); ok {
		return &handshakeMessageKey{k, messages}
	}
	return k
}

// Public implements [crypto.Signer].
func (k *handshakeKey) Public() crypto.PublicKey { return k.public }

// Sign implements [crypto.Signer].
func (k *handshakeKey) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return k.within(func() ([]byte, error) { return k.signer.Sign(random, digest, options) })
}

// SignMessage implements [crypto.MessageSigner].
func (k *handshakeMessageKey) SignMessage(random io.Reader, message []byte, options crypto.SignerOpts) ([]byte, error) {
	return k.within(func() ([]byte, error) { return k.signer.SignMessage(random, message, options) })
}

func (k *handshakeKey) within(sign func() ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	return within(ctx, k.slots, "the signer of the client's certificate", sign)
}
