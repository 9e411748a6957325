package reconcile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
	"github.com/resetgen/resetgen/testdata/golden/options"
)

// byHand are the options of the strategy manual.
func byHand(do func(*reconcile.ByHand) error) reconcile.Options {
	return reconcile.Options{Strategy: reconcile.Manual, Manual: do}
}

// The app's function sees what recover would do, has some of it done, leaves some,
// and writes something of its own: in one transaction, once.
func TestManual(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.twoEdits()
	before := w.content(fresh)
	calls := 0
	o := byHand(func(h *reconcile.ByHand) error {
		calls++
		for o, err := range h.Objects() {
			if err != nil {
				return err
			}
			switch o.Key.Text() {
			case "a":
				if diff := cmp.Diff([]string{"text"}, o.Fields); diff != "" || o.Outcome != merge.Recovered {
					t.Errorf("%s: %s", o.Outcome, diff)
				}
				if err := h.Recover(o); err != nil {
					return err
				}
			case "n":
				old, err := items.FieldItemRecords.Get(h.Backup, "n")
				if err != nil {
					return err
				}
				if err := items.FieldItemRecords.Replace(h.Fresh, &items.FieldItem{ID: "n2", Text: "by hand: " + old.Text()}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	plan := reconcile.New(backup, fresh, o)
	preview, err := plan.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.content(fresh)); diff != "" || len(w.pending(fresh)) > 0 {
		t.Errorf("the preview left %s %v", diff, w.pending(fresh))
	}
	report, err := plan.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	preview.Applied = true
	if diff := cmp.Diff(asJSON(t, preview), asJSON(t, report)); diff != "" {
		t.Errorf("what was previewed is not what was done: %s", diff)
	}
	want := []items.FieldItem{{ID: "a", Text: "mine", Ref: "b"}, {ID: "b"}, {ID: "n2", Text: "by hand: mine"}}
	if diff := cmp.Diff(want, w.content(fresh)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a.text", "n2.text"}, w.pending(fresh)); diff != "" {
		t.Error(diff)
	}
	if report.Total != 3 || report.Count(merge.Recovered) != 1 || report.Count(merge.Dropped) != 2 || report.Strategy != reconcile.Manual {
		t.Errorf("%+v", report)
	}
	if again := w.apply(backup, fresh, o); !again.Before || calls != 2 {
		t.Errorf("the second time: %d calls, %+v", calls, again)
	}
}

// What the app writes by hand is newer than all that the backup has, so that it is
// not taken for the older of two writes.
func TestManualWritesAreNewer(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.twoEdits()
	w.now = w.now.AddDate(-1, 0, 0)
	w.apply(backup, fresh, byHand(func(h *reconcile.ByHand) error {
		return items.FieldItemRecords.Replace(h.Fresh, &items.FieldItem{ID: "n"})
	}))
	stampOf := func(db *store.Store) (at uint64) {
		err := db.View(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Row(items.FieldItemRecords.Model().Info, model.StringValue("n"))
			if err == nil {
				at = uint64(row.Stamp)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if here, there := stampOf(fresh), stampOf(backup); here <= there {
		t.Errorf("it is stamped %d, the backup's %d", here, there)
	}
}

// A function that fails or panics half way leaves nothing behind.
func TestManualFails(t *testing.T) {
	enough := errors.New("enough")
	for name, end := range map[string]func() error{
		"an error":          func() error { return enough },
		"a panic":           func() error { panic("enough") },
		"a nil dereference": func() error { var r *items.FieldItemRecord; r.SetText("enough"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			backup, fresh := w.twoEdits()
			before := w.content(fresh)
			report, err := reconcile.New(backup, fresh, byHand(func(h *reconcile.ByHand) error {
				for o, err := range h.Objects() {
					if err != nil {
						return err
					}
					if err := h.Recover(o); err != nil {
						return err
					}
				}
				return end()
			})).Apply(t.Context())
			if err == nil || report != nil || !strings.Contains(err.Error(), "Options.Manual") {
				t.Errorf("%v, %+v", err, report)
			}
			if name == "an error" && !errors.Is(err, enough) {
				t.Errorf("the error was %v", err)
			}
			if diff := cmp.Diff(before, w.content(fresh)); diff != "" || len(w.pending(fresh)) > 0 {
				t.Errorf("%s %v is left", diff, w.pending(fresh))
			}
			if got := w.apply(backup, fresh, reconcile.Options{}).Total; got != 3 {
				t.Errorf("%d objects after all", got)
			}
		})
	}
}

// What makes no sense is refused, and what was written by hand is not overwritten.
func TestManualRefusals(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.twoEdits()
	var kept *reconcile.ByHand
	var stale *reconcile.Object
	if _, err := reconcile.New(backup, fresh, byHand(func(h *reconcile.ByHand) error {
		kept = h
		for o := range h.Objects() {
			stale = o
		}
		return nil
	})).Preview(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := kept.Recover(stale); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("after the function has returned: %v", err)
	}
	report := w.apply(backup, fresh, byHand(func(h *reconcile.ByHand) error {
		if err := h.Recover(nil); err == nil {
			t.Error("nil was recovered")
		}
		if err := h.Recover(&reconcile.Object{Model: "field_item"}); err == nil {
			t.Error("an object of the app's making was recovered")
		}
		if err := h.Recover(stale); err == nil {
			t.Error("an object of another call was recovered")
		}
		all := []*reconcile.Object{}
		for o, err := range h.Objects() {
			if err != nil {
				return err
			}
			all = append(all, o)
		}
		if err := h.Recover(all[0]); err != nil {
			return err
		}
		if err := h.Recover(all[0]); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("the second time: %v", err)
		}
		r, err := items.FieldItemRecords.Get(h.Fresh, "b")
		if err != nil {
			return err
		}
		r.SetText("by hand")
		if err := items.FieldItemRecords.Put(h.Fresh, r); err != nil {
			return err
		}
		if err := h.Recover(all[1]); !errors.Is(err, store.ErrUnsynced) {
			t.Errorf("an object written by hand: %v", err)
		}
		if err := h.Backup.Write(items.FieldItemRecords.Model().Info, model.StringValue("a"), &model.Row{}); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("writing to the backup: %v", err)
		}
		return nil
	}))
	if got := w.content(fresh)[1].Text; got != "by hand" || report.Total != 3 {
		t.Errorf("%q, %d objects", got, report.Total)
	}
}

// sites is a store of options.Site that counts as synced: objects with a value that
// must be unique.
func (w *world) sites(path string, codes ...string) *store.Store {
	w.Helper()
	db := w.open(path, &options.Schema)
	w.update(db, func(tx *store.Tx) error {
		for i, code := range codes {
			s := options.Site{ID: string(rune('a' + i)), Code: code}
			if err := options.SiteRecords.Load(tx, &s, 1); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	})
	return db
}

// recode gives the sites of a store other codes, by way of none that is taken.
func (w *world) recode(db *store.Store, codes ...string) {
	w.Helper()
	for _, pass := range []string{"passing ", ""} {
		w.update(db, func(tx *store.Tx) error {
			for i, code := range codes {
				r, err := options.SiteRecords.Get(tx, string(rune('a'+i)))
				if err != nil {
					return err
				}
				if pass == "" || r.Code() != code {
					r.SetCode(pass + code)
				}
				if err := options.SiteRecords.Put(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// codes lists the codes of a store's sites.
func (w *world) codes(db *store.Store) (codes []string) {
	w.Helper()
	err := db.View(w.Context(), func(tx *store.Tx) error {
		for r, err := range options.SiteRecords.All(tx) {
			if err != nil {
				return err
			}
			codes = append(codes, r.Code())
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return codes
}

// Objects that wait for each other's unique value get it; one that waits for
// somebody else's has failed, and its own value stays where it was.
func TestUniqueValuesChangeHands(t *testing.T) {
	for _, c := range []struct {
		name               string
		fresh, local, want []string // as many as the backup has; what fresh has more comes after
		failed             int
	}{
		{"two swap", []string{"1", "2"}, []string{"2", "1"}, []string{"2", "1"}, 0},
		{"a ring of four", []string{"1", "2", "3", "4"}, []string{"2", "3", "4", "1"}, []string{"2", "3", "4", "1"}, 0},
		{"two pairs", []string{"1", "2", "3", "4"}, []string{"2", "1", "4", "3"}, []string{"2", "1", "4", "3"}, 0},
		{"a chain", []string{"1", "2", "3"}, []string{"2", "3", "4"}, []string{"2", "3", "4"}, 0},
		{"a chain that ends at a stranger's", []string{"1", "2", "9"}, []string{"2", "9"}, []string{"1", "2", "9"}, 2},
		{"a pair, and one that wants a stranger's", []string{"1", "2", "3", "9"}, []string{"2", "1", "9"}, []string{"2", "1", "3", "9"}, 1},
		{"a pair, and one that waits for the third", []string{"1", "2", "3", "4", "9"}, []string{"2", "1", "9", "3"}, []string{"2", "1", "3", "4", "9"}, 2},
	} {
		for _, strategy := range []reconcile.Strategy{reconcile.Recover, reconcile.Overwrite} {
			t.Run(c.name+", "+strategy.String(), func(t *testing.T) {
				w := newWorld(t)
				backup, fresh := w.sites("backup", c.fresh[:len(c.local)]...), w.sites("fresh", c.fresh...)
				w.recode(backup, c.local...)
				report := w.apply(backup, fresh, reconcile.Options{Strategy: strategy})
				if diff := cmp.Diff(c.want, w.codes(fresh)); diff != "" || report.Failed != c.failed {
					t.Errorf("%d failed: %s", report.Failed, diff)
				}
				if got := len(w.pending(fresh)); got != len(c.local)-c.failed || report.Unsynced != got {
					t.Errorf("unsynced is %v", w.pending(fresh))
				}
				for _, o := range report.Objects {
					if o.Outcome == merge.Failed && (len(o.Losses) != 1 || !strings.Contains(o.Reason, "unique")) {
						t.Errorf("%v: %s, %v", o.Key, o.Reason, o.Losses)
					}
				}
				if report.Total != len(c.local) {
					t.Errorf("%d objects in the report", report.Total)
				}
			})
		}
	}
}

// By hand too, unless the app has settled it in its own way.
func TestUniqueValuesByHand(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.sites("backup", "1", "2", "3"), w.sites("fresh", "1", "2", "3", "9")
	w.recode(backup, "2", "1", "9")
	report := w.apply(backup, fresh, byHand(func(h *reconcile.ByHand) error {
		for o, err := range h.Objects() {
			if err != nil {
				return err
			}
			if err := h.Recover(o); err != nil {
				return err
			}
		}
		c, err := options.SiteRecords.Get(h.Fresh, "c")
		if err != nil {
			return err
		}
		c.SetCode("9b")
		return options.SiteRecords.Put(h.Fresh, c)
	}))
	if diff := cmp.Diff([]string{"2", "1", "9b", "9"}, w.codes(fresh)); diff != "" || report.Failed != 0 || report.Count(merge.Dropped) != 1 {
		t.Errorf("%s %+v", diff, report)
	}
	keys := []string{}
	for _, o := range report.Objects {
		keys = append(keys, o.Key.Text())
	}
	if !slices.Equal(keys, []string{"a", "b", "c"}) {
		t.Error(keys)
	}
}

// Whatever values change hands, each object ends with the one it was given or the
// one it had, and with the first unless a stranger's is in the way of somebody.
func TestUniqueValuesProperty(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := []string{"1", "2", "3", "4", "5", "6", "7"}
		n := rapid.IntRange(2, 5).Draw(r, "objects")
		strangers := rapid.IntRange(0, 7-n).Draw(r, "strangers")
		had := all[:n]
		given := rapid.Permutation(all).Draw(r, "given")[:n]
		w := newWorld(t)
		backup, fresh := w.sites("backup", had...), w.sites("fresh", all[:n+strangers]...)
		w.recode(backup, given...)
		report := w.apply(backup, fresh, reconcile.Options{})
		got, failed := w.codes(fresh), 0
		for i := range n {
			switch {
			case got[i] == given[i]:
			case got[i] == had[i]:
				failed++
			default:
				r.Fatalf("%q were given %q and have %q", had, given, got)
			}
		}
		inTheWay := slices.ContainsFunc(given, func(code string) bool { return slices.Contains(all[n:n+strangers], code) })
		if report.Failed != failed || failed > 0 && !inTheWay {
			r.Fatalf("%q were given %q and have %q: %d failed, %d in the report", had, given, got, failed, report.Failed)
		}
		if len(w.pending(fresh)) != len(w.pending(backup))-failed {
			r.Fatalf("unsynced is %q, and in the backup %q", w.pending(fresh), w.pending(backup))
		}
	})
}
