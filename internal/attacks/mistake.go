// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import "fmt"

// mistake ends the making of a case that says what cannot be made. [Case.Make]
// returns it as an error: the texts are nested, and every step of them can fail.
func mistake(args ...any) {
	panic(fmt.Sprint(args...)) //nolint:forbidigo // Case.Make recovers
}

func must(b []byte, err error) []byte {
	if err != nil {
		mistake(err)
	}
	return b
}
