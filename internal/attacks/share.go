// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package attacks

// Share says that one case in so many is run. Every outcome is looked at without the
// race detector, which takes ten times as long and finds as much in a part of them.
const Share = 1
