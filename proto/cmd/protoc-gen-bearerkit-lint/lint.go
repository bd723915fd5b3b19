// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// lint returns every fault of the services to generate as one error, which
// becomes that of the response.
func lint(plugin *protogen.Plugin, p *parameters) error {
	// Nothing here depends on the syntax of a file, so every edition that
	// protogen can read will do.
	plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL | pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
	plugin.SupportedEditionsMinimum = descriptorpb.Edition_EDITION_PROTO2
	plugin.SupportedEditionsMaximum = descriptorpb.Edition_EDITION_2024

	var faults []string
	for _, file := range plugin.Files {
		if !file.Generate {
			continue
		}
		for _, service := range file.Services {
			if !slices.Contains(p.exclude, string(service.Desc.FullName())) {
				faults = append(faults, lintService(file, service, p)...)
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	// The compiler puts its own words before the first line.
	return errors.New("rules of methods are missing or wrong:\n" + strings.Join(faults, "\n"))
}

func lintService(file *protogen.File, service *protogen.Service, p *parameters) []string {
	var faults []string
	common := false
	if len(service.Methods) > 0 {
		// Which method it is asked for makes no difference to a service_rule.
		present, err := probe(file, service.Methods[0], serviceOptions(service), nil, p)
		if err != nil {
			faults = append(faults, fault(service.Desc, "%s of service %s, asked for its first method: %v",
				authv1.E_ServiceRule.TypeDescriptor().FullName(), service.Desc.FullName(), err))
		}
		common = present || err != nil
	}
	for _, method := range service.Methods {
		own, err := probe(file, method, nil, methodOptions(method), p)
		switch {
		case err != nil:
			faults = append(faults, fault(method.Desc, "%v", err))
		case !own && !common:
			faults = append(faults, fault(method.Desc, "%s has no rule, so every call of it is denied; %s", method.Desc.FullName(), remedy(file)))
		}
	}
	return faults
}

func serviceOptions(service *protogen.Service) *descriptorpb.ServiceOptions {
	o, _ := service.Desc.Options().(*descriptorpb.ServiceOptions)
	return o
}

func methodOptions(method *protogen.Method) *descriptorpb.MethodOptions {
	o, _ := method.Desc.Options().(*descriptorpb.MethodOptions)
	return o
}

// remedy says what to write. The scope in it is one that no token has: pasted
// as it stands, the line still lets nobody in.
func remedy(file *protogen.File) string {
	text := fmt.Sprintf("add to the method the line `option (%s) = { all_scopes: \"SCOPE\" };`, or a (%s) to its service",
		authv1.E_Rule.TypeDescriptor().FullName(), authv1.E_ServiceRule.TypeDescriptor().FullName())
	if path := authv1.File_bearerkit_auth_v1_rule_proto.Path(); !slices.Contains(file.Proto.GetDependency(), path) {
		text += fmt.Sprintf(", and to the file the line `import %q;`", path)
	}
	return text
}

// fault puts the place of d before a message, as compilers do.
func fault(d protoreflect.Descriptor, format string, arguments ...any) string {
	place := d.ParentFile().Path()
	// Compilers may leave the positions out.
	if at := d.ParentFile().SourceLocations().ByDescriptor(d); at.Path != nil {
		place = fmt.Sprintf("%s:%d:%d", place, at.StartLine+1, at.StartColumn+1)
	}
	// Joined errors are of several lines, and every line needs its place.
	return place + ": " + strings.ReplaceAll(fmt.Sprintf(format, arguments...), "\n", "; ")
}
