// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"cmp"
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

// forEver bounds durations, far from where sums of them overflow.
const forEver = 365 * 24 * time.Hour

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
		{"MaxBackoff", &t.MaxBackoff, max(t.MinBackoff, min(time.Minute, cmp.Or(t.HardStop, time.Minute)))},
	} {
		if *f.value < 0 {
			return t, fmt.Errorf("negative Timings.%s; leave it zero for the default of %v", f.name, f.or)
		}
		if *f.value == 0 {
			*f.value = f.or
		}
	}
	for _, f := range []struct {
		name            string
		value, min, max time.Duration
	}{
		{"Fresh", t.Fresh, time.Second, forEver},
		{"MinFresh", t.MinFresh, time.Second, forEver},
		{"MaxFresh", t.MaxFresh, time.Second, forEver},
		{"HardStop", t.HardStop, time.Second, forEver},
		{"Cooldown", t.Cooldown, 10 * time.Millisecond, forEver},
		{"FetchTimeout", t.FetchTimeout, 100 * time.Millisecond, time.Minute},
		{"MinBackoff", t.MinBackoff, 10 * time.Millisecond, forEver},
		{"MaxBackoff", t.MaxBackoff, 10 * time.Millisecond, forEver},
	} {
		if f.value < f.min || f.value > f.max {
			return t, fmt.Errorf("of Timings, %s is %v; from %v to %v makes sense", f.name, f.value, f.min, f.max)
		}
	}
	for _, pair := range []struct {
		small, large string
		is, than     time.Duration
	}{
		{"Fresh", "HardStop", t.Fresh, t.HardStop},
		{"MaxFresh", "HardStop", t.MaxFresh, t.HardStop},
		{"MinFresh", "MaxFresh", t.MinFresh, t.MaxFresh},
		{"Fresh", "MaxFresh", t.Fresh, t.MaxFresh},
		{"MinBackoff", "MaxBackoff", t.MinBackoff, t.MaxBackoff},
		{"MaxBackoff", "HardStop", t.MaxBackoff, t.HardStop}, // or one failed fetch would be an outage
	} {
		if pair.is > pair.than {
			return t, fmt.Errorf("of Timings, %s of %v is above %s of %v; lower the one or raise the other", pair.small, pair.is, pair.large, pair.than)
		}
	}
	return t, nil
}

// clamp bounds how long the issuer wants its keys kept.
func (t Timings) clamp(fresh time.Duration) time.Duration {
	return min(max(fresh, t.MinFresh), t.MaxFresh)
}
