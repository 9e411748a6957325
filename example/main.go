// Command example is the main job of resetgen on real data: a contributor edits
// a catalogue offline, the backend is put back to an earlier state and says "start
// over", and every edit finds its way from the old store into a fresh copy and on to
// the backend.
//
//	go run ./example [-dir DIR] [-strategy S] [-track T] [-policy P] [-kill STEP]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/replica"
)

func main() {
	var o options
	var policy string
	flag.StringVar(&o.dir, "dir", "", "where the files go (default: a new temporary folder, which is kept)")
	flag.StringVar(&o.strategy, "strategy", "recover", "what is done with the edits: "+strings.Join(strategies, ", "))
	flag.StringVar(&o.track, "track", "field", "how changes are stamped: object, field, journal (published knows only object)")
	flag.StringVar(&policy, "policy", "last-updated", "whether an edit beats a deletion: last-updated (it does), deletes-win")
	flag.StringVar(&o.kill, "kill", "", "at which step of the client reset the process kills itself: "+strings.Join(kills, ", ")+"; the next run with the same -dir goes on")
	flag.Parse()
	if err := o.check(policy, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// options are what the reader of the example chose.
type options struct {
	dir        string
	strategy   string
	track      string
	policyName string
	policy     model.Policy
	kill       string
}

// published is the strategy that does without resetgen.
const published = "published"

// kills are the steps at which the process can be made to kill itself.
var kills = []string{
	string(replica.Downloading), string(replica.Downloaded), string(replica.Closed),
	string(replica.Moved), string(replica.Reconciled), string(replica.Swapped),
}

var strategies = []string{reconcile.Recover.String(), reconcile.Discard.String(), reconcile.Overwrite.String(), published}

func (o *options) check(policy string, rest []string) (err error) {
	if len(rest) > 0 {
		return fmt.Errorf("what is %q? Only flags are expected; see -help", rest[0])
	}
	if !slices.Contains(strategies, o.strategy) {
		return fmt.Errorf("-strategy=%s is not a strategy (allowed: %s)", o.strategy, strings.Join(strategies, ", "))
	}
	if trackings[o.track] == nil {
		return fmt.Errorf("-track=%s is not a tracking mode (allowed: object, field, journal)", o.track)
	}
	if o.kill != "" && !slices.Contains(kills, o.kill) {
		return fmt.Errorf("-kill=%s is not a step (allowed: %s)", o.kill, strings.Join(kills, ", "))
	}
	if o.kill != "" && (o.dir == "" || o.strategy == published) {
		return fmt.Errorf("-kill needs -dir, so that the next run finds the files, and a strategy other than %s, which cannot go on", published)
	}
	if o.strategy == published {
		o.track = "object" // the recipe knows nothing else
	}
	o.policyName = policy
	if o.policy, err = model.ParsePolicy(policy); err != nil {
		return fmt.Errorf("-policy: %w", err)
	}
	return nil
}
