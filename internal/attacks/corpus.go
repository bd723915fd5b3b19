// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed corpus
var corpus embed.FS

// Corpus returns all cases, in the order of their files and lines.
func Corpus() ([]*Case, error) {
	_ = keyring() // outside of the bubbles in which it is used
	files, err := fs.Glob(corpus, "corpus/*.json")
	if err != nil {
		return nil, err
	}
	var all []*Case
	seen := make(map[string]bool)
	for _, file := range files {
		content, err := corpus.ReadFile(file)
		if err != nil {
			return nil, err
		}
		list, err := read(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, c := range list {
			c.File = strings.TrimSuffix(path.Base(file), ".json")
			if err := c.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			if seen[c.String()] {
				return nil, fmt.Errorf("%s: there twice", c)
			}
			seen[c.String()] = true
		}
		all = append(all, list...)
	}
	return all, nil
}

// README returns the text that says what the cases and their ids mean.
func README() string {
	text, err := corpus.ReadFile("corpus/README.md")
	if err != nil {
		mistake(err)
	}
	return string(text)
}

func read(content []byte) ([]*Case, error) {
	var list []*Case
	d := json.NewDecoder(bytes.NewReader(content))
	// A member that is not known would make the case another one than its author
	// thought of.
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("before byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one array")
	}
	return list, nil
}

// check finds cases that say nothing, or what contradicts itself.
func (c *Case) check() error {
	header := c.Header != nil || c.HeaderRaw != nil || c.HeaderWithout != nil || c.HeaderText != nil
	switch {
	case c.ID == "" || c.Name == "" || c.Expect == "":
		return errors.New("no id, name or expect")
	case c.Proves != nil && c.Expect != Accepted:
		return errors.New("it proves something and is not accepted")
	case c.Opaque && (header || c.Key != "" || c.Signature != "" || c.TokenSize != 0):
		return errors.New("an opaque token has no header, key, signature or size")
	case c.Opaque && c.answered():
		return errors.New("the claims of an opaque token are the answer")
	case c.Fields == nil && len(slices.DeleteFunc(slices.Collect(maps.Keys(c.Except)), func(label string) bool { return label == BehindGuard })) > 0:
		return errors.New("only header fields are another thing to another transport")
	case c.Fields != nil && c.Token != nil:
		return errors.New("fields hold the token; put ${T} there and leave token out")
	}
	return nil
}
