// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/bench/contestant"
)

// Machine is what the numbers were taken on, as far as it matters.
type Machine struct {
	CPU   string
	Cores int
	Go    string
	OS    string
}

// Module is a module and its version.
type Module struct{ Path, Version string }

func thisMachine() Machine {
	return Machine{CPU: cpuModel(), Cores: runtime.GOMAXPROCS(0), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
}

// cpuModel returns what the system calls the processor.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// versions returns the versions that were linked of the modules whose numbers
// are shown.
func versions() []Module {
	wanted := []string{"google.golang.org/grpc", "connectrpc.com/connect", "github.com/maypok86/otter/v2"}
	for _, c := range contestant.All() {
		wanted = append(wanted, c.Modules...)
	}
	var out []Module
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if slices.Contains(wanted, d.Path) {
				out = append(out, Module{Path: d.Path, Version: d.Version})
			}
		}
	}
	return out
}
