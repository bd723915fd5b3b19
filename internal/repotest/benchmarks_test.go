// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// benchmarks are the functions that run once for each call, stream, message or token,
// by package, and the benchmark beside them that times each. Methods stand behind
// their type.
var benchmarks = map[string]map[string]string{
	"auth": {
		"NewGuard":               "BenchmarkNewGuard",
		"Guard.Check":            "BenchmarkCheck",
		"Guard.Decided":          "BenchmarkDecided",
		"Guard.ReadsCredentials": "BenchmarkReadsCredentials",
		"Guard.Undecided":        "BenchmarkUndecided",
		"Guard.Challenges":       "BenchmarkChallenges",
		"Guard.OpenStream":       "BenchmarkOpenStream",
		"Guard.WatchStream":      "BenchmarkWatchStream",
		"Guard.RenewStream":      "BenchmarkRenewStream",
		"Stream.Err":             "BenchmarkStreamErr",
		"Stream.Close":           "BenchmarkOpenStream",
		"Stream.Context":         "BenchmarkStreamContext",
		"NewContext":             "BenchmarkNewContext",
		"FromContext":            "BenchmarkFromContext",
		"ClaimsAs":               "BenchmarkClaimsAs",
		"HasScopes":              "BenchmarkHasScopes",
		"RequireScopes":          "BenchmarkRequireScopes",
		"RequireAnyScope":        "BenchmarkRequireAnyScope",
		"HierarchicalScopes":     "BenchmarkScopeMatcher",
		"WildcardScopes":         "BenchmarkScopeMatcher",
		"Claims.HasScope":        "BenchmarkClaims",
		"Claims.HasRole":         "BenchmarkClaims",
		"Claims.HasAudience":     "BenchmarkClaims",
		"Claims.Scopes":          "BenchmarkClaims",
		"Claims.Roles":           "BenchmarkClaims",
		"Claims.Audiences":       "BenchmarkClaims",
		"Claims.Data":            "BenchmarkClaims",
		"NewClaims":              "BenchmarkNewClaims",
		"Decode":                 "BenchmarkDecode",
		"Decoder.Decode":         "BenchmarkDecode",
		"Cache.Verify":           "BenchmarkCacheVerify",
		"Chain.Verify":           "BenchmarkChainVerify",
		"ParseAuthorization":     "BenchmarkParseAuthorization",
		"NewBearer":              "BenchmarkParseAuthorization",
		"RevocationList.Revoked": "BenchmarkRevoked",
		"DigestToken":            "BenchmarkDigestToken",
		"ParseChallenges":        "BenchmarkParseChallenges",
		"FindChallenge":          "BenchmarkParseChallenges",
		"slogObserver.Observe":   "BenchmarkObserve",
	},
	"auth/issuer": {
		"New":                   "BenchmarkNew",
		"Issuer.Storage":        "BenchmarkStorage",
		"storage.KeyRead":       "BenchmarkKeyRead",
		"storage.KeyReadAll":    "BenchmarkKeyReadAll",
		"Issuer.Holds":          "BenchmarkHolds",
		"Issuer.Reconsider":     "BenchmarkReconsider",
		"Issuer.Metadata":       "BenchmarkMetadata",
		"Metadata.Endpoint":     "BenchmarkMetadata",
		"Metadata.MTLSEndpoint": "BenchmarkMetadata",
		"Metadata.Strings":      "BenchmarkMetadata",
		"Metadata.Bool":         "BenchmarkMetadata",
		"Issuer.LogoutURL":      "BenchmarkLogoutURL",
		"Issuer.Health":         "BenchmarkHealth",
		"Issuer.Keys":           "BenchmarkHealth",
		"Issuer.Supports":       "BenchmarkHealth",
	},
	"auth/jwtauth": {
		"New":                  "BenchmarkNew",
		"Verifier.Verify":      "BenchmarkVerify",
		"Verifier.VerifyToken": "BenchmarkVerifyToken",
		"IDTokens.VerifyToken": "BenchmarkIDTokens",
		"Tenants.Verify":       "BenchmarkTenantsVerify",
	},
	"auth/protorules": {
		"From": "BenchmarkFrom",
	},
	"introspection": {
		"Verifier.Verify":  "BenchmarkVerify",
		"Confirmer.Verify": "BenchmarkConfirmerVerify",
	},
	"grpcauth": {
		"UnaryServerInterceptor":   "BenchmarkUnary",
		"StreamServerInterceptor":  "BenchmarkStream",
		"guardedStream.RecvMsg":    "BenchmarkStreamMessage",
		"guardedStream.SendMsg":    "BenchmarkStreamMessage",
		"Registrar":                "BenchmarkRegistrar",
		"RequireDecision":          "BenchmarkRequireDecision",
		"RegisterStreamRenewal":    "BenchmarkRenewal",
		"StreamRenewalInterceptor": "BenchmarkRenewedStream",
		"Challenge":                "BenchmarkChallenge",
	},
	"connectauth": {
		"HandlerOptions":           "BenchmarkHandler",
		"adapter.WrapUnary":        "BenchmarkWrapUnary",
		"guardedConn.Receive":      "BenchmarkStreamMessage",
		"guardedConn.Send":         "BenchmarkStreamMessage",
		"headerCarrier.Values":     "BenchmarkCarrier",
		"headerCarrier.TLS":        "BenchmarkCarrier",
		"lentCarrier.TLS":          "BenchmarkCarrier",
		"Middleware":               "BenchmarkMiddleware",
		"RequireDecision":          "BenchmarkRequireDecision",
		"ResourceMetadataHandler":  "BenchmarkResourceMetadata",
		"NewStreamRenewalHandler":  "BenchmarkRenewal",
		"StreamRenewalInterceptor": "BenchmarkRenewedStream",
		"Challenge":                "BenchmarkChallenge",
	},
	"clientauth": {
		"method.Authenticate":        "BenchmarkAuthenticate",
		"None":                       "BenchmarkAuthenticate",
		"PublicClient":               "BenchmarkAuthenticate",
		"Bearer":                     "BenchmarkAuthenticate",
		"ClientSecretBasic":          "BenchmarkAuthenticate",
		"ClientSecretBasicUnencoded": "BenchmarkAuthenticate",
		"ClientSecretPost":           "BenchmarkAuthenticate",
		"ClientSecretJWT":            "BenchmarkAuthenticate",
		"PrivateKeyJWT":              "BenchmarkAuthenticate",
		"JWTAssertion":               "BenchmarkAuthenticate",
		"TLSClientAuth":              "BenchmarkAuthenticate",
		"SelfSignedTLSClientAuth":    "BenchmarkAuthenticate",
		"SecretFunc":                 "BenchmarkSecret",
		"SecretFile":                 "BenchmarkSecret",
		"selection.Authenticate":     "BenchmarkSelect",
		"Select":                     "BenchmarkSelect",
		"Request.Metadata":           "BenchmarkMetadata",
		"Endpoint.Post":              "BenchmarkPost",
		"Answer.ErrorCode":           "BenchmarkErrorCode",
		"IsClientRefusal":            "BenchmarkErrorCode",
	},
}

// unbenchmarked are functions that take a context, as those on the way of a call do,
// and why none of benchmarks times them.
var unbenchmarked = map[string]map[string]string{
	"auth": {
		"VerifierFunc.Verify":  "it calls a function",
		"ObserverFunc.Observe": "it calls a function",
	},
	"auth/issuer": {
		"KeySourceFunc.ReadKeys": "it calls a function",
		"Issuer.Refresh":         "for operators; it waits for a fetch",
		"Issuer.WaitReady":       "once, before a server takes traffic",
	},
	"grpcauth": {
		"incoming.Values":           "one line around grpc-go; a part of BenchmarkUnary",
		"incoming.TLS":              "nothing asks for it yet",
		"bearer.GetRequestMetadata": "once for a renewal, which is an RPC",
	},
	"clientauth": {
		"mutual.Refresh":    "after a refused proof, with a pace of its own",
		"keyed.Refresh":     "after a refused proof, with a pace of its own",
		"selection.Refresh": "after a refused proof, with a pace of its own",
		"Provider.Refresh":  "for operators; it waits for the user's function",
		"Watcher.Refresh":   "for operators; it waits for files",
	},
}

// elsewhere are packages that no server at work calls, or only through those above.
var elsewhere = []string{"authtest/", "bench/", "examples/", "internal/", "proto/"}

// source is what is written in the files of a directory.
type source struct {
	functions  map[string]bool            // with an upper-case name, and whether they take a context first
	benchmarks map[string]map[string]bool // and what the file names that they are in
	tabled     map[string]bool            // texts that are names of benchmarks, in files called speed_test.go
	shared     []string                   // benchmarks that do nothing but look up their table by their name
}

// sources returns what is written in each package that is at work on a server.
func sources(t *testing.T) map[string]*source {
	t.Helper()
	all := make(map[string]*source)
	walk(t, func(name string) {
		if path.Ext(name) != ".go" || slices.ContainsFunc(elsewhere, func(dir string) bool { return strings.HasPrefix(name, dir) }) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), 0)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(name)
		if all[dir] == nil {
			all[dir] = &source{make(map[string]bool), make(map[string]map[string]bool), make(map[string]bool), nil}
		}
		all[dir].add(path.Base(name), file)
	})
	return all
}

// add notes what is written in a file.
func (s *source) add(name string, file *ast.File) {
	test, named := strings.HasSuffix(name, "_test.go"), make(map[string]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			named[n.Name] = true
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && name == "speed_test.go" && strings.HasPrefix(text, "Benchmark") {
				s.tabled[text] = true
			}
		}
		return true
	})
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok || !f.Name.IsExported():
		case !test:
			s.functions[nameOf(f)] = takesContext(f)
		case strings.HasPrefix(f.Name.Name, "Benchmark"):
			s.benchmarks[f.Name.Name] = named
			if isTabled(f) {
				s.shared = append(s.shared, f.Name.Name)
			}
		}
	}
}

// isTabled reports whether a benchmark does nothing but look up its table.
func isTabled(f *ast.FuncDecl) bool {
	if len(f.Body.List) != 1 {
		return false
	}
	statement, ok := f.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := statement.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	function, ok := call.Fun.(*ast.Ident)
	return ok && function.Name == "benchmark"
}

// nameOf returns the name of a function, behind its type if it is a method.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr: // a type parameter
			receiver = r.X
		case *ast.Ident:
			return r.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

// takesContext reports whether the first parameter is a context.
func takesContext(f *ast.FuncDecl) bool {
	if len(f.Type.Params.List) == 0 {
		return false
	}
	selector, ok := f.Type.Params.List[0].Type.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := selector.X.(*ast.Ident)
	return ok && of.Name == "context" && selector.Sel.Name == "Context"
}

func TestBenchmarks(t *testing.T) {
	all := sources(t)
	for dir, s := range all {
		for function, takes := range s.functions {
			_, timed := benchmarks[dir][function]
			_, exempt := unbenchmarked[dir][function]
			switch {
			case timed && exempt:
				t.Errorf("%s.%s is in benchmarks and in unbenchmarked: delete one of the lines", dir, function)
			case takes && !timed && !exempt:
				t.Errorf("%s.%s takes a context, as what is on the way of a call does: add a row to %s/speed_test.go and a line to benchmarks, or to unbenchmarked with a reason", dir, function, dir)
			case exempt && !takes:
				t.Errorf("%s.%s takes no context and needs no line in unbenchmarked: delete it", dir, function)
			}
		}
		for benchmark := range s.tabled {
			if s.benchmarks[benchmark] == nil {
				t.Errorf("%s/speed_test.go has a table for %s, which is not there: write it, or correct the name", dir, benchmark)
			}
		}
		for _, benchmark := range s.shared {
			if !s.tabled[benchmark] {
				t.Errorf("%s/speed_test.go has no table for %s: add one to its costs", dir, benchmark)
			}
		}
	}
	for dir, lines := range unbenchmarked {
		s := cmp.Or(all[dir], new(source))
		for function, reason := range lines {
			if _, ok := s.functions[function]; !ok || reason == "" {
				t.Errorf("unbenchmarked has %s.%s, which is not there or lacks its reason", dir, function)
			}
		}
	}
	for dir, lines := range benchmarks {
		s := cmp.Or(all[dir], new(source))
		for function, benchmark := range lines {
			last := function[strings.Index(function, ".")+1:]
			named := s.benchmarks[benchmark]
			switch _, ok := s.functions[function]; {
			case !ok:
				t.Errorf("benchmarks has %s.%s, which is not there: delete the line", dir, function)
			case named == nil:
				t.Errorf("%s.%s is to be timed by %s, which is not in the tests of %s", dir, function, benchmark, dir)
			case !named[last]:
				t.Errorf("%s.%s is to be timed by %s, and nothing in the file of that calls it", dir, function, benchmark)
			}
		}
	}
}
