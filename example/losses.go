package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// fate is what became of an edit by the published recipe, which has no report: it is
// read from the result.
type fate struct{ edit, backend, recipe string }

// toll is what the edits with one fate cost.
type toll struct{ edits, lost, contested int }

// tellFates prints what became of the edits, and what that cost the maintainers.
func tellFates(b *strings.Builder, edits []Edit, of sides) {
	tolls := map[fate]toll{}
	for _, e := range edits {
		base, local, remote, result := of.at(e.ID)
		var a audit
		a.object(base, local, remote, result)
		f := fateOf(base, local, remote, result)
		t := tolls[f]
		tolls[f] = toll{t.edits + 1, t.lost + a.maintainers.lost(), t.contested + a.contested}
	}
	fmt.Fprintf(b, "\nWhat became of the edits\n\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  EDITS\tTHE EDIT\tTHE BACKEND\tTHE RECIPE\tMAINTAINERS' CHANGES LOST\tCONFLICTS UNTOLD\n")
	for _, f := range slices.SortedFunc(maps.Keys(tolls), func(x, y fate) int {
		return cmp.Or(cmp.Compare(slices.Index(edited, x.edit), slices.Index(edited, y.edit)), cmp.Compare(x.backend, y.backend), cmp.Compare(x.recipe, y.recipe))
	}) {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%d\t%d\n", tolls[f].edits, f.edit, f.backend, f.recipe, tolls[f].lost, tolls[f].contested)
	}
	t.Flush()
}

// edited are the kinds of edits, in the order in which they are shown.
var edited = []string{"updated", "created", "deleted"}

func fateOf(base, local, remote, result parts) fate {
	f := fate{edit: "updated", backend: "changed it", recipe: "wrote it, whole"}
	switch {
	case base == nil:
		f.edit = "created"
	case local == nil:
		f.edit = "deleted"
	}
	switch {
	case base == nil && remote == nil:
		f.backend = "has no such feature"
	case base == nil:
		f.backend = "created it too"
	case remote == nil:
		f.backend = "removed it"
	case remote.equal(base):
		f.backend = "had left it alone"
	}
	switch {
	case result == nil:
		f.recipe = "deleted it"
	case remote == nil:
		f.recipe = "inserted it"
	case result.equal(remote):
		f.recipe = "left it there"
	}
	return f
}

// flaw is why the recipe loses something.
type flaw string

const (
	oneTime flaw = "there is one time for the whole feature: a field that the contributor never touched goes back to what it was at the last sync"
	noBase  flaw = "nothing remembers what a field was at the last sync: of a set or map that both changed, the contributor's is written whole"
	noClash flaw = "nothing tells a conflict from an edit: what both changed is the contributor's, and nobody hears of it"
)

// loss is a change of the maintainers that is not in the result.
type loss struct {
	id, part                    string
	edited                      []string // the fields of it that the contributor had changed
	base, local, remote, result string
}

// losses finds them, by the flaw behind each, where a feature was written over
// another one.
func losses(edits []Edit, of sides) map[flaw][]loss {
	all := map[flaw][]loss{}
	for _, e := range edits {
		base, local, remote, result := of.at(e.ID)
		if local == nil || remote == nil {
			continue
		}
		edited := parts{}
		for name := range names(base, local) {
			if local[name] != base[name] {
				edited[field(name)] = name
			}
		}
		fields := slices.Sorted(maps.Keys(edited))
		for _, name := range slices.Sorted(maps.Keys(names(base, local, remote))) {
			if remote[name] == base[name] || result[name] == remote[name] {
				continue
			}
			why := oneTime
			switch {
			case local[name] != base[name]:
				why = noClash
			case edited[field(name)] != "":
				why = noBase
			}
			all[why] = append(all[why], loss{e.ID, name, fields, base[name], local[name], remote[name], result[name]})
		}
	}
	return all
}

// tellLosses prints an example of each flaw, each of another feature.
func tellLosses(b *strings.Builder, all map[flaw][]loss) {
	fmt.Fprintf(b, "\nThree losses in full\n")
	shown := map[string]bool{}
	for _, why := range []flaw{oneTime, noBase, noClash} {
		fmt.Fprintf(b, "\n  %d like this: %s\n", len(all[why]), why)
		i := slices.IndexFunc(all[why], func(l loss) bool { return !shown[l.id] })
		if i < 0 {
			continue
		}
		l := all[why][i]
		shown[l.id] = true
		fmt.Fprintf(b, "  feature %q, in which the contributor changed %s\n    %s\n", l.id, strings.Join(l.edited, ", "), l.part)
		for _, side := range []struct{ name, value string }{
			{"base", l.base}, {"contributor", l.local}, {"maintainers", l.remote}, {"result", l.result},
		} {
			fmt.Fprintf(b, "      %-11s  %s\n", side.name, cmp.Or(side.value, "not set"))
		}
	}
}
