package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
)

// What a report does not hold on to is handed out, with the report that it is of: when
// recover-or-discard begins anew that is another one.
func TestRest(t *testing.T) {
	w := newWorld(t)
	fail := w.faulty("backup")
	backup, fresh := w.twoEdits()
	rest := map[*reconcile.Report][]string{}
	seen := 0
	o := reconcile.Options{
		Strategy: reconcile.RecoverOrDiscard, Keep: 1,
		Each: func(*reconcile.Object) error {
			if seen++; seen == 2 {
				fail[row] = store.ErrCorrupt
			}
			return nil
		},
		Rest: func(of *reconcile.Report, o *reconcile.Object) error {
			rest[of] = append(rest[of], o.Key.Text())
			return nil
		},
	}
	report := w.apply(backup, fresh, o)
	if report.FellBack == "" || report.Count(merge.Dropped) != 3 || len(report.Objects) != 1 || report.Rest != 2 {
		t.Errorf("%+v", report)
	}
	if got := rest[report]; !slices.Equal(got, []string{"b", "n"}) || len(rest) != 2 {
		t.Errorf("the rest is %q, of %d reports", got, len(rest))
	}
	for file, says := range map[string]string{"": "\n2 more objects are not listed here.\n", "rest.jsonl": "\n2 more objects are not listed here, but in rest.jsonl, one a line.\n"} {
		report.RestFile = file
		var text strings.Builder
		if err := report.WriteText(&text); err != nil || !strings.Contains(text.String(), says) {
			t.Errorf("it says %s", text.String())
		}
	}
}
