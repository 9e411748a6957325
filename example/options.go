package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
)

// options are what the reader of the example chose.
type options struct {
	dir      string
	strategy string
	track    string
	policy   string
	kill     string
}

// published is the strategy that does without resetgen.
const published = "published"

var strategies = []string{
	reconcile.Recover.String(), reconcile.RecoverOrDiscard.String(), reconcile.Discard.String(),
	reconcile.Overwrite.String(), reconcile.Manual.String(), published,
}

// choose reads the flags.
func choose() (o options, err error) {
	flag.StringVar(&o.dir, "dir", "", "where the files go (default: a new temporary folder, which is kept)")
	flag.StringVar(&o.strategy, "strategy", "recover", "what is done with the edits: "+strings.Join(strategies, ", ")+
		"; recover-or-discard differs from recover where the backup is damaged, manual calls the function in manual.go, published is a recipe without resetgen")
	flag.StringVar(&o.track, "track", "field", "how changes are stamped: object, field, journal (published knows only object)")
	flag.StringVar(&o.policy, "policy", "last-updated", "whether an edit beats a deletion: last-updated (it does), deletes-win; discard, overwrite and published do not ask")
	flag.StringVar(&o.kill, "kill", "", "at which step of the client reset the process kills itself: "+strings.Join(kills, ", ")+"; the next run with the same -dir goes on")
	flag.Parse()
	if flag.NArg() > 0 {
		return o, fmt.Errorf("what is %q? Only flags are expected; see -help", flag.Arg(0))
	}
	if o.strategy == published {
		o.track = "object" // the recipe knows nothing else
	}
	return o, o.check()
}

func (o *options) check() error {
	if !slices.Contains(strategies, o.strategy) {
		return fmt.Errorf("-strategy=%s is not a strategy (allowed: %s)", o.strategy, strings.Join(strategies, ", "))
	}
	if trackings[o.track] == nil {
		return fmt.Errorf("-track=%s is not a tracking mode (allowed: object, field, journal)", o.track)
	}
	if _, err := model.ParsePolicy(o.policy); err != nil {
		return fmt.Errorf("-policy: %w", err)
	}
	switch {
	case o.kill == "":
		return nil
	case !slices.Contains(kills, o.kill):
		return fmt.Errorf("-kill=%s is not a step (allowed: %s)", o.kill, strings.Join(kills, ", "))
	case o.strategy == published:
		return fmt.Errorf("-kill: the strategy %s cannot go on after a kill; choose another", published)
	case o.dir == "":
		return fmt.Errorf("-kill needs -dir, so that the next run finds the files")
	}
	return nil
}

// asksPolicy tells whether the strategy has a use for the policy.
func (o *options) asksPolicy() bool {
	switch o.strategy {
	case reconcile.Discard.String(), reconcile.Overwrite.String(), published:
		return false
	}
	return true
}
