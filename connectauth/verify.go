// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Verify reports every method of these services that has no rule, and every
// rule that is for none of their methods. connect-go keeps no list of handlers, so name the
// services that the mux serves, as generated code has them:
// widgetv1.File_widget_v1_widget_proto.Services().Get(0). Do not serve if it
// returns an error. The error names all faults.
func Verify(guard *auth.Guard, services ...protoreflect.ServiceDescriptor) error {
	var served []string
	for _, service := range services {
		for i := range service.Methods().Len() {
			served = append(served, fmt.Sprintf("/%s/%s", service.FullName(), service.Methods().Get(i).Name()))
		}
	}
	return guard.Coverage(served...)
}
