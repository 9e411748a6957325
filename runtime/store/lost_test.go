package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// A chunk that was given up as lost and has arrived after all leaves unsynced what it
// would have left had it been settled in time, whatever was written since.
func TestLostCutArrives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before, sent, since := drawWrites(rt, "before"), drawWrites(rt, "sent"), drawWrites(rt, "since")
		size := rapid.IntRange(1, 3).Draw(rt, "size")
		done := rapid.IntRange(1, 4).Draw(rt, "done")
		again := rapid.SliceOfN(rapid.Bool(), len(since), len(since)).Draw(rt, "lost again")
		conflict := rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "conflict")

		var left [2]map[string]remains
		var synced [2]uint64
		for world, late := range []bool{false, true} {
			db := open(t)
			write(t, db, before)
			settled := openCut(t, db, 10)
			settle(t, db, settled)
			write(t, db, sent)
			put(t, db, "z") // so that there is something to send
			mark := openCut(t, db, size)
			mark.Done = min(mark.Done, done)
			if conflict != "" && entry(t, db, conflict) != nil {
				mark.Conflicts = []model.ObjectKey{{Model: "field_item", Key: model.StringValue(conflict)}}
			}
			if late {
				if mark.Done > 1 {
					settled = mark
					settled.Done--
				}
				settle(t, db, settled)
			}
			for i := range since {
				write(t, db, since[i:i+1])
				if late && again[i] {
					openCut(t, db, size)
					settle(t, db, settled)
				}
			}
			settle(t, db, mark)
			if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Ledger().CheckMark(mark) }); err != nil {
				rt.Error(err)
			}
			left[world] = remaining(t, db)
			at, _ := db.LastSynced()
			synced[world] = at.Cut
		}
		if diff := cmp.Diff(left[0], left[1]); diff != "" {
			rt.Errorf("settled in time (-) and late (+): %s", diff)
		}
		if synced[0] != synced[1] {
			rt.Errorf("last synced by cut %d in time, and by cut %d late", synced[0], synced[1])
		}
	})
}

// What is remembered of a lost chunk is forgotten with the next one that arrives, or when
// the store becomes a client of its own, and where it is damaged; of very many the first
// ones are. Then the client has to start over.
func TestLostCutForgotten(t *testing.T) {
	var rewound *store.BackendRewoundError
	settling := func(db *store.Store, mark model.Mark) error {
		return db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Ledger().Settle(mark); return err })
	}
	lose := func() (*store.Store, model.Mark) {
		db := open(t)
		put(t, db, "a")
		mark := openCut(t, db, 1)
		settle(t, db, model.Mark{})
		return db, mark
	}

	db, lost := lose()
	settle(t, db, openCut(t, db, 1))
	if err := settling(db, lost); !errors.As(err, &rewound) {
		t.Errorf("after a later cut: %v", err)
	}

	db, lost = lose()
	must(t, db, func(tx *store.Tx) error { return tx.Ledger().Rename() })
	lost.Client = ""
	if err := settling(db, lost); !errors.Is(err, store.ErrStoreCopied) {
		t.Errorf("of another client: %v", err)
	}

	db, lost = lose()
	must(t, db, store.DamageLost)
	if err := settling(db, lost); !errors.As(err, &rewound) || len(unsynced(t, db)) != 1 {
		t.Errorf("where it is damaged: %v, unsynced is %q", err, unsynced(t, db))
	}
	must(t, db, func(tx *store.Tx) error { _, err := tx.Ledger().StartOver(lost); return err })

	for _, more := range []int{15, 16} {
		db, lost = lose()
		for range more {
			openCut(t, db, 1)
			settle(t, db, model.Mark{})
		}
		if err := settling(db, lost); (err == nil) != (more < 16) || err != nil && !errors.As(err, &rewound) {
			t.Errorf("after %d more that were lost: %v", more, err)
		}
	}
}

// remains is what is unsynced of an object: what the backend has by the entry, and what
// the store has. How it came to that does not matter, nor that a field was touched: what
// was touched before it was sent and changed since may be sent once more.
type remains struct{ Theirs, Local string }

func remaining(t *testing.T, db *store.Store) map[string]remains {
	t.Helper()
	all := map[string]remains{}
	info := records.Model().Info
	must(t, db, func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			local, err := tx.Row(info, e.Key)
			if err != nil {
				return err
			}
			theirs := e.Base
			if e.Change == model.Updated {
				base := local.Clone()
				for i, f := range e.Fields {
					base.Values[e.Index(info, i)] = f.Base
				}
				theirs = base.Named(info)
			}
			r := remains{Theirs: fmt.Sprint(theirs)}
			if local != nil {
				r.Local = fmt.Sprint(local.Named(info))
			}
			if r.Theirs != r.Local {
				all[e.Key.Text()] = r
			}
		}
		return nil
	})
	return all
}

// writing is a write of one object.
type writing struct {
	id     string
	delete bool
	what   int
	value  int
}

func drawWrites(t *rapid.T, name string) []writing {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) writing {
		return writing{
			id:     rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
			delete: rapid.IntRange(0, 3).Draw(t, "delete") == 0,
			what:   rapid.IntRange(0, 5).Draw(t, "what"),
			value:  rapid.IntRange(0, 2).Draw(t, "value"),
		}
	}), 0, 5).Draw(t, name)
}

func write(t *testing.T, db *store.Store, writes []writing) {
	t.Helper()
	for _, w := range writes {
		must(t, db, func(tx *store.Tx) error {
			r, err := records.Get(tx, w.id)
			if errors.Is(err, store.ErrNotFound) {
				if w.delete {
					return nil
				}
				r, err = records.New(tx, w.id)
			}
			switch {
			case err != nil:
				return err
			case w.delete:
				return records.Delete(tx, w.id)
			}
			switch text := fmt.Sprint(w.value); w.what {
			case 0:
				r.SetText(text)
			case 1:
				r.AddCount(int64(w.value) - 1)
			case 2:
				r.AddTags(text)
			case 3:
				r.RemoveTags(text)
			case 4:
				r.SetNewest(text)
			case 5:
				r.TouchText()
			}
			return records.Put(tx, r)
		})
	}
}

// openCut opens a cut, if there is anything to send, and gives the mark of a backend
// that has done all of it.
func openCut(t *testing.T, db *store.Store, size int) (mark model.Mark) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(size)
		if cut != nil {
			mark = model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: (cut.Objects + cut.Size - 1) / cut.Size}
		}
		return err
	})
	return mark
}
