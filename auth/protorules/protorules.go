// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package protorules reads the rules that stand beside the methods of a .proto
// file:
//
//	import "bearerkit/auth/v1/rule.proto";
//
//	rpc CreateWidget(CreateWidgetRequest) returns (Widget) {
//	  option (bearerkit.auth.v1.rule) = { all_scopes: "widgets.write" };
//	}
//
// A method's rule replaces its service's (bearerkit.auth.v1.service_rule) whole.
// A method with neither has no rule, and is denied.
package protorules

import (
	"errors"
	"fmt"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// From returns the rules of every service in these files, as generated code
// names them: protorules.From(widgetv1.File_widget_v1_widget_proto). It is an
// option for [auth.NewGuard], which reports what is wrong with them: no service
// in a file, an option written by a newer version of bearerkit, a value unknown
// here.
func From(files ...protoreflect.FileDescriptor) auth.GuardOption {
	return auth.RulesFrom(func() (auth.Rules, error) {
		rules := make(auth.Rules)
		for _, file := range files {
			if file == nil {
				return nil, errors.New("protorules: a nil file descriptor")
			}
			if file.Services().Len() == 0 {
				return nil, fmt.Errorf("protorules: %s defines no service; name the file that does", file.Path())
			}
			for i := range file.Services().Len() {
				if err := addService(rules, file.Services().Get(i)); err != nil {
					return nil, err
				}
			}
		}
		return rules, nil
	})
}

func addService(rules auth.Rules, service protoreflect.ServiceDescriptor) error {
	common, err := option(service, authv1.E_ServiceRule)
	if err != nil {
		return err
	}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		own, err := option(method, authv1.E_Rule)
		if err != nil {
			return err
		}
		if own == nil {
			own = common
		}
		if own == nil {
			continue
		}
		rule, err := convert(own)
		if err != nil {
			return fmt.Errorf("protorules: %s: %w", method.FullName(), err)
		}
		procedure := fmt.Sprintf("/%s/%s", service.FullName(), method.Name())
		if _, ok := rules[procedure]; ok {
			return fmt.Errorf("protorules: %s is named twice; give each file once", service.FullName())
		}
		rules[procedure] = rule
	}
	return nil
}

// option returns the rule among the options of a method or service, nil if
// there is none.
func option(d protoreflect.Descriptor, extension protoreflect.ExtensionType) (*authv1.Rule, error) {
	options := d.Options().ProtoReflect()
	if !options.IsValid() {
		return nil, nil
	}
	// Options parsed before the extension was known keep it as unknown bytes.
	// Reading them as "no rule" would deny; reading them as anything else would
	// be a guess.
	unparsed, err := parseUnknown(d, options.GetUnknown(), extension.TypeDescriptor().Number())
	if err != nil || !options.Has(extension.TypeDescriptor()) {
		return unparsed, err
	}
	if unparsed != nil {
		return nil, fmt.Errorf("protorules: %s: its rule option was parsed in part; generate its file again", d.FullName())
	}
	// Whoever parsed the options may have known the number as another type.
	message, _ := options.Get(extension.TypeDescriptor()).Interface().(protoreflect.Message)
	if message == nil {
		return nil, errOtherType(d)
	}
	rule, ok := message.Interface().(*authv1.Rule)
	if !ok {
		return nil, errOtherType(d)
	}
	return rule, nil
}

func errOtherType(d protoreflect.Descriptor) error {
	return fmt.Errorf("protorules: %s: the rule option is of another type; generate its file again", d.FullName())
}

func parseUnknown(d protoreflect.Descriptor, unknown protoreflect.RawFields, number protowire.Number) (*authv1.Rule, error) {
	var rule *authv1.Rule
	for len(unknown) > 0 {
		n, kind, size := protowire.ConsumeField(unknown)
		if size < 0 {
			return nil, fmt.Errorf("protorules: %s: its options are damaged", d.FullName())
		}
		if n == number {
			_, _, tag := protowire.ConsumeTag(unknown)
			value, length := protowire.ConsumeBytes(unknown[tag:size])
			if rule == nil {
				rule = new(authv1.Rule)
			}
			// The bytes of a number could pass for a message, even a public rule.
			if kind != protowire.BytesType || length < 0 || (proto.UnmarshalOptions{Merge: true}).Unmarshal(value, rule) != nil {
				return nil, fmt.Errorf("protorules: %s: its rule option cannot be read", d.FullName())
			}
		}
		unknown = unknown[size:]
	}
	return rule, nil
}

// convert refuses whatever this version does not understand: leaving it out
// would make the rule weaker than it was written.
func convert(r *authv1.Rule) (auth.Rule, error) {
	rule := auth.Rule{
		AllScopes: r.GetAllScopes(),
		AnyScope:  r.GetAnyScope(),
		Issuers:   r.GetIssuers(),
		Audiences: r.GetAudiences(),
		ACRValues: r.GetAcrValues(),

		Fresh:             r.GetFresh(),
		SenderConstrained: r.GetSenderConstrained(),
	}
	if len(r.ProtoReflect().GetUnknown()) > 0 {
		return rule, errNewer
	}
	for _, group := range r.GetScopeGroups() {
		if len(group.ProtoReflect().GetUnknown()) > 0 {
			return rule, errNewer
		}
		rule.ScopeGroups = append(rule.ScopeGroups, group.GetAnyScope())
	}
	if age := r.GetMaxAge(); age != nil {
		if len(age.ProtoReflect().GetUnknown()) > 0 {
			return rule, errNewer
		}
		if err := age.CheckValid(); err != nil || age.AsDuration() < time.Second {
			return rule, errors.New("max_age must be a second or more")
		}
		rule.MaxAge = age.AsDuration()
	}
	access, ok := accesses[r.GetAccess()]
	if !ok {
		return rule, fmt.Errorf("access %v: %w", r.GetAccess(), errNewer)
	}
	principal, ok := principals[r.GetPrincipal()]
	if !ok {
		return rule, fmt.Errorf("principal %v: %w", r.GetPrincipal(), errNewer)
	}
	rule.Access, rule.Principal = access, principal
	return rule, nil
}

var errNewer = errors.New("the rule was written for a newer version of bearerkit; update the module, or the rule would be weaker than it says")

var accesses = map[authv1.Access]auth.Access{
	authv1.Access_ACCESS_UNSPECIFIED: auth.AccessRequired,
	authv1.Access_ACCESS_REQUIRED:    auth.AccessRequired,
	authv1.Access_ACCESS_OPTIONAL:    auth.AccessOptional,
	authv1.Access_ACCESS_PUBLIC:      auth.AccessPublic,
}

var principals = map[authv1.Principal]auth.Principal{
	authv1.Principal_PRINCIPAL_UNSPECIFIED: auth.PrincipalUnknown,
	authv1.Principal_PRINCIPAL_USER:        auth.PrincipalUser,
	authv1.Principal_PRINCIPAL_CLIENT:      auth.PrincipalClient,
}
