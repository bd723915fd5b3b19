// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
)

// Rules are the rules by procedure, "/package.Service/Method". A procedure that
// is not in it is denied. Rules are a [GuardOption].
type Rules map[string]Rule

func (r Rules) applyGuard(g *guardConfig) error {
	for procedure, rule := range r {
		if !validProcedure(procedure) {
			return fmt.Errorf("auth: %q is not a procedure; write \"/package.Service/Method\", as the generated constants do", procedure)
		}
		if err := rule.validate(); err != nil {
			return fmt.Errorf("auth: rule for %s: %w", procedure, err)
		}
		if _, ok := g.rules[procedure]; ok {
			return fmt.Errorf("auth: two rules for %s; a procedure has one, so remove it from one of the sources", procedure)
		}
		g.rules[procedure] = rule.clone()
	}
	return nil
}

// RulesFrom is a [GuardOption] for a package that derives rules from something
// else. An error from load becomes the error of [NewGuard].
func RulesFrom(load func() (Rules, error)) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if load == nil {
			return errors.New("auth: RulesFrom(nil); give it a function")
		}
		rules, err := load()
		if err != nil {
			return err
		}
		return rules.applyGuard(g)
	})
}

// AllowHealth opens the standard health service to everybody: a load balancer
// has no token.
func AllowHealth() Rules {
	return Rules{
		"/grpc.health.v1.Health/Check": {Access: AccessPublic, preset: true},
		"/grpc.health.v1.Health/List":  {Access: AccessPublic, preset: true},
		"/grpc.health.v1.Health/Watch": {Access: AccessPublic, preset: true},
	}
}

// AllowReflection opens server reflection to everybody, and with it the names
// and types of every method.
func AllowReflection() Rules {
	return Rules{
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      {Access: AccessPublic, preset: true},
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {Access: AccessPublic, preset: true},
	}
}
