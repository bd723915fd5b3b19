// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// exchange is one call of the conformance service, as a library hands it over.
// What the service has to do is written in the suite's service.proto.
type exchange struct {
	method  protoreflect.MethodDescriptor
	header  map[string][]string // of the request
	query   map[string][]string // of a GET
	receive func() (protoreflect.Message, error)
	// setHeader and setTrailer add to those of the response.
	setHeader, setTrailer func(name string, values []string)
	// open sends the header at once. It and send are there for streams of
	// responses only.
	open func() error
	send func(proto.Message) error
}

// failure is an error that the client asked for.
type failure struct {
	code    uint32
	message string
	details []*anypb.Any
}

func (f *failure) Error() string { return fmt.Sprintf("code %d: %s", f.code, f.message) }

// definition says how to answer. It is the first request's.
type definition struct {
	data  [][]byte
	delay time.Duration
	fail  *failure
}

// define reads a definition and sets the metadata that it asks for.
func (x *exchange) define(request protoreflect.Message) definition {
	if !has(request, "response_definition") {
		return definition{}
	}
	m := get(request, "response_definition").Message()
	d := definition{delay: time.Duration(get(m, "response_delay_ms").Uint()) * time.Millisecond}
	if f := field(m, "response_data"); f.IsList() {
		list := m.Get(f).List()
		for i := range list.Len() {
			d.data = append(d.data, list.Get(i).Bytes())
		}
	} else if m.Has(f) {
		d.data = [][]byte{m.Get(f).Bytes()}
	}
	if has(m, "error") {
		e := get(m, "error").Message()
		d.fail = &failure{code: uint32(get(e, "code").Enum()), message: get(e, "message").String()}
		each(e, "details", func(detail protoreflect.Message) {
			d.fail.details = append(d.fail.details, &anypb.Any{TypeUrl: get(detail, "type_url").String(), Value: get(detail, "value").Bytes()})
		})
	}
	each(m, "response_headers", func(h protoreflect.Message) { x.setHeader(pair(h)) })
	each(m, "response_trailers", func(h protoreflect.Message) { x.setTrailer(pair(h)) })
	return d
}

func pair(header protoreflect.Message) (string, []string) {
	list := get(header, "value").List()
	values := make([]string, list.Len())
	for i := range values {
		values[i] = list.Get(i).String()
	}
	return get(header, "name").String(), values
}

// one answers methods with a single response.
func (x *exchange) one(ctx context.Context) (proto.Message, error) {
	if x.method.Name() == "Unimplemented" {
		const unimplemented = 12
		return nil, &failure{code: unimplemented, message: "not implemented"}
	}
	var d definition
	var requests []*anypb.Any
	for first := true; ; first = false {
		request, err := x.next(&requests)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if first {
			d = x.define(request)
		}
	}
	if err := wait(ctx, d.delay); err != nil {
		return nil, err
	}
	if d.fail != nil {
		return nil, x.explain(ctx, d.fail, requests)
	}
	var data []byte
	if len(d.data) > 0 {
		data = d.data[0]
	}
	return x.response(data, x.info(ctx, requests)), nil
}

// many answers methods with a stream of responses.
func (x *exchange) many(ctx context.Context) error {
	var d definition
	var requests []*anypb.Any
	sent, duplex := 0, false
	respond := func(info protoreflect.Message) error {
		if err := wait(ctx, d.delay); err != nil {
			return err
		}
		data := d.data[sent]
		sent++
		return x.send(x.response(data, info))
	}
	for first := true; ; first = false {
		request, err := x.next(&requests)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if first {
			d, duplex = x.define(request), has(request, "full_duplex")
			if duplex && len(d.data) > 0 {
				if err := x.open(); err != nil {
					return err
				}
			}
		}
		if !duplex {
			continue
		}
		if sent == len(d.data) {
			break
		}
		info := x.infoOf(requests)
		if sent == 0 {
			info = x.info(ctx, requests)
		}
		if err := respond(info); err != nil {
			return err
		}
		requests = nil
	}
	if !duplex && len(d.data) > 0 {
		if err := x.open(); err != nil {
			return err
		}
	}
	for sent < len(d.data) {
		var info protoreflect.Message
		if sent == 0 {
			info = x.info(ctx, requests)
		}
		if err := respond(info); err != nil {
			return err
		}
	}
	switch {
	case d.fail == nil:
		return nil
	case sent == 0:
		return x.explain(ctx, d.fail, requests)
	default:
		return d.fail
	}
}

// next reads a request and adds it to those that are echoed.
func (x *exchange) next(requests *[]*anypb.Any) (protoreflect.Message, error) {
	m, err := x.receive()
	if err != nil {
		return nil, err
	}
	wrapped, err := wrap(m)
	if err != nil {
		return nil, err
	}
	*requests = append(*requests, wrapped)
	return m, nil
}

// explain adds to an error what would have been in a response.
func (x *exchange) explain(ctx context.Context, f *failure, requests []*anypb.Any) error {
	info, err := wrap(x.info(ctx, requests))
	if err != nil {
		return err
	}
	f.details = append(f.details, info)
	return f
}

// response returns a message of the method's type.
func (x *exchange) response(data []byte, info protoreflect.Message) proto.Message {
	m := newMessage(x.method.Output())
	payload := part(m, "payload")
	if len(data) > 0 {
		set(payload, "data", protoreflect.ValueOfBytes(data))
	}
	if info != nil {
		set(payload, "request_info", protoreflect.ValueOfMessage(info))
	}
	return m.Interface()
}

// info is what was seen of the call.
func (x *exchange) info(ctx context.Context, requests []*anypb.Any) protoreflect.Message {
	info := x.infoOf(requests)
	if deadline, ok := ctx.Deadline(); ok {
		set(info, "timeout_ms", protoreflect.ValueOfInt64(max(0, time.Until(deadline).Milliseconds())))
	}
	addHeaders(info, "request_headers", x.header)
	if len(x.query) > 0 {
		addHeaders(part(info, "connect_get_info"), "query_params", x.query)
	}
	return info
}

// infoOf is about the requests alone.
func (x *exchange) infoOf(requests []*anypb.Any) protoreflect.Message {
	payload := newMessage(x.method.Output().Fields().ByName("payload").Message())
	info := newMessage(field(payload, "request_info").Message())
	list := info.Mutable(field(info, "requests")).List()
	for _, r := range requests {
		request := list.AppendMutable().Message()
		set(request, "type_url", protoreflect.ValueOfString(r.GetTypeUrl()))
		set(request, "value", protoreflect.ValueOfBytes(r.GetValue()))
	}
	return info
}

// notEchoed are header fields that differ from run to run: the address of the
// server, and the credential that these tests put in front of a guard. Without
// them answers can be compared. The clients do not look for them.
var notEchoed = []string{"host", ":authority", "authorization"}

// addHeaders adds header fields, sorted by name.
func addHeaders(m protoreflect.Message, name protoreflect.Name, fields map[string][]string) {
	list := m.Mutable(field(m, name)).List()
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(notEchoed, strings.ToLower(key)) {
			continue
		}
		h := list.AppendMutable().Message()
		set(h, "name", protoreflect.ValueOfString(key))
		values := h.Mutable(field(h, "value")).List()
		for _, v := range fields[key] {
			values.Append(protoreflect.ValueOfString(v))
		}
	}
}

// wrap returns an Any with the same bytes every time.
func wrap(m protoreflect.Message) (*anypb.Any, error) {
	wrapped := new(anypb.Any)
	return wrapped, anypb.MarshalFrom(wrapped, m.Interface(), proto.MarshalOptions{Deterministic: true})
}

// wait sleeps, or ends with the call.
func wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
