// Command scenarios replays scenarios of recovery that are written as data.
//
// Usage:
//
//	scenarios [-store memory|sqlite|all] [-run REGEXP] [-v] FILE_OR_DIR...
//
// It prints a line for each scenario that fails and, on the last line, how many
// passed and failed. A scenario passes if it does so with every store that is asked
// for. The exit code is 0 if all pass, 1 if one fails, and 2 if the command line is
// wrong, or a file cannot be read or is not one of scenarios: then nothing is
// replayed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/resetgen/resetgen/internal/scenario"
)

// The exit codes.
const (
	exitPassed = 0
	exitFailed = 1
	exitError  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is the command line.
type command struct {
	stores  []scenario.Store
	only    *regexp.Regexp
	verbose bool
	paths   []string
}

func parse(args []string, stderr io.Writer) (*command, error) {
	c := &command{}
	flags := flag.NewFlagSet("scenarios", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: scenarios [flags] FILE_OR_DIR...\n\nReplays the scenarios in the files, and in the .json files of the folders.\n\n")
		flags.PrintDefaults()
	}
	store := flags.String("store", "all", "the local client's `store`: memory, sqlite or all")
	only := flags.String("run", "", "replay only the scenarios whose name matches the `regexp`")
	flags.BoolVar(&c.verbose, "v", false, "print the scenarios that pass too")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var err error
	switch c.paths = flags.Args(); {
	case len(c.paths) == 0:
		err = fmt.Errorf("no file or folder was named")
	case *store == "all":
		c.stores = scenario.Stores()
	case slices.Contains(scenario.Stores(), scenario.Store(*store)):
		c.stores = []scenario.Store{scenario.Store(*store)}
	default:
		err = fmt.Errorf("-store: there is no store %q (allowed: %q and all)", *store, scenario.Stores())
	}
	if err == nil {
		if c.only, err = regexp.Compile(*only); err != nil {
			err = fmt.Errorf("-run: %w", err)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "scenarios:", err)
		flags.Usage()
	}
	return c, err
}

// shown is a name that keeps to its line: one that would not is quoted.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if err == flag.ErrHelp {
		return exitPassed
	}
	if err != nil {
		return exitError
	}
	var all []*scenario.Scenario
	for _, path := range c.paths {
		loaded, err := scenario.Load(path)
		if err != nil {
			fmt.Fprintln(stderr, "scenarios:", err)
			return exitError
		}
		all = append(all, loaded...)
	}
	all = slices.DeleteFunc(all, func(s *scenario.Scenario) bool { return !c.only.MatchString(s.Name) })
	passed, failed := 0, 0
	for s, err := range scenario.Replay(ctx, all, c.stores) {
		switch {
		case err != nil:
			failed++
			fmt.Fprintf(stdout, "FAIL %s: %v\n", shown(s.Name), err)
		default:
			passed++
			if c.verbose {
				fmt.Fprintf(stdout, "ok   %s\n", shown(s.Name))
			}
		}
	}
	fmt.Fprintf(stdout, "%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return exitFailed
	}
	return exitPassed
}
