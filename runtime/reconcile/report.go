package reconcile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Report says what became of every unsynced change. Its JSON form, by
// encoding/json, is for machines; WriteText is for people.
type Report struct {
	Backup   string   `json:"backup,omitempty"` // the path
	BackupID string   `json:"backup_id,omitempty"`
	Fresh    string   `json:"fresh,omitempty"` // the path
	Strategy Strategy `json:"strategy"`
	Model    string   `json:"model,omitempty"` // of Reconcile, which knows no stores

	Applied bool `json:"applied"` // false: a preview
	Before  bool `json:"before"`  // the backup had been reconciled before; nothing was done

	// FellBack is why recover-or-discard discarded: the error of the backup. What
	// had changed in it is in the backup only. Unlisted is set where it could not be
	// read to the end, so that this was more than Total says.
	FellBack string `json:"fell_back,omitempty"`
	Unlisted bool   `json:"unlisted,omitempty"`

	// Rewound is set when the backend has forgotten changes of this client that it
	// had acknowledged. They are not unsynced any more, so they are not recovered:
	// they are in the backup, as ordinary objects. Lost lists what may be among them; it
	// is nil with the strategy overwrite, which writes all of that.
	Rewound *store.BackendRewoundError `json:"rewound,omitempty"`
	Lost    *Lost                      `json:"lost,omitempty"`

	// Restored is set where nothing was reconciled: a copy of the backup of this path
	// has taken the place of the store that Backup names (replica.Restore). What was
	// unsynced in that, Total objects, is in it only.
	Restored string `json:"restored,omitempty"`

	Total     int     `json:"total"`     // objects
	Counts    []Count `json:"counts"`    // by outcome and reason
	Conflicts int     `json:"conflicts"` // fields, parts of fields and whole objects
	Losses    int     `json:"losses"`    // values that could not be carried over
	Failed    int     `json:"failed"`    // objects that are in the backup only; keep it until they are seen to
	Unsynced  int     `json:"unsynced"`  // objects that have something to upload now

	// Objects are the first of Total, in the order of the models' names and then
	// of the keys, those last that a constraint had refused at first. Rest is how many
	// there are beyond them; RestFile lists these where that is known, each on a line of
	// its own, in JSON as here. Dangling are the first of DanglingTotal.
	Objects       []*Object  `json:"objects"`
	Rest          int        `json:"rest,omitempty"`
	RestFile      string     `json:"rest_file,omitempty"`
	Dangling      []Dangling `json:"dangling,omitempty"`
	DanglingTotal int        `json:"dangling_total"`
}

// Count is how many objects came to an outcome by the same change.
type Count struct {
	Outcome merge.Outcome `json:"outcome"`
	Change  model.Change  `json:"change"` // what had happened to them locally
	Write   merge.Write   `json:"write"`  // what it took in the fresh store
	Objects int           `json:"objects"`
}

func (p *Plan) report() *Report {
	r := &Report{
		Backup: p.backup.Path(), BackupID: p.backup.ID(), Fresh: p.fresh.Path(), Strategy: p.o.Strategy,
		Counts: []Count{}, Objects: []*Object{},
	}
	if p.unreadable != nil {
		r.Strategy, r.FellBack = RecoverOrDiscard, p.unreadable.Error()
	}
	return r
}

// add counts an object, and tells whether it is among Objects.
func (r *Report) add(o *Object, keep int) (listed bool) {
	r.Total++
	r.Conflicts += len(o.Conflicts)
	r.Losses += len(o.Losses)
	if o.Outcome == merge.Failed {
		r.Failed++
	}
	if o.Outcome != merge.Failed && o.decision.Entry != nil {
		r.Unsynced++
	}
	if listed = len(r.Objects) < keep; listed {
		r.Objects = append(r.Objects, o)
	} else {
		r.Rest++
	}
	c := Count{Outcome: o.Outcome, Change: o.Change, Write: o.Write}
	i, found := slices.BinarySearchFunc(r.Counts, c, compareCounts)
	if !found {
		r.Counts = slices.Insert(r.Counts, i, c)
	}
	r.Counts[i].Objects++
	return listed
}

func compareCounts(a, b Count) int {
	return cmp.Or(
		cmp.Compare(slices.Index(merge.Outcomes(), a.Outcome), slices.Index(merge.Outcomes(), b.Outcome)),
		cmp.Compare(a.Change, b.Change),
		cmp.Compare(a.Write, b.Write))
}

func (r *Report) dangling(d Dangling, keep int) {
	r.DanglingTotal++
	if len(r.Dangling) < keep {
		r.Dangling = append(r.Dangling, d)
	}
}

// Count is how many objects came to the outcome.
func (r *Report) Count(outcome merge.Outcome) int {
	n := 0
	for _, c := range r.Counts {
		if c.Outcome == outcome {
			n += c.Objects
		}
	}
	return n
}

// WriteText writes the report for people: a summary, and then every object with
// something to look at.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.summary(&b)
	for _, o := range r.Objects {
		if o.notable() {
			b.WriteByte('\n')
			o.text(&b)
		}
	}
	switch {
	case r.RestFile != "":
		fmt.Fprintf(&b, "\n%d more objects are not listed here, but in %s, one a line.\n", r.Rest, r.RestFile)
	case r.Rest > 0:
		fmt.Fprintf(&b, "\n%d more objects are not listed here.\n", r.Rest)
	}
	if r.Lost != nil {
		r.Lost.text(&b)
	}
	for _, d := range r.Dangling {
		verb := "refers"
		if d.Cleared {
			verb = "referred (and was cleared)"
		}
		fmt.Fprintf(&b, "\n%s %v: %s %s to %s %v, which is not there\n", d.Model, d.Key, d.Field, verb, d.To, d.ToKey)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) summary(b *strings.Builder) {
	switch {
	case r.Before:
		fmt.Fprintf(b, "The backup %s was reconciled with %s before: nothing to do.\n", r.Backup, r.Fresh)
		return
	case r.Restored != "":
		fmt.Fprintf(b, "Nothing was reconciled: a copy of the backup %s is the live store %s now. The store that was there was put aside as %s, with unsynced changes of %d objects.\n", r.Restored, r.Fresh, r.Backup, r.Total)
		return
	case r.Applied && r.Model != "":
		fmt.Fprintf(b, "Reconciled the backup of %s with fresh, by stamps.\n", r.Model)
	case r.Applied:
		fmt.Fprintf(b, "Reconciled the backup %s with %s (strategy %s).\n", r.Backup, r.Fresh, r.Strategy)
	case r.Model != "":
		fmt.Fprintf(b, "Preview: the backup of %s with fresh, by stamps. Nothing was changed.\n", r.Model)
	default:
		fmt.Fprintf(b, "Preview: the backup %s with %s (strategy %s). Nothing was changed.\n", r.Backup, r.Fresh, r.Strategy)
	}
	if r.FellBack != "" {
		fmt.Fprintf(b, "The backup cannot be recovered, so its changes were left in it: %s.\n", r.FellBack)
	}
	if r.Unlisted {
		b.WriteString("It could not be read to its end: there may be more than is listed here.\n")
	}
	if r.Rewound != nil {
		fmt.Fprintf(b, "%s%s; what it had acknowledged since is in the backup.\n", strings.ToUpper(r.Rewound.Error()[:1]), r.Rewound.Error()[1:])
	}
	if r.Lost != nil {
		r.Lost.summary(b)
	}
	what := "Objects with unsynced changes"
	if r.Strategy == Overwrite {
		what = "Objects that differ in the backup"
	}
	fmt.Fprintf(b, "%s: %d. Conflicts: %d. Values lost: %d. Objects to upload: %d.\nFailed: %d. References to what is not there: %d.\n\n",
		what, r.Total, r.Conflicts, r.Losses, r.Unsynced, r.Failed, r.DanglingTotal)
	if len(r.Counts) == 0 {
		return
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OBJECTS\tOUTCOME\tLOCALLY\tWRITTEN TO FRESH")
	for _, c := range r.Counts {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", c.Objects, c.Outcome, c.Change, c.Write)
	}
	table.Flush()
}

// notable tells whether a person should look at the object.
func (o *Object) notable() bool {
	switch o.Outcome {
	case merge.Recovered, merge.Merged, merge.Already:
		return len(o.Losses) > 0
	}
	return true
}

func (o *Object) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s %v: %s (%s)\n", o.Model, o.Key, o.Outcome, o.Reason)
	for _, c := range o.Conflicts {
		c.WriteText(b)
	}
	for _, l := range o.Losses {
		if l.Value.IsAbsent() { // of a model that is gone nothing can be read
			fmt.Fprintf(b, "  %s: its value is in the backup only: %s\n", l.Field, l.Why)
			continue
		}
		fmt.Fprintf(b, "  %s: lost %v: %s\n", l.Field, l.Value, l.Why)
	}
}

// WriteText shows the object in full to people.
func (o *Object) WriteText(w io.Writer) error {
	var b strings.Builder
	o.text(&b)
	_, err := io.WriteString(w, b.String())
	return err
}
