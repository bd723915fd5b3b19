// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"testing"
)

func TestUndecided(t *testing.T) {
	var events []Event
	verify := VerifierFunc(func(context.Context, Credential) (*Claims, error) { return nil, ErrNotHandled })
	g, err := NewGuard(verify, Rules{"/a.B/C": {}}, WithObserver(ObserverFunc(func(_ context.Context, e Event) { events = append(events, e) })))
	if err != nil {
		t.Fatal(err)
	}
	for _, guard := range []*Guard{g, nil} {
		e := guard.Undecided(t.Context(), "/a.B/C")
		if e.Kind.String() != "internal" || e.Reason != "" || e.Check != CheckUndecided || e.Error() != "internal" {
			t.Errorf("%+v", e)
		}
	}
	if len(events) != 1 || events[0].Name != EventUndecided || events[0].Procedure != "/a.B/C" || events[0].Error == nil {
		t.Errorf("events %+v", events)
	}
	if events[0].level().String() != "WARN" {
		t.Errorf("logged at %v", events[0].level())
	}
}
