// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// skipped directories hold nothing of ours.
var skipped = []string{".git", ".tmp", "node_modules", "testdata"}

// walk calls visit for every file of the repository, with a path relative to
// its root.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skipped, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, path)
		visit(filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func TestLicenceHeaders(t *testing.T) {
	const header = "// SPDX-FileCopyrightText: The bearerkit authors\n// SPDX-License-Identifier: Apache-2.0\n"
	count := 0
	walk(t, func(path string) {
		switch filepath.Ext(path) {
		case ".go", ".proto", ".mjs", ".js":
		default:
			return
		}
		count++
		content := read(t, path)
		if !bytes.HasPrefix(content, []byte(header)) && !generated.Match(content) {
			t.Errorf("%s does not begin with the licence header:\n%s", path, header)
		}
	})
	if count < 50 {
		t.Errorf("only %d files were found", count)
	}
}

func TestOnePackageComment(t *testing.T) {
	comments := make(map[string][]string)
	walk(t, func(path string) {
		if filepath.Ext(path) != ".go" {
			return
		}
		dir := filepath.Dir(path)
		content := read(t, path)
		file, err := parser.ParseFile(token.NewFileSet(), path, content, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if generated.Match(content) || strings.HasSuffix(path, "_test.go") {
			if file.Doc != nil && !generated.Match(content) {
				t.Errorf("%s has a package comment; it belongs into the package's own files", path)
			}
			return
		}
		if _, ok := comments[dir]; !ok {
			comments[dir] = nil
		}
		if text := docText(file); text != "" {
			comments[dir] = append(comments[dir], path)
			if !strings.HasPrefix(text, "Package ") && !strings.HasPrefix(text, "Command ") {
				t.Errorf("%s: the package comment must begin with Package or Command", path)
			}
		}
	})
	for dir, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments %q; it needs one", dir, len(files), files)
		}
	}
}

func docText(file *ast.File) string {
	if file.Doc == nil {
		return ""
	}
	return file.Doc.Text()
}

func TestModules(t *testing.T) {
	walk(t, func(path string) {
		if filepath.Base(path) != "go.mod" {
			return
		}
		// A replace does not reach those who import the library, so it would be
		// built and tested as something nobody gets.
		if path == "go.mod" && regexp.MustCompile(`(?m)^(replace\s|\s+\S+ => )`).Match(read(t, path)) {
			t.Errorf("%s has a replace directive", path)
		}
	})
}

// What is committed must mean the same on every machine.
func TestNoMachineInTheTree(t *testing.T) {
	home := regexp.MustCompile(`/(home|Users|root|work)/[a-zA-Z0-9_.-]+`)
	walk(t, func(path string) {
		if path == "internal/repotest/files_test.go" || slices.Contains([]string{".sum", ".png"}, filepath.Ext(path)) {
			return
		}
		if found := home.Find(read(t, path)); found != nil {
			t.Errorf("%s holds the path %s", path, found)
		}
	})
}
