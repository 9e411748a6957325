package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
)

// tell prints what happened.
func (s *story) tell(out io.Writer) error {
	var b strings.Builder
	if s.killed != "" {
		fmt.Fprintf(&b, "An earlier run was killed at the step %q of its client reset; this one has finished it.\n", s.killed)
	}
	fmt.Fprintf(&b, "%d features at the last sync; the contributor made %d edits offline; the backend now has %d features.\n",
		len(s.base), len(s.edits), len(s.remote))
	policy := "no policy: this strategy asks for none"
	if s.asksPolicy() {
		policy = "policy " + s.policy
	}
	fmt.Fprintf(&b, "strategy %s, track=%s, %s\n", s.strategy, s.track, policy)
	of := s.sides()
	if s.recovery == nil {
		tellFates(&b, s.edits, of)
		tellLosses(&b, losses(s.edits, of))
	} else {
		s.tellReport(&b, s.recovery.Report, of)
		s.tellSync(&b)
	}
	tellAudit(&b, of.compare())
	s.tellFiles(&b)
	s.tellSteps(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// tellReport prints what the report of the client reset says.
func (s *story) tellReport(b *strings.Builder, r *reconcile.Report, of sides) {
	one, more, differing := "conflict", "conflicts", "conflicts in them"
	if r.Strategy == reconcile.Overwrite {
		one, more, differing = "object that was written over", "objects that were written over", "fields of them differed"
		tellOverwritten(b, r, s.edits, of)
	} else {
		tellEdits(b, r)
	}
	fmt.Fprintf(b, "\n  %d objects in all, %d %s, %d to be uploaded, %d failed\n",
		r.Total, r.Conflicts, differing, r.Unsynced, r.Count(merge.Failed))
	tellInFull(b, one, more, examples(r.Objects))
}

// tellEdits prints what became of the edits.
func tellEdits(b *strings.Builder, r *reconcile.Report) {
	fmt.Fprintf(b, "\nWhat became of the edits\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  EDITS\tOUTCOME\tTHE EDIT\tTHE BACKEND\tWRITTEN TO FRESH\n")
	for _, c := range r.Counts {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\n", c.Objects, c.Outcome, c.Change, why(r.Strategy, c), c.Write)
	}
	t.Flush()
}

// why says what the backend had done, or what was chosen.
func why(strategy reconcile.Strategy, c reconcile.Count) string {
	deleted := c.Change == model.Deleted
	switch c.Outcome {
	case merge.Recovered:
		if c.Change == model.Created {
			return "has no such feature"
		}
		return "had left it alone"
	case merge.Merged:
		return "changed it elsewhere"
	case merge.Conflicted:
		if deleted {
			return "changed what was deleted here"
		}
		return "changed the same"
	case merge.Kept:
		return "changed what was deleted here"
	case merge.Restored:
		return "has no such feature any more"
	case merge.Dropped:
		switch strategy {
		case reconcile.Manual:
			return "was in conflict with it"
		case reconcile.Discard:
			return "is taken as it is"
		}
		return "has no such feature any more"
	case merge.Already:
		return "did the same"
	}
	return ""
}

// tellOverwritten prints what the contributor's whole catalogue was written over,
// edited or not.
func tellOverwritten(b *strings.Builder, r *reconcile.Report, edits []Edit, of sides) {
	fmt.Fprintf(b, "\nWhat the contributor's whole catalogue was written over\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  OBJECTS\tIN THE BACKUP\tTHE BACKEND\tWRITTEN TO FRESH\n")
	for _, c := range r.Counts {
		backup, backend := "there", "has it otherwise"
		switch {
		case c.Outcome == merge.Kept:
			backup, backend = "deleted", "is not looked at: overwriting deletes nothing"
		case c.Write == merge.WriteInsert:
			backend = "has no such feature"
		}
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\n", c.Objects, backup, backend, c.Write)
	}
	t.Flush()
	edited := 0
	for _, e := range edits {
		if _, local, remote, _ := of.at(e.ID); local != nil && !local.equal(remote) {
			edited++
		}
	}
	over := r.Count(merge.Overwrote)
	fmt.Fprintf(b, "\n  %d of the %d that were written are edits; the other %d the contributor had never touched\n", edited, over, over-edited)
}

// examples picks three objects with conflicts: of different kinds as far as there are
// such, and conflicts of fields before those of whole objects.
func examples(objects []*reconcile.Object) (found []*reconcile.Object) {
	take := func(want func(*reconcile.Object) bool) {
		for _, o := range objects {
			if len(found) < 3 && len(o.Conflicts) > 0 && !slices.Contains(found, o) && want(o) {
				found = append(found, o)
			}
		}
	}
	newKind := func(o *reconcile.Object) bool {
		return !slices.ContainsFunc(found, func(f *reconcile.Object) bool {
			return f.Outcome == o.Outcome && f.Conflicts[0].Rule == o.Conflicts[0].Rule
		})
	}
	take(func(o *reconcile.Object) bool { return o.Conflicts[0].Field != "" && newKind(o) })
	take(newKind)
	take(func(*reconcile.Object) bool { return true })
	return found
}

func tellInFull(b *strings.Builder, one, more string, objects []*reconcile.Object) {
	switch len(objects) {
	case 0:
		return
	case 1:
		more = one
	}
	fmt.Fprintf(b, "\n%d %s in full\n\n", len(objects), more)
	for _, o := range objects {
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
	why := remote.ClientResetError{Reason: s.recovery.Saved.Reason, Detail: s.recovery.Saved.Detail}
	fmt.Fprintf(b, "\nThe backend and the contributor\n\n  %v\n", &why)
	fmt.Fprintf(b, "  %d objects uploaded afterwards; both sides hold the same %d features\n", s.uploaded, len(s.result))
}

func (s *story) tellFiles(b *strings.Builder) {
	fmt.Fprintf(b, "\nFiles\n\n")
	if s.recovery == nil {
		fmt.Fprintf(b, "  backup  %s\n  fresh   %s\n", s.path(backupFile), s.path(freshFile))
		return
	}
	saved := s.recovery.Saved
	fmt.Fprintf(b, "  live    %s (the fresh copy)\n  backup  %s\n  report  %s\n", s.path(liveFile), saved.Path, saved.ReportPath)
}

func (s *story) tellSteps(b *strings.Builder) {
	fmt.Fprintf(b, "\nHow long it took\n\n")
	for _, step := range s.took {
		fmt.Fprintf(b, "  %7s  %s\n", step.took.Round(time.Millisecond), step.name)
	}
}
