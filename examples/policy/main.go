// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command policy prints who may call what: every method of the widget service,
// with its rule from the .proto file, as a table for a security review.
//
//	go run ./examples/policy                      # aligned columns
//	go run ./examples/policy -format markdown     # or json
//
// It asks nobody anything: the rules are in the program.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
)

func main() {
	format := flag.String("format", "text", "text, markdown or json")
	flag.Parse()
	if err := run(os.Stdout, os.Stderr, *format); err != nil {
		fmt.Fprintln(os.Stderr, "policy:", err)
		os.Exit(1)
	}
}

func run(out, faults io.Writer, format string) error {
	iss, err := issuer.New("https://issuer.example.com")
	if err != nil {
		return err
	}
	defer func() { _ = iss.Close() }()
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{"widgets"}})
	if err != nil {
		return err
	}
	file := widgetv1.File_widget_v1_widget_proto
	guard, err := auth.NewGuard(tokens, protorules.From(file), auth.AllowHealth())
	if err != nil {
		return err
	}
	if err := write(out, guard.Policy(), format); err != nil {
		return err
	}
	// What a server's start-up would say.
	if err := connectauth.Verify(guard, file.Services().Get(0)); err != nil {
		fmt.Fprintf(faults, "\n%v\n", err)
	}
	return nil
}

func write(out io.Writer, policy auth.Policy, format string) error {
	switch format {
	case "text":
		return policy.WriteText(out)
	case "markdown":
		return policy.WriteMarkdown(out)
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(policy)
	default:
		return errors.New("-format must be text, markdown or json")
	}
}
