// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/grpc/codes"
)

// tables returns the rows of the tables of a Markdown file, by the first cell of
// their headings.
func tables(t *testing.T, path string) map[string][][]string {
	t.Helper()
	all := make(map[string][][]string)
	heading := ""
	for line := range strings.Lines(string(read(t, path))) {
		if !strings.HasPrefix(line, "|") {
			heading = ""
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case heading == "":
			heading = cells[0]
		case !strings.HasPrefix(cells[0], "---"):
			all[heading] = append(all[heading], cells)
		}
	}
	return all
}

// constants returns the values of the string constants of a type in a
// directory.
func constants(t *testing.T, dir, typeName string) []string {
	t.Helper()
	var values []string
	walk(t, func(path string) {
		if !strings.HasPrefix(path, dir+"/") || strings.Count(path, "/") != strings.Count(dir, "/")+1 || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, read(t, path), 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || spec.Type == nil || len(spec.Values) != 1 {
				return true
			}
			name := ""
			switch typed := spec.Type.(type) {
			case *ast.Ident:
				name = typed.Name
			case *ast.SelectorExpr:
				name = typed.Sel.Name
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok && name == typeName {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	})
	return values
}

func TestErrorsTableOfReasons(t *testing.T) {
	guard := testGuard(t)
	byReason := map[auth.Reason]auth.Kind{
		auth.ReasonCredentialsMissing:         auth.KindUnauthenticated,
		auth.ReasonCredentialsMalformed:       auth.KindUnauthenticated,
		auth.ReasonTokenInvalid:               auth.KindUnauthenticated,
		auth.ReasonTokenExpired:               auth.KindUnauthenticated,
		auth.ReasonScopeInsufficient:          auth.KindPermissionDenied,
		auth.ReasonAuthenticationInsufficient: auth.KindUnauthenticated,
		auth.ReasonMethodDenied:               auth.KindPermissionDenied,
		auth.ReasonAuthorityUnavailable:       auth.KindUnavailable,
	}
	if got, want := len(constants(t, "auth", "Reason")), len(byReason); got != want {
		t.Errorf("package auth has %d reasons, this test knows %d", got, want)
	}
	http := map[codes.Code]int{codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.Unavailable: 503}
	rows := tables(t, "docs/errors.md")["reason"]
	if len(rows) != len(byReason) {
		t.Errorf("docs/errors.md lists %d reasons, there are %d", len(rows), len(byReason))
	}
	for _, row := range rows {
		reason := auth.Reason(row[0])
		answer := rpcerror.New(guard, &auth.Error{Kind: byReason[reason], Reason: reason})
		challenge := "none"
		if len(answer.Challenges) > 0 {
			challenge = "without error"
			if _, after, ok := strings.Cut(answer.Challenges[0], `error="`); ok {
				challenge, _, _ = strings.Cut(after, `"`)
			}
		}
		var details []string
		for _, d := range answer.Details {
			details = append(details, string(d.ProtoReflect().Descriptor().Name()))
		}
		want := []string{
			string(reason), byReason[reason].String(),
			fmt.Sprintf("%d %s", answer.Code, strings.ToUpper(connect.Code(answer.Code).String())),
			fmt.Sprintf("%s, %d", connect.Code(answer.Code), http[answer.Code]),
			challenge, strings.Join(details, ", "),
		}
		if !slices.Equal(row[:6], want) {
			t.Errorf("docs/errors.md says\n%q, the code\n%q", row[:6], want)
		}
	}
}

func TestErrorsTableOfChecks(t *testing.T) {
	var listed []string
	reasons := constants(t, "auth", "Reason")
	for _, row := range tables(t, "docs/errors.md")["check"] {
		listed = append(listed, row[0])
		for reason := range strings.SplitSeq(row[1], " or ") {
			if reason != "" && !slices.Contains(reasons, reason) {
				t.Errorf("%s: there is no reason %q", row[0], reason)
			}
		}
		if len(row) != 4 || row[2] == "" || row[3] == "" {
			t.Errorf("%s: the row is not complete", row[0])
		}
	}
	defined := slices.Concat(constants(t, "auth", "Check"), constants(t, "auth/jwtauth", "Check"), constants(t, "introspection", "Check"))
	slices.Sort(listed)
	slices.Sort(defined)
	if !slices.Equal(listed, defined) {
		t.Errorf("docs/errors.md lists the checks\n%q, the code defines\n%q", listed, defined)
	}
}

func testGuard(t *testing.T) *auth.Guard {
	t.Helper()
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	guard, err := auth.NewGuard(verify, auth.Rules{"/a.B/C": {}})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}
