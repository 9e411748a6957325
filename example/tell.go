package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
)

// tell prints what happened.
func (s *story) tell() error {
	var report *reconcile.Report
	if s.recovery != nil {
		report = s.recovery.Report
	}
	var b strings.Builder
	if s.resumed != "" {
		fmt.Fprintf(&b, "An earlier run was killed at the step %q of its client reset; this one has finished it.\n", s.resumed)
	}
	fmt.Fprintf(&b, "%d features at the last sync; the contributor made %d edits offline; the backend now has %d features.\n",
		len(s.base), len(s.edits), len(s.remote))
	fmt.Fprintf(&b, "strategy %s, track=%s, policy %s\n", s.strategy, s.track, s.policyName)
	if report != nil {
		tellEdits(&b, report)
		s.tellConflicts(&b)
		s.tellSync(&b)
	}
	local, err := edited(s.base, s.edits)
	if err != nil {
		return err
	}
	tellAudit(&b, compare(cutAll(s.base), local, cutAll(s.remote), cutAll(s.result)))
	s.tellFiles(&b)
	s.tellSteps(&b)
	_, err = io.WriteString(s.out, b.String())
	return err
}

// tellEdits prints what became of the edits.
func tellEdits(b *strings.Builder, r *reconcile.Report) {
	fmt.Fprintf(b, "\nWhat became of the edits\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  EDITS\tOUTCOME\tTHE EDIT\tTHE BACKEND\tWRITTEN TO FRESH\n")
	for _, c := range r.Counts {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\n", c.Objects, c.Outcome, c.Change, why(c), c.Write)
	}
	t.Flush()
	fmt.Fprintf(b, "\n  %d objects in all, %d conflicts in them, %d to be uploaded, %d failed\n",
		r.Total, r.Conflicts, r.Unsynced, r.Count(merge.Failed))
}

// why says what the backend had done, or what was chosen.
func why(c reconcile.Count) string {
	switch c.Outcome {
	case merge.Recovered:
		if c.Change == model.Created {
			return "has no such feature"
		}
		return "had left it alone"
	case merge.Merged:
		return "changed it elsewhere"
	case merge.Conflicted:
		return "changed the same"
	case merge.Restored:
		return "has no such feature any more"
	case merge.Kept:
		if c.Change == model.Deleted {
			return "changed what was deleted here"
		}
	case merge.Dropped:
		return "was preferred"
	case merge.Already:
		return "did the same"
	case merge.Overwrote:
		return "was not asked"
	}
	return ""
}

func (s *story) tellConflicts(b *strings.Builder) {
	if len(s.conflicts) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%d conflicts in full\n\n", len(s.conflicts))
	for _, o := range s.conflicts {
		var text strings.Builder
		o.WriteText(&text)
		for line := range strings.Lines(text.String()) {
			fmt.Fprintf(b, "  %s", line)
		}
	}
}

// tellAudit prints what the result holds of both sides' changes.
func tellAudit(b *strings.Builder, a audit) {
	fmt.Fprintf(b, "\nWhose changes are in the result (fields, elements of sets, keys of maps, whole features)\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "  \tmade\tin the result\tlost\t\n")
	fmt.Fprintf(t, "  by the contributor alone\t%d\t%d\t%d\t\n", a.contributor.made, a.contributor.survived, a.contributor.lost())
	fmt.Fprintf(t, "  by the maintainers alone\t%d\t%d\t%d\t\n", a.maintainers.made, a.maintainers.survived, a.maintainers.lost())
	t.Flush()
	fmt.Fprintf(b, "\n  %d more were made by both alike, and %d by both differently: one side's had to give way\n", a.agreed, a.contested)
	fmt.Fprintf(b, "  %d features that the maintainers had removed are back; %d that they had changed are deleted\n", a.revived, a.vanished)
}

// tellSync prints how the two sides came together again.
func (s *story) tellSync(b *strings.Builder) {
	why := "finished from the files of an earlier run"
	if s.reset != nil {
		why = s.reset.Error()
	}
	fmt.Fprintf(b, "\nThe backend and the contributor\n\n  %s\n", why)
	fmt.Fprintf(b, "  %d objects uploaded afterwards; both sides hold the same %d features\n", s.uploaded, len(s.result))
}

func (s *story) tellFiles(b *strings.Builder) {
	if s.recovery == nil {
		fmt.Fprintf(b, "\nFiles\n\n  backup  %s\n  fresh   %s\n", s.path(backupFile), s.path(freshFile))
		return
	}
	fmt.Fprintf(b, "\nFiles\n\n  live    %s (the fresh copy)\n  backup  %s\n  report  %s\n", s.path(liveFile), s.recovery.Saved.Path, s.path(reportFile))
}

func (s *story) tellSteps(b *strings.Builder) {
	fmt.Fprintf(b, "\nHow long it took\n\n")
	for _, step := range s.steps {
		fmt.Fprintf(b, "  %7s  %s\n", step.took.Round(time.Millisecond), step.name)
	}
}
