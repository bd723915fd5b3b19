// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package conformance

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps signals for this process's group, such as an interrupt typed
// at a terminal, from the server: it ends after the tests, not with them.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
