// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/verifiertest"
)

// Scope is the one that guards of the corpus ask for. A good token has it.
const Scope = "read"

// short says that a token which is good lacks the scope.
var short = string(auth.ReasonScopeInsufficient) + "/" + string(auth.CheckRuleScopes)

// Forecast is what a judge says of a case without any guard, cache or network, on
// a clock that stands still.
type Forecast struct {
	// Verdict is what a guard should make of it, as in [Case.Expected]; empty for a
	// case of header fields, which a judge does not see.
	Verdict string
	// Good says which of [Made].Goods is good, or -1 if none is.
	Good int
	// Steady says that half a minute later it is the same, so that a clock which
	// does not stand still changes nothing.
	Steady bool
}

// patience is how much later a steady case is the same. Its tokens are used within
// less.
const patience = 30 * time.Second

// Forecast asks a judge.
func (c *Case) Forecast(t *testing.T, by Judge) (f Forecast) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m, err := c.Make()
		if err != nil {
			t.Fatal(err)
		}
		s := m.Scene(t)
		judge := func(token string) string {
			claims, err := verifiertest.Verify(t.Context(), s.Verifier(t, by), token)
			if err == nil && !claims.HasScope(Scope) {
				return short
			}
			return Verdict(err)
		}
		f.Good = slices.IndexFunc(m.Goods, func(token string) bool { return judge(token) == Accepted })
		if c.Fields != nil {
			f.Steady = true
			return
		}
		time.Sleep(time.Duration(c.Wait) * time.Second)
		f.Verdict = judge(m.Token)
		time.Sleep(patience)
		f.Steady = c.Wait == 0 && judge(m.Token) == f.Verdict
	})
	return f
}

// Verdict is what became of a token, or of a call, as the corpus spells it.
func Verdict(err error) string {
	if err == nil {
		return Accepted
	}
	e, ok := errors.AsType[*auth.Error](err)
	if !ok {
		return fmt.Sprintf("%T", err)
	}
	return fmt.Sprintf("%s/%s", e.Reason, e.Check)
}
