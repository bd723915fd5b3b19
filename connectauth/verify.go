// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Verify reports every method of these services that has no rule, and every
// rule that is for none of their methods. connect-go keeps no list of handlers, so name the
// services that the mux serves, as generated code has them:
// widgetv1.File_widget_v1_widget_proto.Services().Get(0). Do not serve if it
// returns an error. The error names all faults.
//
// It also reports streaming methods that no [Middleware] of the guard was made for
// so far: their streams end with their tokens only between two messages.
func Verify(guard *auth.Guard, services ...protoreflect.ServiceDescriptor) error {
	var served []string
	var faults []error
	for _, service := range services {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			procedure := fmt.Sprintf("/%s/%s", service.FullName(), method.Name())
			served = append(served, procedure)
			if (method.IsStreamingClient() || method.IsStreamingServer()) && guard.EndsStreams() && guard.ReadsCredentials(procedure) && !lends(guard) {
				faults = append(faults, fmt.Errorf("connectauth: a handler of %s that waits for its client would not see its token expire; "+
					"wrap the mux in connectauth.Middleware(guard), and call Verify after that", procedure))
			}
		}
	}
	return errors.Join(append([]error{guard.Coverage(served...)}, faults...)...)
}

// lenders has the guards that a middleware was made for. It keeps none of them.
var lenders sync.Map // of weak.Pointer[auth.Guard]

func lending(guard *auth.Guard) {
	key := weak.Make(guard)
	if _, known := lenders.LoadOrStore(key, true); !known && guard != nil {
		runtime.AddCleanup(guard, func(key weak.Pointer[auth.Guard]) { lenders.Delete(key) }, key)
	}
}

func lends(guard *auth.Guard) bool {
	_, ok := lenders.Load(weak.Make(guard))
	return ok
}
