// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

// StreamTransport is what a transport does to end a [Stream]. Its methods must not
// block, and nothing of the Stream may be called in them.
type StreamTransport interface {
	// EndStream is called first, with the reason. It returns what the handler sees
	// from now on in place of messages: it becomes the cause of the handler's context.
	EndStream(*Error) error
	// WakeHandler is called when the handler's context is done, for a handler that is
	// blocked.
	WakeHandler()
}

// endFunc is the transport of OpenStream.
type endFunc func(*Error)

func (f endFunc) EndStream(e *Error) error {
	f(e)
	return e
}

func (endFunc) WakeHandler() {}
