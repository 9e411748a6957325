package reconcile_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/convert"
	"github.com/resetgen/resetgen/testdata/golden/convert/before"
	"github.com/resetgen/resetgen/testdata/golden/finding"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// recipe is a device that recovers by hand in the way that is published for
// databases without a record of what is unsynced: each row has the time of its last
// update, from the wall clock in ms, and the device the time of its last sync.
type recipe struct {
	rows   recipeRows
	synced int64
	never  bool // it was never synced: the time is null
}

type (
	recipeRows map[string]recipeRow
	recipeRow  struct {
		text string
		num  int
		link string
		at   int64
	}
)

// variant is one of the two forms in which the recipe is published. They differ in
// a tie.
type variant bool

const (
	node variant = false
	java variant = true
)

// unsynced tells whether the recipe restores a row.
func (r *recipe) unsynced(row recipeRow) bool { return !r.never && row.at > r.synced }

// restore brings the device's rows into a fresh copy.
func (r *recipe) restore(v variant, fresh recipeRows) recipeRows {
	fresh = maps.Clone(fresh)
	for id, row := range r.rows {
		if r.unsynced(row) {
			fresh[id] = row
		}
	}
	maps.DeleteFunc(fresh, func(id string, row recipeRow) bool {
		_, kept := r.rows[id]
		return !kept && !r.never && (row.at < r.synced || v == node && row.at == r.synced)
	})
	return fresh
}

// uploaded is told at the end of each upload. The guard keeps the write of the time
// itself from causing another.
func (r *recipe) uploaded(now int64) (stamped bool) {
	if !r.never && now <= r.synced+10 {
		return false
	}
	r.synced, r.never = now, false
	return true
}

// ack sends what is unsynced in a store and settles it.
func (w *world) ack(db *store.Store) {
	w.Helper()
	w.update(db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(0)
		if err != nil || cut == nil {
			return err
		}
		_, err = tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1})
		return err
	})
}

// holds checks the items of a store.
func (w *world) holds(db *store.Store, want ...items.FieldItem) {
	w.Helper()
	if diff := cmp.Diff(want, w.content(db)); diff != "" {
		w.Errorf("(-want +got):\n%s", diff)
	}
}

// flaws are the ways in which the published recipe loses data, as far as they concern
// a store or a reconciliation. Each is played twice: against the recipe, to show what
// becomes of it there, and against a record of what is unsynced. What concerns
// sessions, files and the order of things, B12, B13, B16 and B20 among it, is played
// by package replica.
var flaws = []struct {
	id, what string
	recipe   func(t *testing.T) (result, lost recipeRows) // lost: what the recipe must come to
	ours     func(w *world)
}{
	{"B1", "the time of the last sync is that of the end of an upload, and a write was made during it",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 100}, "y": {text: "mine", at: 105}}}
			a.uploaded(110) // of x
			fresh := recipeRows{"x": {text: "mine", at: 100}, "y": {}}
			return a.restore(java, fresh), fresh
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"}, items.FieldItem{ID: "y"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			mark := w.push(backup, 1)
			w.set(backup, "y", func(r *items.FieldItemRecord) { r.SetText("mine") })
			w.update(backup, func(tx *store.Tx) error { _, err := tx.Ledger().Settle(*mark); return err })
			fresh := w.filled("fresh", items.FieldItem{ID: "x", Text: "mine"}, items.FieldItem{ID: "y"})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"}, items.FieldItem{ID: "y", Text: "mine"})
		}},
	{"B2", "a write, and a deletion, in the millisecond of the last sync",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 200}}, synced: 200}
			fresh := recipeRows{"x": {at: 1}, "z": {at: 200}} // z was deleted
			return a.restore(java, fresh), fresh
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "w"}, items.FieldItem{ID: "x"}, items.FieldItem{ID: "z"})
			w.tick = 0
			w.set(backup, "w", func(r *items.FieldItemRecord) { r.SetText("sent") })
			w.set(backup, "z", func(r *items.FieldItemRecord) { r.SetText("sent") })
			w.ack(backup)
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			w.delete(backup, "z")
			fresh := w.filled("fresh", items.FieldItem{ID: "w", Text: "sent"}, items.FieldItem{ID: "x"}, items.FieldItem{ID: "z", Text: "sent"})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "w", Text: "sent"}, items.FieldItem{ID: "x", Text: "mine"})
		}},
	{"B3", "another device created an object before the last sync and sent it after",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {at: 1}}, synced: 200}
			return a.restore(node, recipeRows{"x": {at: 1}, "z": {text: "theirs", at: 50}}), recipeRows{"x": {at: 1}}
		},
		func(w *world) {
			fresh := w.filled("fresh", items.FieldItem{ID: "x"}, items.FieldItem{ID: "z", Text: "theirs"})
			w.now = w.now.Add(time.Hour)
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"}, items.FieldItem{ID: "z", Text: "theirs"})
		}},
	{"B4", "what the device may see has grown: old objects that it never had",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"6/a": {at: 1}}, synced: 200}
			return a.restore(java, recipeRows{"6/a": {at: 1}, "7/a": {at: 2}, "7/b": {at: 3}}), recipeRows{"6/a": {at: 1}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "6/a"}, items.FieldItem{ID: "6/b"})
			w.delete(backup, "6/b")
			fresh := w.filled("fresh", items.FieldItem{ID: "6/a"}, items.FieldItem{ID: "6/b"}, items.FieldItem{ID: "7/a"}, items.FieldItem{ID: "7/b"})
			w.apply(backup, fresh, reconcile.Options{Policy: model.DeletesWin})
			w.holds(fresh, items.FieldItem{ID: "6/a"}, items.FieldItem{ID: "7/a"}, items.FieldItem{ID: "7/b"})
		}},
	{"B5", "the clock is set back, and an object edited",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 140}}, synced: 200}
			return a.restore(java, recipeRows{"x": {at: 1}}), recipeRows{"x": {at: 1}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.now = w.now.Add(-5 * time.Minute)
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			fresh := w.filled("fresh", items.FieldItem{ID: "x"})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"})
		}},
	{"B6", "another device's clock is fast: an object of the future is deleted",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{}, synced: 200} // x, which b had set at 9000, was deleted at 250
			return a.restore(node, recipeRows{"x": {at: 9000}}), recipeRows{"x": {at: 9000}}
		},
		func(w *world) {
			fromFuture := func(path string) *store.Store {
				db := w.open(path, &items.Schema)
				w.update(db, func(tx *store.Tx) error {
					if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: "x"}, stamp.At(w.now.AddDate(1, 0, 0))); err != nil {
						return err
					}
					return tx.MarkSynced()
				})
				return db
			}
			backup, fresh := fromFuture("backup"), fromFuture("fresh")
			w.delete(backup, "x")
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh)
		}},
	{"B7", "two devices changed two fields of an object",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "b", num: 1, at: 300}}, synced: 200}
			return a.restore(java, recipeRows{"x": {text: "a", num: 5, at: 310}}), recipeRows{"x": {text: "b", num: 1, at: 300}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x", Text: "a", Num: 1})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("b") })
			fresh := w.filled("fresh", items.FieldItem{ID: "x", Text: "a", Num: 5})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "b", Num: 5})
		}},
	{"B8", "edited here, deleted there: nobody can choose, because a new object looks the same",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"edited": {at: 300}, "new": {at: 300}}, synced: 200}
			return a.restore(java, recipeRows{}), recipeRows{"edited": {at: 300}, "new": {at: 300}}
		},
		func(w *world) {
			for policy, want := range map[model.Policy][]items.FieldItem{
				model.LastUpdated: {{ID: "edited", Text: "mine"}, {ID: "new", Text: "mine"}},
				model.DeletesWin:  {{ID: "new", Text: "mine"}},
			} {
				backup := w.filled(fmt.Sprint("backup ", policy), items.FieldItem{ID: "edited"})
				w.set(backup, "edited", func(r *items.FieldItemRecord) { r.SetText("mine") })
				w.update(backup, func(tx *store.Tx) error {
					return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "new", Text: "mine"})
				})
				fresh := w.filled(fmt.Sprint("fresh ", policy))
				report := w.apply(backup, fresh, reconcile.Options{Policy: policy})
				w.holds(fresh, want...)
				if report.Conflicts != 1 {
					w.Errorf("%d conflicts reported", report.Conflicts)
				}
			}
		}},
	{"B9", "deleted here, edited there: it is back, and nobody is told",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{}, synced: 200}
			return a.restore(java, recipeRows{"x": {at: 310}}), recipeRows{"x": {at: 310}}
		},
		func(w *world) {
			for policy, want := range map[model.Policy][]items.FieldItem{
				model.LastUpdated: {{ID: "x", Text: "theirs"}},
				model.DeletesWin:  nil,
			} {
				backup := w.filled(fmt.Sprint("backup ", policy), items.FieldItem{ID: "x"})
				w.delete(backup, "x")
				fresh := w.filled(fmt.Sprint("fresh ", policy), items.FieldItem{ID: "x", Text: "theirs"})
				report := w.apply(backup, fresh, reconcile.Options{Policy: policy})
				w.holds(fresh, want...)
				if report.Conflicts != 1 {
					w.Errorf("%d conflicts reported", report.Conflicts)
				}
			}
		}},
	{"B10", "a program that stamps nothing changed what was deleted here",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{}, synced: 200}
			return a.restore(java, recipeRows{"x": {text: "paid", at: 100}}), recipeRows{}
		},
		func(w *world) {
			load := func(path, text string) *store.Store {
				db := w.open(path, &items.Schema)
				w.update(db, func(tx *store.Tx) error {
					if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: "x", Text: text}, 100); err != nil {
						return err
					}
					return tx.MarkSynced()
				})
				return db
			}
			backup, fresh := load("backup", "open"), load("fresh", "paid")
			w.delete(backup, "x")
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "paid"})
		}},
	{"B11", "the time of the last sync is itself synced, and another device's is found",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 300}}, synced: 500} // b's
			return a.restore(java, recipeRows{"x": {at: 1}}), recipeRows{"x": {at: 1}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			w.now = w.now.Add(time.Hour) // the fresh copy was synced later than the edit
			fresh := w.filled("fresh", items.FieldItem{ID: "x"})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"})
		}},
	{"B12 (i)", "a sync within 10 ms of the one before does not count",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {num: 2, at: 1008}}, synced: 1005}
			a.uploaded(1012) // of x
			return a.restore(java, recipeRows{"x": {num: 3, at: 2000}}), recipeRows{"x": {num: 2, at: 1008}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.tick = time.Millisecond
			w.ack(backup)
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetNum(2) })
			w.ack(backup)
			fresh := w.filled("fresh", items.FieldItem{ID: "x", Num: 3})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Num: 3})
		}},
	{"B12 (ii)", "noting the last sync is a write, which is synced, and so on",
		func(t *testing.T) (result, lost recipeRows) {
			a, rounds := &recipe{}, 0
			for now := int64(50); rounds < 1000 && a.uploaded(now); now += 50 { // each upload takes 50 ms
				rounds++
			}
			return recipeRows{"rounds": {num: rounds}}, recipeRows{"rounds": {num: 1000}}
		},
		func(w *world) {
			db := w.filled("store", items.FieldItem{ID: "x"})
			w.set(db, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			w.ack(db)
			w.update(db, func(tx *store.Tx) error {
				if cut, err := tx.Ledger().OpenCut(0); cut != nil || err != nil {
					w.Errorf("there is something to send again: %+v, %v", cut, err)
				}
				return nil
			})
		}},
	{"B13, B21", "nothing was ever synced",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 100}}, never: true}
			return a.restore(node, recipeRows{}), recipeRows{}
		},
		func(w *world) {
			backup := w.open("backup", &items.Schema)
			w.update(backup, func(tx *store.Tx) error {
				return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "x", Text: "mine"})
			})
			fresh := w.filled("fresh")
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"})
		}},
	{"B14", "the process is killed in the middle",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{}, synced: 200}
			for i := range 100 {
				a.rows[fmt.Sprintf("%02d", i)] = recipeRow{text: "mine", at: 300}
			}
			whole := a.restore(java, recipeRows{})
			fresh := recipeRows{} // one transaction for each object, and the next start finds a database like any other
			for _, id := range slices.Sorted(maps.Keys(whole))[:40] {
				fresh[id] = whole[id]
			}
			lost = recipeRows{}
			for i := range 40 {
				lost[fmt.Sprintf("%02d", i)] = recipeRow{text: "mine", at: 300}
			}
			return fresh, lost
		},
		func(w *world) {
			var want []items.FieldItem
			backup := w.filled("backup")
			w.update(backup, func(tx *store.Tx) error {
				for i := range 100 {
					want = append(want, items.FieldItem{ID: fmt.Sprintf("%02d", i), Text: "mine"})
					if err := items.FieldItemRecords.Replace(tx, &want[i]); err != nil {
						return err
					}
				}
				return nil
			})
			fresh := w.filled("fresh")
			seen := 0
			_, err := reconcile.New(backup, fresh, reconcile.Options{Each: func(*reconcile.Object) error {
				if seen++; seen == 40 {
					w.disk.Kill()
				}
				return nil
			}}).Apply(w.Context())
			if err == nil {
				w.Error("it went on after its end")
			}
			backup, fresh = w.open("backup", &items.Schema), w.open("fresh", &items.Schema)
			w.holds(fresh)
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, want...)
		}},
	{"B15", "a second reset, before what the first recovered was sent",
		func(t *testing.T) (result, lost recipeRows) {
			fresh := recipeRows{"x": {at: 1}}
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 300}}, synced: 200}
			a.rows = a.restore(java, fresh)
			a.uploaded(900) // of nothing
			return a.restore(java, fresh), fresh
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			for i := range 3 {
				fresh := w.filled(fmt.Sprint("fresh", i), items.FieldItem{ID: "x"})
				w.apply(backup, fresh, reconcile.Options{})
				w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"})
				backup = fresh
			}
		}},
	{"B17", "a backup that cannot be read is removed",
		func(t *testing.T) (result, lost recipeRows) {
			files := map[string]recipeRows{"backup": {"x": {text: "mine", at: 300}}}
			if opened := false; !opened {
				delete(files, "backup")
			}
			return files["backup"], nil
		},
		func(w *world) {
			fail := w.faulty("backup")
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			for _, s := range []reconcile.Strategy{reconcile.Recover, reconcile.RecoverOrDiscard} {
				fail[row] = store.ErrCorrupt
				fresh := w.filled(s.String(), items.FieldItem{ID: "x"})
				if _, err := reconcile.New(backup, fresh, reconcile.Options{Strategy: s}).Apply(w.Context()); (err == nil) != (s == reconcile.RecoverOrDiscard) {
					w.Errorf("%s: %v", s, err)
				}
				clear(fail)
				w.holds(fresh, items.FieldItem{ID: "x"})
			}
			// Somebody repairs it: all is there.
			fresh := w.filled("fresh", items.FieldItem{ID: "x"})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", Text: "mine"})
		}},
	{"B18", "the download of the fresh copy broke off, and nobody looked",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{}, synced: 200} // x was deleted
			fresh := a.restore(java, recipeRows{})        // and is not there yet
			fresh["x"] = recipeRow{at: 100}
			return fresh, recipeRows{"x": {at: 100}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.delete(backup, "x")
			fresh := w.open("fresh", &items.Schema)
			for _, s := range []reconcile.Strategy{reconcile.Recover, reconcile.Discard, reconcile.Overwrite, reconcile.RecoverOrDiscard} {
				if _, err := reconcile.New(backup, fresh, reconcile.Options{Strategy: s}).Apply(w.Context()); !errors.Is(err, reconcile.ErrIncomplete) {
					w.Errorf("%s: %v", s, err)
				}
			}
			w.update(fresh, func(tx *store.Tx) error {
				if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: "x"}, 0); err != nil {
					return err
				}
				return tx.MarkSynced()
			})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh)
		}},
	{"B19", "the reset did not happen, and the code goes on with the store that was not reset",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 300}}, synced: 200}
			return a.restore(java, a.rows), a.rows // it takes itself for fresh, and all for done
		},
		func(w *world) {
			db := w.filled("store", items.FieldItem{ID: "x"})
			w.set(db, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
			if _, err := reconcile.New(db, db, reconcile.Options{}).Apply(w.Context()); !errors.Is(err, reconcile.ErrNotFresh) {
				w.Errorf("the error was %v", err)
			}
			if diff := cmp.Diff([]string{"x.text"}, w.pending(db)); diff != "" {
				w.Error(diff)
			}
		}},
	{"B22", "the end of an upload is never told: the time of the last sync is days old",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {num: 2, at: 300}}, synced: 200} // x was uploaded, and changed by b
			return a.restore(java, recipeRows{"x": {num: 3, at: 400}}), recipeRows{"x": {num: 2, at: 300}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetNum(2) })
			mark := w.push(backup, 1) // nobody hears of it
			fresh := w.filled("fresh", items.FieldItem{ID: "x", Num: 3})
			if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(w.Context()); !errors.Is(err, store.ErrCutOpen) {
				w.Errorf("without the mark: %v", err)
			}
			w.apply(backup, fresh, reconcile.Options{Mark: mark})
			w.holds(fresh, items.FieldItem{ID: "x", Num: 3})
		}},
	{"B23", "the app writes on after the backup was taken",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {at: 1}, "y": {text: "mine", at: 300}}, synced: 200}
			fresh := a.restore(java, recipeRows{"x": {at: 1}, "y": {at: 1}})
			a.rows["x"] = recipeRow{text: "late", at: 310} // nobody looks at it again
			return fresh, recipeRows{"x": {at: 1}, "y": {text: "mine", at: 300}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"}, items.FieldItem{ID: "y"})
			w.set(backup, "y", func(r *items.FieldItemRecord) { r.SetText("mine") })
			fresh := w.filled("fresh", items.FieldItem{ID: "x"}, items.FieldItem{ID: "y"})
			w.apply(backup, fresh, reconcile.Options{})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("late") })
			if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(w.Context()); !errors.Is(err, reconcile.ErrMovedOn) {
				w.Errorf("the error was %v", err)
			}
			another := w.filled("another", items.FieldItem{ID: "x"}, items.FieldItem{ID: "y"})
			w.apply(backup, another, reconcile.Options{})
			w.holds(another, items.FieldItem{ID: "x", Text: "late"}, items.FieldItem{ID: "y", Text: "mine"})
		}},
	{"B24", "an object comes before the one that it refers to",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"f/1": {link: "s/1", at: 300}, "s/1": {at: 300}}, synced: 200}
			whole, fresh := a.restore(java, recipeRows{}), recipeRows{}
			for _, id := range slices.Sorted(maps.Keys(whole)) { // class by class
				row := whole[id]
				if _, there := fresh[row.link]; !there {
					row.link = ""
				}
				fresh[id] = row
			}
			return fresh, recipeRows{"f/1": {at: 300}, "s/1": {at: 300}}
		},
		func(w *world) {
			backup, fresh := w.open("backup", &inspect.Schema), w.open("fresh", &inspect.Schema)
			w.update(fresh, func(tx *store.Tx) error { return tx.MarkSynced() })
			w.update(backup, func(tx *store.Tx) error {
				if err := inspect.SiteRecords.Replace(tx, &inspect.Site{ID: "s1"}); err != nil {
					return err
				}
				return inspect.FindingRecords.Replace(tx, &inspect.Finding{ID: "f1", Site: "s1"})
			})
			report := w.apply(backup, fresh, reconcile.Options{Policy: model.Policy{Dangling: model.ClearDangling}})
			err := fresh.View(w.Context(), func(tx *store.Tx) error {
				f, err := inspect.FindingRecords.Get(tx, "f1")
				if err == nil && (f.Site() != "s1" || report.DanglingTotal > 0) {
					w.Errorf("it is at %q; %+v", f.Site(), report.Dangling)
				}
				return err
			})
			if err != nil {
				w.Error(err)
			}
		}},
	{"B24, lists", "a list that was extended here and there",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "one two mine", at: 300}}, synced: 200}
			return a.restore(java, recipeRows{"x": {text: "theirs one two", at: 310}}), recipeRows{"x": {text: "one two mine", at: 300}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x", List: []string{"one", "two"}})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetList([]string{"one", "two", "mine"}) })
			fresh := w.filled("fresh", items.FieldItem{ID: "x", List: []string{"theirs", "one", "two"}})
			w.apply(backup, fresh, reconcile.Options{})
			w.holds(fresh, items.FieldItem{ID: "x", List: []string{"theirs", "one", "two", "mine"}})
		}},
	{"B25", "a field has another name and type in the app that recovers",
		func(t *testing.T) (result, lost recipeRows) {
			old := map[string]any{"id": "x", "price": "1.00 EUR"}
			cost, _ := old["cost"].(string) // read by its new name
			return recipeRows{"x": {text: cost}}, recipeRows{"x": {text: ""}}
		},
		func(w *world) {
			old := w.open("backup", &before.Schema)
			w.update(old, func(tx *store.Tx) error {
				if err := before.FaultRecords.Load(tx, &before.Fault{ID: "x", Severity: "low"}, 1); err != nil {
					return err
				}
				return tx.MarkSynced()
			})
			w.update(old, func(tx *store.Tx) error {
				r, err := before.FaultRecords.Get(tx, "x")
				if err != nil {
					return err
				}
				r.SetPrice(&before.Price{Cents: 100, Currency: "EUR"})
				return before.FaultRecords.Put(tx, r)
			})
			if err := old.Close(); err != nil {
				w.Fatal(err)
			}
			backup, err := store.Open(w.Context(), w.driver, "backup", &convert.Schema, store.Options{ReadOnly: true})
			if err != nil {
				w.Fatal(err)
			}
			w.Cleanup(func() { backup.Close() })
			fresh := w.open("fresh", &convert.Schema)
			w.update(fresh, func(tx *store.Tx) error {
				if err := convert.FaultRecords.Load(tx, &convert.Fault{ID: "x", Severity: 1}, 1); err != nil {
					return err
				}
				return tx.MarkSynced()
			})
			w.apply(backup, fresh, reconcile.Options{})
			err = fresh.View(w.Context(), func(tx *store.Tx) error {
				r, err := convert.FaultRecords.Get(tx, "x")
				if err == nil && r.Cost() != "1.00 EUR" {
					w.Errorf("it costs %q", r.Cost())
				}
				return err
			})
			if err != nil {
				w.Error(err)
			}
		}},
	{"B26", "recovering stamps: what is old looks new to other devices, and wins",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {text: "mine", at: 300}}, synced: 200}
			fresh := a.restore(java, recipeRows{"x": {at: 1}})
			row := fresh["x"]
			row.at = 1000 // the setters do it
			fresh["x"] = row
			if theirs := (recipeRow{text: "theirs", at: 900}); theirs.at > row.at { // the later write wins
				fresh["x"] = theirs
			}
			return fresh, recipeRows{"x": {text: "mine", at: 1000}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetNewest("mine") })
			w.now = w.now.Add(time.Hour)
			fresh := w.filled("fresh", items.FieldItem{ID: "x"})
			w.now = w.now.Add(time.Hour)
			w.apply(backup, fresh, reconcile.Options{})
			info := items.FieldItemRecords.Model().Info
			stampOf := func(db *store.Store) (at stamp.Stamp) {
				err := db.View(w.Context(), func(tx *store.Tx) error {
					row, err := tx.Row(info, model.StringValue("x"))
					if err == nil {
						at = row.StampOf(info.Index("newest"))
					}
					return err
				})
				if err != nil {
					w.Fatal(err)
				}
				return at
			}
			if here, there := stampOf(fresh), stampOf(backup); here != there {
				w.Errorf("it is stamped %s, and was written at %s", here, there)
			}
			// A later write of another device still wins.
			next := w.open("next", &items.Schema)
			w.update(next, func(tx *store.Tx) error {
				if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: "x", Newest: "theirs"}, stamp.At(w.now.Add(-90*time.Minute))); err != nil {
					return err
				}
				return tx.MarkSynced()
			})
			w.apply(fresh, next, reconcile.Options{})
			w.holds(next, items.FieldItem{ID: "x", Newest: "theirs"})
		}},
	{"B27", "the device was put back to an earlier state, and all of it looks unsynced",
		func(t *testing.T) (result, lost recipeRows) {
			a := &recipe{rows: recipeRows{"x": {num: 2, at: 300}}, synced: 200} // it had been synced up to 900
			return a.restore(java, recipeRows{"x": {num: 3, at: 800}}), recipeRows{"x": {num: 2, at: 300}}
		},
		func(w *world) {
			backup := w.filled("backup", items.FieldItem{ID: "x"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetNum(2) })
			mark := model.Mark{N: 9, Nonce: "of a cut that it does not remember", Done: 1}
			w.update(backup, func(tx *store.Tx) error { mark.Client, _ = tx.Ledger().Client(); return nil })
			fresh := w.filled("fresh", items.FieldItem{ID: "x", Num: 3})
			if _, err := reconcile.New(backup, fresh, reconcile.Options{Mark: &mark}).Apply(w.Context()); !errors.Is(err, store.ErrStoreCopied) {
				w.Errorf("the error was %v", err)
			}
			w.holds(fresh, items.FieldItem{ID: "x", Num: 3})
			// As a client of its own it recovers, and the conflict is told.
			w.update(backup, func(tx *store.Tx) error { return tx.Ledger().Rename() })
			report := w.apply(backup, fresh, reconcile.Options{Mark: &model.Mark{}})
			if report.Count(merge.Conflicted) != 1 {
				w.Errorf("%+v", report.Counts)
			}
		}},
}

func TestFlawsOfTheRecipe(t *testing.T) {
	for _, flaw := range flaws {
		t.Run(flaw.id+" recipe", func(t *testing.T) {
			result, lost := flaw.recipe(t)
			if diff := cmp.Diff(lost, result, cmp.AllowUnexported(recipeRow{})); diff != "" {
				t.Errorf("the recipe does better where %s: %s", flaw.what, diff)
			}
		})
		t.Run(flaw.id+" resetgen", func(t *testing.T) { flaw.ours(newWorld(t)) })
	}
}
