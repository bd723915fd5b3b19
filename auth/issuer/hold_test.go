// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func TestHolds(t *testing.T) {
	hour := func(*authtest.Issuer) { time.Sleep(time.Hour) }
	for name, tc := range map[string]struct {
		kid    bool
		change func(f *authtest.Issuer)
		holds  bool
	}{
		"nothing happens":            {true, func(*authtest.Issuer) {}, true},
		"an hour, and new snapshots": {true, hour, true},
		"another key":                {true, func(f *authtest.Issuer) { f.Rotate(); hour(f) }, true},
		"withdrawn":                  {true, func(f *authtest.Issuer) { old := f.KeyID(); f.Rotate(); f.WithdrawKey(old); hour(f) }, false},
		"replaced under its name":    {true, func(f *authtest.Issuer) { f.ReplaceKey(f.KeyID()); hour(f) }, false},
		"not noticed yet":            {true, func(f *authtest.Issuer) { f.ReplaceKey(f.KeyID()) }, true},
		"stale":                      {true, func(f *authtest.Issuer) { f.FailAlways(authtest.JWKS, authtest.Status(500)); time.Sleep(3 * time.Hour) }, true},
		"past the hard stop":         {true, func(f *authtest.Issuer) { f.FailAlways(authtest.JWKS, authtest.Status(500)); time.Sleep(5 * time.Hour) }, false},
		"the only key":               {false, hour, true},
		"one of two, without kid":    {false, func(f *authtest.Issuer) { f.AddKey("ES256"); hour(f) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				i := open(t, f)
				kid := ""
				if tc.kid {
					kid = f.KeyID()
				}
				public := f.Key(f.KeyID()).Public()
				if i.Holds(kid, "ES256", public)(time.Now()) {
					t.Error("holds before anything was fetched")
				}
				read(t.Context(), i, f.KeyID())
				holds := i.Holds(kid, "ES256", public)
				if again := holds(time.Now()); !again || !holds(time.Now()) || i.Holds(kid, "RS256", public)(time.Now()) {
					t.Fatal("does not hold at once, or for another algorithm")
				}
				tc.change(f)
				for range 2 {
					if holds(time.Now()) != tc.holds {
						t.Errorf("holds %v", !tc.holds)
					}
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		holds := i.Holds(f.KeyID(), "ES256", f.Key(f.KeyID()).Public())
		before := requests(f)
		i.Distrust(f.KeyID())
		if holds(time.Now()) {
			t.Error("a distrusted key holds")
		}
		want(t, "requests", requests(f), before)
	})
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		holds := i.Holds(f.KeyID(), "ES256", f.Key(f.KeyID()).Public())
		_ = i.Close()
		if holds(time.Now()) {
			t.Error("holds, and nobody would hear of its withdrawal")
		}
		want(t, "used until its hard stop all the same", read(t.Context(), i, f.KeyID()), "found")
	})
}
