package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// rewound is a backup of which the backend has forgotten a cut, and what the backend
// has now.
func (w *world) rewound() (backup, fresh *store.Store) {
	w.Helper()
	backup = w.filled("backup", items.FieldItem{ID: "a", Count: 1}, items.FieldItem{ID: "b", Count: 1}, items.FieldItem{ID: "c", Count: 1}, items.FieldItem{ID: "same"})
	for _, id := range []string{"a", "b", "c"} {
		w.set(backup, id, func(r *items.FieldItemRecord) { r.AddCount(2); r.SetText("sent") })
	}
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "new", Text: "sent"})
	})
	w.update(backup, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(10)
		if err == nil {
			_, err = tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1})
		}
		return err
	})
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(4) })
	w.set(backup, "c", func(r *items.FieldItemRecord) { r.SetText("mine") })
	w.delete(backup, "same")
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "mine", Text: "never sent"})
	})
	return backup, w.filled("fresh", items.FieldItem{ID: "a", Count: 1}, items.FieldItem{ID: "b", Count: 1, Text: "sent"}, items.FieldItem{ID: "bb"}, items.FieldItem{ID: "c", Count: 3, Text: "theirs"}, items.FieldItem{ID: "same"})
}

// What a backend had acknowledged and has forgotten is named, object by object, and
// nothing else is.
func TestLost(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.rewound()
	o := reconcile.Options{Mark: &model.Mark{}}
	report := w.apply(backup, fresh, o)
	if report.Rewound == nil || report.Lost == nil || report.Lost.Unread != "" {
		t.Fatalf("%+v", report)
	}
	var got []string
	for _, o := range report.Lost.Objects {
		got = append(got, fmt.Sprintf("%s %s %v %q", o.Model, o.Key.Text(), o.Absent, o.Fields))
	}
	want := []string{`field_item a false ["text" "count"]`, `field_item b false ["count"]`, `field_item c false ["text"]`, `field_item new true []`}
	if diff := cmp.Diff(want, got); diff != "" || report.Lost.Total != 4 {
		t.Error(diff)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"apart from what is unsynced: 4. The", "\nfield_item \"a\": differs in the backup: text, count\n", "\nfield_item \"new\": in the backup only\n"} {
		if !strings.Contains(text.String(), says) {
			t.Errorf("%q is not in the report:\n%s", says, text.String())
		}
	}

	for name, c := range map[string]struct {
		o    reconcile.Options
		fail operation
		want func(*reconcile.Lost) bool
	}{
		"bounded":    {reconcile.Options{Mark: &model.Mark{}, Keep: 1}, "", func(l *reconcile.Lost) bool { return l.Total == 4 && len(l.Objects) == 1 }},
		"overwrite":  {reconcile.Options{Mark: &model.Mark{}, Strategy: reconcile.Overwrite}, "", func(l *reconcile.Lost) bool { return l == nil }},
		"unreadable": {reconcile.Options{Mark: &model.Mark{}}, rows, func(l *reconcile.Lost) bool { return l.Unread != "" && l.Total == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fail := w.faulty("backup")
			backup, fresh := w.rewound()
			fail[c.fail] = store.ErrCorrupt
			if report := w.apply(backup, fresh, c.o); !c.want(report.Lost) || report.Total < 4 || report.Failed > 0 {
				t.Errorf("%+v, %+v", report.Lost, report)
			}
		})
	}
}
