// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Coverage compares the rules with what a server serves: every procedure it
// serves must have a rule, and every rule must be for a procedure it serves
// (those of [AllowHealth] and [AllowReflection] need not). The error names every
// fault and what to write. The Verify functions of the adapters call it.
func (g *Guard) Coverage(served ...string) error {
	if g == nil {
		return errors.New("auth: nil Guard; check the error of NewGuard")
	}
	var faults []error
	for _, procedure := range slices.Sorted(slices.Values(served)) {
		if _, ok := g.rules[procedure]; !ok {
			faults = append(faults, fmt.Errorf("auth: no rule for %s, so every call of it is denied; "+
				"add `option (bearerkit.auth.v1.rule) = {...};` to the method %s, or %q: {...} to the auth.Rules",
				procedure, procedure[strings.LastIndexByte(procedure, '/')+1:], procedure))
		}
	}
	for _, procedure := range slices.Sorted(maps.Keys(g.rules)) {
		if !g.rules[procedure].preset && !slices.Contains(served, procedure) {
			faults = append(faults, fmt.Errorf("auth: a rule for %s, which the server does not serve; correct its name or remove the rule", procedure))
		}
	}
	return errors.Join(faults...)
}
