// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package measure

import "runtime"

// Heap returns the bytes of objects that are in use.
func Heap() float64 {
	var m runtime.MemStats
	// What has a finalizer or sits in a pool takes more than one collection.
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
