package reconcile

import (
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
)

// guess is the record of an object's changes that stamps allow to make up. What
// only the backup changed has its base in fresh. What both changed has none.
type guess struct {
	entry    *model.Entry
	baseless model.FieldSet // both changed it
	alone    model.FieldSet // and its rule cannot decide without a base: the local value stands
}

// guess makes the record of an object that the backup and fresh have, of which
// each changed some fields.
func (s *streams[T]) guess(local *dated[T], here, there model.FieldSet, mine, theirs *model.Row) *guess {
	g := &guess{entry: s.entry(local, model.Updated)}
	for f := range here.All() {
		at, _ := s.at(local, f)
		field := &s.m.Info.Fields[f]
		base := theirs.Values[f] // so that the local value stands
		if there.Has(f) {
			g.baseless.Add(f)
			if field.Rule.MergesParts() || field.Rule == model.Func {
				g.alone.Add(f)
			} else {
				base = mine.Values[f] // so that the other side differs from it too, and the rule is asked
			}
		}
		g.entry.Fields = append(g.entry.Fields, model.FieldChange{Name: field.Name, Stamp: at, Base: base})
	}
	return g
}

// complete makes a decision say that there was no base, and what stands for lack
// of one.
func (g *guess) complete(m *model.Info, d *merge.Decision, mine, theirs *model.Row) {
	if d.Outcome == merge.Failed {
		return
	}
	for i := range d.Conflicts {
		if g.baseless.Has(m.Index(d.Conflicts[i].Field)) {
			d.Conflicts[i].Base = model.Value{}
		}
	}
	found := len(d.Conflicts)
	for f := range g.alone.All() {
		if !mine.Values[f].Equal(theirs.Values[f]) {
			d.Conflicts = append(d.Conflicts, merge.Conflict{
				Field: m.Fields[f].Name, Rule: "local, there is no base for " + m.Fields[f].Rule.String(),
				Local: mine.Values[f], Remote: theirs.Values[f], Result: mine.Values[f],
			})
		}
	}
	if len(d.Conflicts) == found {
		return
	}
	slices.SortStableFunc(d.Conflicts, func(a, b merge.Conflict) int { return m.Index(a.Field) - m.Index(b.Field) })
	names := make([]string, len(d.Conflicts))
	for i, c := range d.Conflicts {
		names[i] = c.Field
	}
	d.Outcome, d.Reason = merge.Conflicted, "both sides changed "+strings.Join(names, ", ")
}
