// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// Values are read strictly by themselves, also where no document around them was.
func TestTextsAlone(t *testing.T) {
	for in, want := range map[string]string{
		`"a"`: `["a"]`, `"a b,c]"`: `["a b,c]"]`, `""`: `[""]`, `"\n\u00e9"`: `["\né"]`, `"é"`: `["é"]`, `"😀"`: `["😀"]`, `"\ud83d\ude00"`: `["😀"]`,
		`"a"x`: "", `"a`: "", `"`: "", `"a"b"`: "", "\"\xff\"": "", `"\ud800"`: "", "\"\n\"": "", ``: "", `a`: "",
		`[]`: `[]`, `["a"]`: `["a"]`, `["a","b"]`: `["a" "b"]`, `["a,b","c]"]`: `["a,b" "c]"]`, `[ "a" , "b" ]`: `["a" "b"]`, `["a","\u0062"]`: `["a" "b"]`, `["é"]`: `["é"]`,
		`["a""b"]`: "", `["a"x"b"]`: "", `["a",]`: "", `[,"a"]`: "", `["a"`: "", `["a"]x`: "", `["a",5]`: "", `["a",null]`: "", `[["a"]]`: "", `["a"]]`: "", `[`: "", `["`: "", `["a`: "",
		`{}`: "", `5`: "", `null`: "",
	} {
		for _, likely := range [][]string{nil, {"a", "b"}, {"x"}} {
			got := ""
			if list, err := strictjson.Texts(jsontext.Value(in), likely...); err == nil {
				got = fmt.Sprintf("%q", list)
			}
			if got != want {
				t.Errorf("%q: got %s, want %s", in, got, want)
			}
		}
	}
}
