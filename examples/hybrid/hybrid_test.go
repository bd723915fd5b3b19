// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestScopeCeilings(t *testing.T) {
	t.Parallel()
	all := []string{readScope, writeScope, returnScope}
	for name, tc := range map[string]struct {
		ceilings ceilings
		says     string // nothing if all is as expected
	}{
		"as the example has it":   {ceilings{all[:2], []string{readScope, returnScope}}, ""},
		"partner may grant all":   {ceilings{all[:2], all}, "4 of 32 outcomes are not the expected ones"},
		"company may grant all":   {ceilings{all, []string{readScope, returnScope}}, "2 of 32 outcomes are not the expected ones"},
		"partner has no ceiling":  {ceilings{company: all[:2]}, "not every verifier says which scopes its issuer may grant"},
		"company has no ceiling":  {ceilings{partner: all[:1]}, "not every verifier says which scopes its issuer may grant"},
		"partner may grant none":  {ceilings{all[:2], []string{}}, "outcomes are not the expected ones"},
		"company may only return": {ceilings{all[2:], all[:1]}, "outcomes are not the expected ones"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), &out, tc.ceilings)
			if tc.says == "" {
				if err != nil || !strings.Contains(out.String(), "32 calls, 32 as expected") {
					t.Errorf("%v\n%s", err, out.String())
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q\n%s", err, tc.says, out.String())
			}
		})
	}
}
