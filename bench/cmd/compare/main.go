// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command compare measures this project beside others and writes RESULTS.md with
// its charts:
//
//	go -C bench run ./cmd/compare          # some minutes
//	go -C bench run ./cmd/compare -quick   # less than one
//	go -C bench run ./cmd/compare -json    # the last line is an object of all numbers
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/bearerkit/bearerkit/bench/report"
	"github.com/bearerkit/bearerkit/bench/suite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(progress)
	quick := flags.Bool("quick", false, "take less than a minute; numbers spread wider")
	asJSON := flags.Bool("json", false, "print all numbers as one object, on the last line")
	dir := flags.String("out", ".", "`directory` for RESULTS.md and charts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options := suite.Full()
	if *quick {
		options = suite.Quick()
	}
	return compare(ctx, options, *dir, *asJSON, out, progress)
}

// compare measures and writes down.
func compare(ctx context.Context, o suite.Options, dir string, asJSON bool, out, progress io.Writer) error {
	result, err := suite.Run(ctx, o, progress)
	if err != nil {
		return err
	}
	if err := report.Charts(filepath.Join(dir, "charts"), result); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		return err
	}
	if err := errors.Join(report.Markdown(f, result), f.Close()); err != nil {
		return err
	}
	if !asJSON {
		return nil
	}
	return report.JSON(out, result)
}
