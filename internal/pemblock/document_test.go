// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package pemblock_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/pemblock"
)

// read returns the blocks before the error, and that there is nothing behind it.
func read(t testing.TB, document []byte, size int) (blocks []*pem.Block, err error) {
	t.Helper()
	for block, problem := range pemblock.All(document, size) {
		switch {
		case err != nil:
			t.Errorf("%v behind the error %v", block, err)
		case (problem == nil) != (block != nil):
			t.Errorf("block %v with error %v", block, problem)
		case problem != nil:
			err = problem
		default:
			blocks = append(blocks, block)
		}
	}
	return blocks, err
}

const (
	one   = "-----BEGIN ONE-----\nMTE=\n-----END ONE-----\n"
	two   = "-----BEGIN TWO-----\nname: x\n\nMjI=\n-----END TWO-----\n"
	empty = "-----BEGIN NIL-----\n-----END NIL-----\n"
)

// documents are PEM and what is no PEM.
var documents = []struct {
	name, document string
	blocks         string // types and contents
	says           string // the error; empty if there is none
}{
	{"one block", one, "ONE 11", ""},
	{"two blocks", one + two, "ONE 11, TWO 22 name=x", ""},
	{"a block with nothing in it", empty + one, "NIL , ONE 11", ""},
	{"the same block twice", one + one, "ONE 11, ONE 11", ""},
	{"text before", "a key:\n" + one, "ONE 11", ""},
	{"text between", one + "\nand a second:\n" + two, "ONE 11, TWO 22 name=x", ""},
	{"space behind", one + " \n\t\r\n", "ONE 11", ""},
	{"CRLF", strings.ReplaceAll(one+two, "\n", "\r\n"), "ONE 11, TWO 22 name=x", ""},
	{"no line break behind", strings.TrimSuffix(one, "\n"), "ONE 11", ""},

	{"nothing", "", "", "no PEM block"},
	{"space", " \n", "", "no PEM block"},
	{"text", "hunter2", "", "no PEM block"},
	{"the end alone", "-----END ONE-----\n", "", "no PEM block"},
	{"text behind", one + "hunter2", "ONE 11", "something else than PEM blocks at the end"},
	{"a zero byte behind", one + "\x00", "ONE 11", "something else than PEM blocks at the end"},
	{"an end behind", one + "-----END ONE-----\n", "ONE 11", "something else than PEM blocks at the end"},
	{"no base64", strings.Replace(one, "MTE", "!TE", 1), "", "a damaged PEM block"},
	{"no base64, and a good block", strings.Replace(one, "MTE", "!TE", 1) + two, "TWO 22 name=x", "a damaged PEM block"},
	{"no base64 behind a good block", two + strings.Replace(one, "MTE", "!TE", 1), "TWO 22 name=x", "a damaged PEM block"},
	{"another's end", strings.Replace(one, "END ONE", "END TWO", 1), "", "a damaged PEM block"},
	{"cut off", one + two[:len(two)/2], "ONE 11", "a damaged PEM block"},
	{"cut off, and a good block", one[:len(one)/2] + "\n" + two, "TWO 22 name=x", "a damaged PEM block"},
	{"not at the start of a line", "key: " + one + two, "TWO 22 name=x", "a damaged PEM block"},
	{"within a header", strings.Replace(two, "name: x", "name: -----BEGIN ONE-----", 1), "", "a damaged PEM block"},
	{"too large", one + strings.Repeat("\n", 1<<10), "", "more than 1024 bytes of PEM"},
}

func TestAll(t *testing.T) {
	for _, tc := range documents {
		t.Run(tc.name, func(t *testing.T) {
			blocks, err := read(t, []byte(tc.document), 1<<10)
			var got []string
			for _, b := range blocks {
				line := b.Type + " " + string(b.Bytes)
				for name, value := range b.Headers {
					line += " " + name + "=" + value
				}
				got = append(got, line)
			}
			if said := fmt.Sprint(err); strings.Join(got, ", ") != tc.blocks || said != tc.says && (err != nil || tc.says != "") {
				t.Errorf("got %q and %v, want %q and %q", got, err, tc.blocks, tc.says)
			}
		})
	}
}

// A document may have as many bytes as it is allowed.
func TestSize(t *testing.T) {
	for size, good := range map[int]bool{len(one) - 1: false, len(one): true, len(one) + 1: true} {
		if _, err := read(t, []byte(one), size); (err == nil) != good {
			t.Errorf("%d bytes, of which %d may be: %v", len(one), size, err)
		}
	}
}

// Who leaves the loop is not called again.
func TestLeave(t *testing.T) {
	for block, err := range pemblock.All([]byte(one+two+"x"), 1<<10) {
		if err != nil || block.Type != "ONE" {
			t.Fatalf("%v %v", block, err)
		}
		break
	}
}

// Every block that a good document begins is there, and the blocks are a document
// again. Of another, nothing is in the error.
func FuzzAll(f *testing.F) {
	known := []string{"<nil>", "more than 4096 bytes of PEM"}
	for _, d := range documents {
		f.Add([]byte(d.document))
		known = append(known, d.says)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		blocks, err := read(t, document, 4<<10)
		if !slices.Contains(known, fmt.Sprint(err)) {
			t.Errorf("an error of another kind: %v", err)
		}
		if err != nil {
			return
		}
		if n := bytes.Count(document, []byte("-----BEGIN ")); len(blocks) == 0 || len(blocks) != n {
			t.Errorf("%d blocks of %d", len(blocks), n)
		}
		var again bytes.Buffer
		for _, b := range blocks {
			if err := pem.Encode(&again, b); err != nil {
				return // a header that can be read and not written
			}
		}
		second, err := read(t, again.Bytes(), 8<<10)
		if err != nil || len(second) != len(blocks) {
			t.Fatalf("%d blocks, and %d the second time: %v", len(blocks), len(second), err)
		}
		for n := range blocks {
			if blocks[n].Type != second[n].Type || !bytes.Equal(blocks[n].Bytes, second[n].Bytes) {
				t.Errorf("block %d is another the second time", n+1)
			}
		}
	})
}
