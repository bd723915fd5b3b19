// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every line of Go in docs/client-authentication.md is in an example that compiles,
// and the lines of one block are in one example.
func TestDocumentedSnippets(t *testing.T) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	files, err := filepath.Glob("*example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, path := range files {
		examples = append(examples, strings.Split(readText(t, path), "\nfunc ")...)
	}
	for n := range examples {
		examples[n] = squeeze(examples[n])
	}
	blocks := 0
	for number, part := range strings.Split(readText(t, "../docs/client-authentication.md"), "```") {
		code, ok := strings.CutPrefix(part, "go\n")
		if number%2 == 0 || !ok {
			continue
		}
		blocks++
		found := false
		for _, example := range examples {
			all := true
			for line := range strings.Lines(code) {
				all = all && strings.Contains(example, squeeze(line))
			}
			found = found || all
		}
		if !found {
			t.Errorf("this block is in no example:\n%s", code)
		}
	}
	if blocks < 13 {
		t.Errorf("%d blocks of Go", blocks)
	}
}

// The document has every method, and every exported function and option of the files
// that are about proofs.
func TestDocumentedNames(t *testing.T) {
	document := readText(t, "../docs/client-authentication.md")
	for name, m := range methodNames {
		if !strings.Contains(document, "`"+name+"`") && name != string(m) || !strings.Contains(document, "| `"+string(m)+"` |") {
			t.Errorf("the document lacks %s", name)
		}
	}
	for n, m := range strength[1:] {
		if strings.Index(document, "| `"+string(m)+"` |") < strings.Index(document, "| `"+string(strength[n])+"` |") {
			t.Errorf("the document has %s before %s", m, strength[n])
		}
	}
	for _, row := range []string{
		"PS256, RS256, PS384, RS384, PS512, RS512", "| Ed25519 | " + strings.Join(ed25519Algorithms, ", ") + " |", "| " + strings.Join(secretAlgorithms, ", ") + " |",
		"now; a minute later", "5 seconds to 10 minutes", "at most 16 calls", typAssertion,
	} {
		if !strings.Contains(document, row) {
			t.Errorf("the document lacks %q", row)
		}
	}
	if defaultAssertionLifetime.Minutes() != 1 || minAssertionLifetime.Seconds() != 5 || maxAssertionLifetime.Minutes() != 10 || maxSigning != 16 || strings.Join(rsaAlgorithms, ", ") != "PS256, RS256, PS384, RS384, PS512, RS512" {
		t.Error("the document has other numbers")
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		switch path {
		case "assertion.go", "clientsecret.go", "bearer.go", "select.go", "parse.go", "signingkey.go", "mutual.go":
		default:
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || strings.HasSuffix(f.Name.Name, "FromPEM") || strings.HasSuffix(f.Name.Name, "SigningKey") {
				continue
			}
			if !strings.Contains(document, f.Name.Name) {
				t.Errorf("the document lacks %s", f.Name.Name)
			}
		}
	}
}
