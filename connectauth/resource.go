// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"encoding/json"
	"net/http"

	"github.com/bearerkit/bearerkit/auth"
)

// ResourceMetadataHandler serves the metadata of the guard's protected resource
// (RFC 9728 section 3.2) to anybody. Mount it at the path of
// [auth.ProtectedResource].MetadataURL, usually
// "/.well-known/oauth-protected-resource". Everything in it comes from the
// configuration, nothing from the request. Without
// [auth.WithProtectedResource] it answers 404.
func ResourceMetadataHandler(guard *auth.Guard) http.Handler {
	metadata, ok := guard.ResourceMetadata()
	body, err := json.Marshal(metadata)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lentTo(r.Context(), guard, r.Header).decide() // public
		switch {
		case !ok || err != nil:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
		default:
			h := w.Header()
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "public, max-age=300")
			// The document is public, and clients in browsers read it too.
			h.Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write(body)
		}
	})
}
