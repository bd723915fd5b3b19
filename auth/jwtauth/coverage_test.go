// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Directories with tests that are named here.
const (
	here     = "."
	inIssuer = "../issuer"
	inHTTP   = "../../internal/boundedhttp"
	inMatrix = "../../internal/matrix"
	inOracle = "../../internal/conformance"
)

// testRef is a test, and the rows of its table that are meant, as they are named
// there.
type testRef struct {
	dir, test string
	rows      []string
}

func in(dir, test string, rows ...string) testRef { return testRef{dir, test, rows} }

// check finds the function, and the rows in it.
func (r testRef) check() error {
	files, err := filepath.Glob(filepath.Join(r.dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no tests in %s", r.dir)
	}
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Name.Name != r.test {
				continue
			}
			body := string(source[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset])
			for _, row := range r.rows {
				if !strings.Contains(body, `"`+row+`"`) {
					return fmt.Errorf("%s in %s has no row %q any more", r.test, r.dir, row)
				}
			}
			return nil
		}
	}
	return fmt.Errorf("there is no %s in %s", r.test, r.dir)
}

// inGo are the attacks that are tested in Go, besides what the corpus has of
// them.
var inGo = map[string][]testRef{
	"J7":  {in(here, "TestUnknownKeyFlood")},
	"J16": {in(here, "TestOtherKindsOfToken"), in(here, "TestIDTokensOfIssuers")},
	"J17": {in(here, "TestProfiles"), in(here, "TestOtherKindsOfToken")},
	"S5":  {in(inOracle, "TestTokensAgainstOracle")},
	"K4":  {in(inIssuer, "TestParseKey", "rsa 131072 bits"), in(inIssuer, "TestROCA")},
	"K5":  {in(inIssuer, "TestWeakEd25519")},
	"K6":  {in(inIssuer, "TestParseKey", "ec off the curve", "ec zero")},
	"K7":  {in(inIssuer, "TestParseKey", "rsa private"), in(inIssuer, "TestParseKeySet", "only bad"), in(inIssuer, "TestNewRefusesContradictions", "a symmetric key")},
	"C2":  {in(here, "TestDeadline"), in(here, "TestExpiredComesLast"), in(inOracle, "TestTokenTimesAgainstOracle")},
	"C8":  {in(here, "TestGrantableScopes"), in(inMatrix, "TestScopeClaims")},
	"C10": {in(here, "TestSubjectInLogs"), in(here, "TestPrincipal")},
	"C12": {in(here, "TestWhatIsProved"), in(here, "TestActor")},
	"C13": {in(here, "TestAuthorizationDetails")},
	"C15": {in(here, "TestDeadline")},

	"K10": {in(inIssuer, "TestParseKeySet", "no keys", "an array", "keys is an object", "keys is null", "keys twice", "one bad"), in(inIssuer, "TestOldKeysServeWhateverTheFetchBrings", "empty set")},
	"K11": {in(inIssuer, "TestOldKeysServeWhateverTheFetchBrings", "slow", "endless", "cut", "hang"), in(inIssuer, "TestParseKeySet", "too many"), in(inHTTP, "TestGetJSON", "over the limit"), in(inHTTP, "TestGetJSONEndsWithItsContext")},
	"K12": {in(inIssuer, "TestOldKeysServeWhateverTheFetchBrings", "redirect", "HTML"), in(here, "TestIssuerDownAtStart", "redirect"), in(inHTTP, "TestGetJSON", "redirect", "HTML")},
	"K13": {in(inHTTP, "TestAddresses"), in(inHTTP, "TestAddressesAreCheckedWhenConnecting")},
	"K14": {in(inIssuer, "TestParseMetadata", "trailing slash", "upper case", "evil", "no issuer", "issuer is an array", "issuer twice"), in(inIssuer, "TestIssuerThatNamesAnother")},
	"K15": {in(inIssuer, "TestTLS", "unknown CA", "another host", "TLS 1.1")},
	"K16": {in(here, "TestUnknownKeyFlood"), in(inIssuer, "TestUnknownKeys")},
	"K17": {in(inIssuer, "TestACallerThatGivesUpLeavesAlone"), in(inIssuer, "TestPanicWhileFetching"), in(inIssuer, "TestFailedUnknownKeyFetchIsRefunded"), in(here, "TestCallerGivesUp")},
	"K18": {in(here, "TestRotation"), in(here, "TestIssuerReplacesAKeyUnderItsID"), in(inIssuer, "TestRefreshAhead"), in(inOracle, "TestRotationUnderLoad")},
	"K19": {in(here, "TestKeyOfAnotherIssuer"), in(here, "TestTenantsAreApart")},
}

func TestEveryAttackHasACase(t *testing.T) {
	cases := make(map[string]int)
	for _, c := range attackCorpus(t) {
		cases[c.ID]++
	}
	for id, tests := range inGo {
		for _, test := range tests {
			if err := test.check(); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	for _, group := range []struct {
		letter   string
		to       int
		inCorpus int
	}{{"J", 18, 18}, {"S", 7, 7}, {"K", 19, 9}, {"C", 15, 15}} {
		for n := 1; n <= group.to; n++ {
			id := fmt.Sprint(group.letter, n)
			if n <= group.inCorpus && cases[id] == 0 {
				t.Errorf("%s: no case in the corpus", id)
			}
			if cases[id] == 0 && len(inGo[id]) == 0 {
				t.Errorf("%s: no case and no test", id)
			}
		}
	}
}

// A fuzzer that begins with nothing good in hand does not get far.
func TestEveryFuzzTargetHasSeeds(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range fuzzTarget.FindAllSubmatch(source, -1) {
			found++
			seeds, err := os.ReadDir(filepath.Join("testdata", "fuzz", string(match[1])))
			if err != nil || len(seeds) == 0 {
				t.Errorf("%s: no seeds in testdata/fuzz", match[1])
			}
		}
	}
	if found < 7 {
		t.Errorf("%d fuzz targets", found)
	}
}

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)`)
