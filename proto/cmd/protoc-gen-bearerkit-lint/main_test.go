// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

const repository = "../../.."

func TestMainAnswers(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"good":    {`service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] {} } } }`, ""},
		"missing": {`service { name: "S" method { name: "A" } }`, "test.v1.S.A has no rule"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asPlugin+"=1")
			cmd.Stdin = bytes.NewReader(request(t, "", parse(t, tc.text)))
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			response := new(pluginpb.CodeGeneratorResponse)
			if err := proto.Unmarshal(out, response); err != nil {
				t.Fatal(err)
			}
			if (response.Error == nil) != (tc.want == "") || !strings.Contains(response.GetError(), tc.want) {
				t.Errorf("got the error %q, want %q", response.GetError(), tc.want)
			}
		})
	}
}

const source = `syntax = "proto3";
package shop.v1;
import "bearerkit/auth/v1/rule.proto";
option go_package = "example.test/shop/v1;shopv1";
service Shop {
  rpc Buy(BuyRequest) returns (BuyResponse) {
    option (bearerkit.auth.v1.rule) = { all_scopes: "shop:buy" };
  }
  // Look is for everybody.
  rpc Look(LookRequest) returns (LookResponse)LOOK
}
service Admin {
  option (bearerkit.auth.v1.service_rule) = { all_scopes: "shop:admin" max_age: { seconds: 300 } };
  rpc Close(CloseRequest) returns (CloseResponse);
}
message BuyRequest { optional string name = 1; }
message BuyResponse {}
message LookRequest {}
message LookResponse {}
message CloseRequest {}
message CloseResponse {}
`

// The real compiler sends what the other tests only build.
func TestBuf(t *testing.T) {
	found, err := filepath.Glob(repository + "/.tmp/bin/buf-v*")
	if err != nil || len(found) == 0 {
		t.Skip("there is no buf; make lint builds it")
	}
	buf, err := filepath.Abs(found[len(found)-1])
	if err != nil {
		t.Fatal(err)
	}
	rule, err := os.ReadFile(filepath.Join(repository, "proto", rulePath))
	if err != nil {
		t.Fatal(err)
	}
	const scopes = "scope=shop:buy,scope=shop:admin"
	for name, tc := range map[string]struct {
		look, options string
		want          []string
	}{
		"good":     {` { option (bearerkit.auth.v1.rule) = { access: ACCESS_PUBLIC }; }`, scopes, nil},
		"missing":  {`;`, scopes, []string{"shop/v1/shop.proto:10:3: shop.v1.Shop.Look has no rule", "add to the method the line `option (bearerkit.auth.v1.rule) = {"}},
		"excluded": {`;`, scopes + ",exclude=shop.v1.Shop", nil},
		"wrong":    {` { option (bearerkit.auth.v1.rule) = { access: ACCESS_PUBLIC any_scope: "x" }; }`, scopes, []string{"shop/v1/shop.proto:10:3: ", "public access with scopes"}},
		"unknown":  {` { option (bearerkit.auth.v1.rule) = { }; }`, "scope=shop:buy", []string{"shop/v1/shop.proto:12:1: ", `names scope "shop:admin"`}},
		"mistaken": {`;`, "exclud=shop.v1.Shop", []string{`unknown parameter "exclud"`}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, content := range map[string]string{
				"buf.yaml":           "version: v2\n",
				"buf.gen.yaml":       "version: v2\nplugins:\n  - local: [env, " + asPlugin + "=1, '" + os.Args[0] + "']\n    out: .\n    opt: ['" + tc.options + "']\n",
				rulePath:             string(rule),
				"shop/v1/shop.proto": strings.Replace(source, "LOOK", tc.look, 1),
			} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), buf, "generate")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "BUF_CACHE_DIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if (err != nil) != (tc.want != nil) {
				t.Errorf("buf generate: %v\n%s", err, out)
			}
			for _, part := range tc.want {
				if !strings.Contains(string(out), part) {
					t.Errorf("got %q, want %q", out, part)
				}
			}
		})
	}
}
