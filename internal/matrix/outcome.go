// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// Outcome is the answer to one call, in the same form for every transport.
type Outcome struct {
	// Transport, if set, says how the transport itself refused: no RPC took
	// place. HTTPStatus may be set beside it.
	Transport string
	// HTTPStatus is the status of the response, and Header its leading header.
	HTTPStatus int
	Header     http.Header
	// Code is the RPC's status code.
	Code codes.Code
	// Message is the RPC's error message.
	Message string
	// Info and Retry are details of the error, if it has them.
	Info  *errdetails.ErrorInfo
	Retry *errdetails.RetryInfo
	// Challenges are the WWW-Authenticate values in the leading header.
	Challenges []string
	// MetaChallenges are those in the error's own metadata, for transports
	// where they are not a leading header.
	MetaChallenges []string
	// Handled reports whether a handler ran.
	Handled bool
	// Bytes is everything that came back, to search for what must not.
	Bytes []byte
}

// Reason is the ErrorInfo's reason.
func (o Outcome) Reason() string { return o.Info.GetReason() }

// RetryAfter is the RetryInfo's delay.
func (o Outcome) RetryAfter() time.Duration { return o.Retry.GetRetryDelay().AsDuration() }

func readOutcome(over Transport, r *rawResponse) Outcome {
	o := Outcome{HTTPStatus: r.status, Header: r.header, Challenges: r.header["Www-Authenticate"], Bytes: dump(r)}
	switch over.Protocol {
	case GRPC:
		if r.status != http.StatusOK {
			o.Transport = http.StatusText(r.status)
			return o
		}
		status := r.header
		if r.trailer != nil {
			status = r.trailer
		}
		o.readGRPC(status)
	case GRPCWeb:
		o.readGRPCWeb(r)
	case ConnectStream:
		o.readConnectStream(r)
	default:
		o.readConnect(r)
	}
	return o
}

func dump(r *rawResponse) []byte {
	var b bytes.Buffer
	_ = r.header.Write(&b)
	b.Write(r.body)
	_ = r.trailer.Write(&b)
	return b.Bytes()
}

func (o *Outcome) readGRPC(status http.Header) {
	n, err := strconv.Atoi(status.Get("Grpc-Status"))
	if err != nil {
		o.Transport = "no grpc-status"
		return
	}
	o.Code = codes.Code(n)
	if o.Message, err = url.PathUnescape(status.Get("Grpc-Message")); err != nil {
		o.Transport = "bad grpc-message"
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(status.Get("Grpc-Status-Details-Bin"), "="))
	var s spb.Status
	if err != nil || proto.Unmarshal(raw, &s) != nil {
		o.Transport = "bad grpc-status-details-bin"
		return
	}
	for _, d := range s.GetDetails() {
		o.readDetail(strings.TrimPrefix(d.GetTypeUrl(), "type.googleapis.com/"), d.GetValue())
	}
}

func (o *Outcome) readDetail(name string, value []byte) {
	var info errdetails.ErrorInfo
	var retry errdetails.RetryInfo
	switch {
	case name == "google.rpc.ErrorInfo" && proto.Unmarshal(value, &info) == nil:
		o.Info = &info
	case name == "google.rpc.RetryInfo" && proto.Unmarshal(value, &retry) == nil:
		o.Retry = &retry
	}
}

func (o *Outcome) readGRPCWeb(r *rawResponse) {
	if r.status != http.StatusOK {
		o.Transport = http.StatusText(r.status)
		return
	}
	if r.header.Get("Grpc-Status") != "" {
		o.readGRPC(r.header)
		return
	}
	const trailers = 0x80
	block, ok := lastFrame(r.body, trailers)
	if !ok {
		o.Transport = "no trailers frame"
		return
	}
	status, err := textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(block), strings.NewReader("\r\n")))).ReadMIMEHeader()
	if err != nil {
		o.Transport = "bad trailers frame"
		return
	}
	o.readGRPC(http.Header(status))
}

// connectError is a Connect error in JSON.
type connectError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"details"`
}

func (o *Outcome) readConnectError(e connectError) {
	o.Message = e.Message
	if err := o.Code.UnmarshalJSON([]byte(strconv.Quote(strings.ToUpper(e.Code)))); err != nil {
		o.Transport = "unknown code " + e.Code
	}
	for _, d := range e.Details {
		value, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(d.Value, "="))
		if err != nil {
			o.Transport = "bad error detail"
		}
		o.readDetail(d.Type, value)
	}
}

func (o *Outcome) readConnect(r *rawResponse) {
	if r.status == http.StatusOK {
		return
	}
	var e connectError
	if json.Unmarshal(r.body, &e) != nil || e.Code == "" {
		o.Transport = http.StatusText(r.status)
		return
	}
	o.readConnectError(e)
}

func (o *Outcome) readConnectStream(r *rawResponse) {
	if r.status != http.StatusOK {
		o.Transport = http.StatusText(r.status)
		return
	}
	const endStream = 0x02
	block, ok := lastFrame(r.body, endStream)
	var end struct {
		Error    *connectError       `json:"error"`
		Metadata map[string][]string `json:"metadata"`
	}
	if !ok || json.Unmarshal(block, &end) != nil {
		o.Transport = "no end of stream"
		return
	}
	for name, values := range end.Metadata {
		if strings.EqualFold(name, "www-authenticate") {
			o.MetaChallenges = values
		}
	}
	if end.Error != nil {
		o.readConnectError(*end.Error)
	}
}

// lastFrame returns the payload of the first frame with this flag.
func lastFrame(body []byte, flag byte) ([]byte, bool) {
	for len(body) >= 5 {
		size := int(binary.BigEndian.Uint32(body[1:5]))
		if len(body) < 5+size {
			return nil, false
		}
		if body[0]&flag != 0 {
			return body[5 : 5+size], true
		}
		body = body[5+size:]
	}
	return nil, false
}
