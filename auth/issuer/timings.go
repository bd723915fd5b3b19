// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Timings say how keys age and how often an issuer may be asked.
type Timings struct {
	// Fresh is how long fetched keys count as fresh if the issuer does not say
	// (RFC 9111 section 5.2.2.1); they are fetched again when 80 percent of it
	// have passed. Default 10 minutes, at least a second.
	Fresh time.Duration
	// MinFresh and MaxFresh bound what the issuer says. Defaults 1 minute and 1
	// hour, or Fresh and HardStop where those are narrower.
	MinFresh, MaxFresh time.Duration
	// HardStop is how long after the last successful fetch keys are used at
	// all. Default 4 hours, at least Fresh.
	HardStop time.Duration
	// Cooldown is the least time between two fetches made because a token named
	// an unknown key. Default 10 seconds.
	Cooldown time.Duration
	// FetchTimeout bounds one request. Default 5 seconds.
	FetchTimeout time.Duration
	// MinBackoff and MaxBackoff bound the wait after a failed fetch, which
	// doubles from one failure to the next. Defaults 1 second and 1 minute.
	MinBackoff, MaxBackoff time.Duration
}

func (t Timings) withDefaults() (Timings, error) {
	for _, f := range []struct {
		name  string
		value *time.Duration
		or    time.Duration
	}{
		{"Fresh", &t.Fresh, 10 * time.Minute},
		{"HardStop", &t.HardStop, 4 * time.Hour},
		{"MinFresh", &t.MinFresh, min(time.Minute, cmp.Or(t.Fresh, time.Minute))},
		{"MaxFresh", &t.MaxFresh, min(max(time.Hour, t.Fresh), cmp.Or(t.HardStop, time.Hour))},
		{"Cooldown", &t.Cooldown, 10 * time.Second},
		{"FetchTimeout", &t.FetchTimeout, 5 * time.Second},
		{"MinBackoff", &t.MinBackoff, time.Second},
		{"MaxBackoff", &t.MaxBackoff, time.Minute},
	} {
		if *f.value < 0 {
			return t, fmt.Errorf("negative Timings.%s; leave it zero for the default of %v", f.name, f.or)
		}
		if *f.value == 0 {
			*f.value = f.or
		}
	}
	switch {
	case t.Fresh < time.Second:
		return t, errors.New("a Timings.Fresh below a second would flood the issuer; raise it")
	case t.HardStop < t.Fresh || t.HardStop < t.MaxFresh:
		return t, fmt.Errorf("a Timings.HardStop of %v is below a Timings.Fresh of %v or a MaxFresh of %v; keys would be refused before they are refreshed", t.HardStop, t.Fresh, t.MaxFresh)
	case t.MinFresh < time.Second || t.MaxFresh < t.MinFresh:
		return t, fmt.Errorf("Timings.MinFresh %v and MaxFresh %v are no range above a second", t.MinFresh, t.MaxFresh)
	case t.MaxBackoff < t.MinBackoff:
		return t, fmt.Errorf("a Timings.MaxBackoff of %v is below a Timings.MinBackoff of %v; raise it", t.MaxBackoff, t.MinBackoff)
	}
	return t, nil
}

// clamp bounds how long the issuer wants its keys kept.
func (t Timings) clamp(fresh time.Duration) time.Duration {
	return min(max(fresh, t.MinFresh), t.MaxFresh)
}
