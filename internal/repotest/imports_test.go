// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bearerkit/bearerkit"

// edges lists, for every package that users link, each package outside the
// standard library that it may import, with the reason. An import that is not
// here is a decision nobody made yet.
var edges = map[string]map[string]string{
	"auth": {}, // the nouns: whoever depends on them must not get a transport or JOSE
	"auth/issuer": {
		"auth":                         "events",
		"internal/boundedhttp":         "every fetch is bounded the same way",
		"internal/pemblock":            "key files are read as clientauth reads them",
		"internal/strictjson":          "metadata and keys decide who a caller is",
		"github.com/MicahParks/jwkset": "the storage interface through which keyfunc reads keys",
		"github.com/go-json-experiment/json/jsontext": "the type of a raw JSON value",
		"golang.org/x/sync/singleflight":              "one reading of the metadata for all who ask",
	},
	"auth/jwtauth": {
		"auth":                             "claims and refusals",
		"auth/issuer":                      "the keys",
		"internal/claimset":                "claims as introspection reads them too",
		"internal/jws":                     "tokens as introspection takes them apart too",
		"internal/strictjson":              "headers and claims",
		"github.com/MicahParks/keyfunc/v3": "key selection",
		"github.com/golang-jwt/jwt/v5":     "signatures",
	},
	"auth/protorules": {
		"auth":                    "rules",
		"proto/bearerkit/auth/v1": "the options",
		"google.golang.org/protobuf/encoding/protowire":   "options that were parsed before the extension was known",
		"google.golang.org/protobuf/proto":                "the same",
		"google.golang.org/protobuf/reflect/protoreflect": "descriptors",
	},
	"proto/bearerkit/auth/v1": {
		"google.golang.org/protobuf/reflect/protoreflect":    "generated code",
		"google.golang.org/protobuf/runtime/protoimpl":       "generated code",
		"google.golang.org/protobuf/types/descriptorpb":      "it extends options",
		"google.golang.org/protobuf/types/known/durationpb":  "max_age",
		"google.golang.org/protobuf/types/known/timestamppb": "when a stream ends",
	},
	"proto/cmd/protoc-gen-bearerkit-lint": {
		"auth":                    "what NewGuard refuses, the plugin refuses",
		"auth/protorules":         "the rules as the server reads them",
		"proto/bearerkit/auth/v1": "names of the options and of their file",
		"google.golang.org/protobuf/compiler/protogen":    "the plugin protocol",
		"google.golang.org/protobuf/proto":                "descriptors of one method",
		"google.golang.org/protobuf/reflect/protodesc":    "descriptors of one method",
		"google.golang.org/protobuf/reflect/protoreflect": "names and positions",
		"google.golang.org/protobuf/types/descriptorpb":   "options, and editions",
		"google.golang.org/protobuf/types/pluginpb":       "features the plugin supports",
	},
	"grpcauth": {
		"auth":                                               "the decision",
		"internal/rpcerror":                                  "the same answers as connectauth",
		"internal/renewal":                                   "when to renew streams, as connectauth does",
		"proto/bearerkit/auth/v1":                            "renewals",
		"google.golang.org/grpc":                             "the transport",
		"google.golang.org/grpc/codes":                       "answers",
		"google.golang.org/grpc/credentials":                 "TLS state of the connection",
		"google.golang.org/grpc/metadata":                    "request and response metadata",
		"google.golang.org/grpc/peer":                        "TLS state of the connection",
		"google.golang.org/grpc/status":                      "answers",
		"google.golang.org/protobuf/protoadapt":              "status details",
		"google.golang.org/protobuf/types/known/timestamppb": "when a stream ends",
	},
	"connectauth": {
		"auth":                         "the decision",
		"internal/boundedhttp":         "where a client may send a token",
		"internal/renewal":             "when to renew streams, as grpcauth does",
		"internal/rpcerror":            "the same answers as grpcauth",
		"proto/bearerkit/auth/v1":      "renewals",
		"connectrpc.com/connect":       "the transport",
		"google.golang.org/grpc/codes": "codes have the same numbers on both transports",
		"google.golang.org/protobuf/reflect/protoreflect":    "the services that Verify looks at",
		"google.golang.org/protobuf/types/known/timestamppb": "when a stream ends",
	},
	"clientauth": {
		"auth":                         "events, and the syntax of bearer tokens",
		"auth/issuer":                  "where an endpoint is, and what it takes",
		"internal/boundedhttp":         "every request is bounded the same way",
		"internal/jws":                 "assertions that somebody else made are taken apart as tokens are",
		"internal/pemblock":            "keys and certificates are read as issuer reads them",
		"internal/strictjson":          "error codes",
		"github.com/fsnotify/fsnotify": "files that are replaced",
		"github.com/go-json-experiment/json/jsontext": "the spelling of strings in assertions",
	},
	"introspection": {
		"auth":                         "claims and refusals",
		"auth/issuer":                  "where to ask, and the keys of signed answers",
		"auth/jwtauth":                 "JWTs that the endpoint confirms, and the names of claims",
		"clientauth":                   "the endpoint, and who asks it",
		"internal/boundedhttp":         "every question is bounded the same way",
		"internal/claimset":            "claims as jwtauth reads them too",
		"internal/jws":                 "tokens and signed answers as jwtauth takes them apart too",
		"internal/strictjson":          "answers decide who a caller is",
		"github.com/MicahParks/jwkset": "the type in which an issuer offers its keys",
		"github.com/go-json-experiment/json/jsontext": "the type of a raw JSON value",
		"github.com/golang-jwt/jwt/v5":                "signatures of answers",
	},
	"authtest": {
		"auth": "it is a fake of what verifiers ask; sharing a parser or signer would hide errors",
	},
	"internal/boundedhttp": {},
	"internal/claimset": {
		"internal/strictjson":                         "claims",
		"github.com/go-json-experiment/json/jsontext": "the kind of a raw JSON value",
	},
	"internal/jws": {
		"internal/strictjson":          "headers and claims",
		"github.com/golang-jwt/jwt/v5": "signatures",
	},
	"internal/pemblock": {},
	"internal/renewal": {
		"proto/bearerkit/auth/v1":      "what a server answers to a renewal",
		"auth":                         "token sources",
		"google.golang.org/grpc/codes": "codes have the same numbers on both transports",
	},
	"internal/strictjson": {
		"github.com/go-json-experiment/json":          "decoding into the user's types with exact names",
		"github.com/go-json-experiment/json/jsontext": "a tokenizer that refuses bad UTF-8 and lone surrogates",
	},
	"internal/rpcerror": {
		"auth":                         "refusals",
		"google.golang.org/grpc/codes": "codes have the same numbers on both transports",
		"google.golang.org/genproto/googleapis/rpc/errdetails": "ErrorInfo and RetryInfo",
		"google.golang.org/protobuf/proto":                     "details of either transport",
		"google.golang.org/protobuf/types/known/durationpb":    "RetryInfo",
	},
}

// notLinked are packages of ours that users do not link: tests and examples,
// which may import what they need.
func notLinked(path string) bool {
	return strings.HasPrefix(path, "examples/") || slices.Contains([]string{"internal/attacks", "internal/conformance", "internal/matrix", "internal/mutants", "internal/repotest", "internal/speedtest", "internal/verifiertest"}, path)
}

// forbidden lists standard packages that a package must not use, and why.
var forbidden = map[string]map[string]string{
	"auth":                {"encoding/json": "it folds case and takes the last of two members; verifiers bring a strict decoder"},
	"auth/issuer":         {"encoding/json": "it folds case and takes the last of two members", "net/http/httptest": "test code"},
	"auth/jwtauth":        {"encoding/json": "it folds case and takes the last of two members", "net/http": "keys come from the issuer only"},
	"clientauth":          {"encoding/json": "it folds case and takes the last of two members", "net/http/httptest": "test code"},
	"introspection":       {"encoding/json": "it folds case and takes the last of two members", "net/http/httptest": "test code"},
	"internal/claimset":   {"encoding/json": "it folds case and takes the last of two members"},
	"internal/jws":        {"encoding/json": "it folds case and takes the last of two members"},
	"internal/strictjson": {"encoding/json": "it is what this package replaces"},
	"authtest":            {"net/http/httptest": "it adds a flag to every program that links it"},
}

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestImportEdges(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range packages(t) {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if notLinked(path) {
			continue
		}
		allowed, ok := edges[path]
		if !ok {
			t.Errorf("package %s is new: list in edges what it may import, and why", path)
			continue
		}
		for _, imported := range p.Imports {
			short := strings.TrimPrefix(imported, module+"/")
			seen[path+" "+short] = true
			if why, ok := forbidden[path][imported]; ok {
				t.Errorf("%s imports %s: %s", path, imported, why)
			}
			if _, ok := allowed[short]; !ok && !isStandard(imported) {
				t.Errorf("%s imports %s, which edges does not list", path, short)
			}
		}
	}
	for path, allowed := range edges {
		for imported, why := range allowed {
			if !seen[path+" "+imported] {
				t.Errorf("edges lets %s import %s (%s), and it does not: delete the line", path, imported, why)
			}
		}
	}
}

// The fake issuer is for tests; a test inside the packages it imports would
// make a cycle, and one of the transports must not know the other.
func TestTestImports(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			other := map[string]string{module + "/grpcauth": "connectauth", module + "/connectauth": "grpcauth"}[imported]
			if other == path {
				t.Errorf("the tests of %s import %s; behaviour of both belongs into internal/matrix", path, imported)
			}
		}
	}
}
