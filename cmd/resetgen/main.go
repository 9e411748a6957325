package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/resetgen/resetgen/gen"
	"github.com/resetgen/resetgen/templates"
)

// The exit codes.
const (
	exitFine     = 0
	exitFindings = 1 // files are not as they have to be
	exitError    = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is the command line.
type command struct {
	check, diff, models, verbose, version bool
	gen.Options
}

func parse(args []string, stderr io.Writer) (*command, error) {
	c := &command{}
	flags := flag.NewFlagSet("resetgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: resetgen [flags] [package patterns]\n\nGenerates the code of annotated structs. Without a pattern: for the package in\nthe current folder.\n\n")
		flags.PrintDefaults()
	}
	flags.BoolVar(&c.check, "check", false, "list the files that are stale, missing or orphaned, and write nothing")
	flags.BoolVar(&c.diff, "diff", false, "print what would change as a unified diff, and write nothing")
	flags.BoolVar(&c.models, "models", false, "print a sheet of the models in Markdown, and write nothing")
	flags.StringVar(&c.Tags, "tags", "", "build `tags`, separated by commas")
	flags.BoolVar(&c.verbose, "v", false, "name the files that are written and removed")
	flags.BoolVar(&c.version, "version", false, "print the version")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if c.check && c.diff || c.check && c.models || c.diff && c.models {
		err := errors.New("-check, -diff and -models exclude each other")
		fmt.Fprintln(stderr, "resetgen:", err)
		return nil, err
	}
	c.Patterns = flags.Args()
	return c, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitFine
	case err != nil:
		return exitError
	}
	out := bufio.NewWriter(stdout)
	code, err := c.run(ctx, out, stderr)
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitError
	}
	return code
}

func (c *command) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	if c.version {
		fmt.Fprintln(stdout, "resetgen", version())
		return exitFine, nil
	}
	result, err := gen.Generate(ctx, c.Options)
	if err != nil {
		return exitError, err
	}
	switch {
	case c.check:
		return list(stdout, result.Stale()), nil
	case c.diff:
		fmt.Fprint(stdout, result.Diff())
		return findings(result.Stale()), nil
	case c.models:
		return exitFine, templates.Models(stdout, result.Models)
	}
	if c.verbose {
		list(stderr, result.Stale())
	}
	return exitFine, result.Write()
}

// list prints one line for each file.
func list(w io.Writer, files []*gen.File) int {
	for _, f := range files {
		fmt.Fprintf(w, "%s: %s\n", f.Name, f.State)
	}
	return findings(files)
}

func findings(files []*gen.File) int {
	if len(files) > 0 {
		return exitFindings
	}
	return exitFine
}

// version is that of the module, as the go command recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
