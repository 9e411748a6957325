package store_test

import (
	"errors"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// withExtra is note with one more field, which an older version of the app lacks.
func withExtra(name string) *merge.Model {
	m := note(name)
	m.Info.Fields = append(m.Info.Fields, model.Field{Name: "extra", Kind: model.Int, Zero: model.IntValue(0)})
	return m
}

// merging has a note merged field by field: the local value wins.
func merging(m *merge.Model) *merge.Model {
	m.Merge = func(c *merge.Context, base, local, remote, result *model.Row) error {
		for f := range c.Local.All() {
			result.Values[f] = local.Values[f]
		}
		return nil
	}
	return m
}

// downgraded is a store in which a newer version of the app has changed extra from 1
// to 2 in the object 1, opened by an older one.
func downgraded(t *testing.T) (disk *memstore.Disk, db *store.Store, older, newer *merge.Model) {
	t.Helper()
	disk, older, newer = memstore.New(), merging(note("area")), merging(withExtra("area"))
	db = openOn(t, disk, schemaOf(newer), false)
	must(t, db, func(tx *store.Tx) error { return tx.Load(newer.Info, model.StringValue("1"), areaRow(newer, "a", 1)) })
	must(t, db, func(tx *store.Tx) error { return tx.Write(newer.Info, model.StringValue("1"), areaRow(newer, "a", 2)) })
	closed(t, db)
	return disk, openOn(t, disk, schemaOf(older), false), older, newer
}

func areaRow(m *merge.Model, text string, extra int64) *model.Row {
	row := model.NewRow(m.Info)
	row.Values[0], row.Values[1] = model.StringValue("1"), model.StringValue(text)
	if len(row.Values) > 2 {
		row.Values[2] = model.IntValue(extra)
	} else {
		row.Extra = []model.Named{{Name: "extra", Value: model.IntValue(extra)}}
	}
	return row
}

// extra is what is unsynced of the field, and why it is refused.
func extraOf(t *testing.T, db *store.Store, m *merge.Model) (c *model.FieldChange, refused string) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error {
		e, err := tx.Entry(m.Info, model.StringValue("1"))
		if e != nil {
			c, refused = e.Field("extra"), e.Refused
		}
		return err
	})
	return c, refused
}

func receiveArea(t *testing.T, db *store.Store, m *merge.Model, row *model.Row) (d *merge.Decision) {
	t.Helper()
	must(t, db, func(tx *store.Tx) (err error) {
		d, err = tx.Ledger().Receive(m, model.StringValue("1"), row, model.Policy{})
		return err
	})
	return d
}

// What a newer version of the app has changed stays unsynced through a pull.
func TestOlderVersionPulls(t *testing.T) {
	disk, db, older, newer := downgraded(t)
	d := receiveArea(t, db, older, areaRow(older, "b", 1))
	if len(d.Losses) > 0 || d.Outcome != merge.Merged && d.Outcome != merge.Recovered {
		t.Errorf("it is %s: %s, lost %v", d.Outcome, d.Reason, d.Losses)
	}
	if c, refused := extraOf(t, db, older); c == nil || c.Base.Int() != 1 || refused != "" {
		t.Errorf("on record: %+v, %q", c, refused)
	}
	// The backend has changed it as well, and only the newer version can merge that.
	receiveArea(t, db, older, areaRow(older, "b", 5))
	if c, refused := extraOf(t, db, older); c == nil || c.Base.Int() != 1 || refused == "" {
		t.Errorf("on record: %+v, %q", c, refused)
	}
	closed(t, db)
	db = openOn(t, disk, schemaOf(newer), false)
	if d := receiveArea(t, db, newer, areaRow(newer, "b", 5)); d.Outcome != merge.Merged || d.Entry.Refused != "" || d.Entry.Fields[0].Base.Int() != 5 {
		t.Errorf("it is %s: %s, %+v", d.Outcome, d.Reason, d.Entry)
	}
}

// An object that the backend has deleted comes back with what an older version of the
// app does not know of it.
func TestOlderVersionRestores(t *testing.T) {
	_, db, older, _ := downgraded(t)
	if d := receiveArea(t, db, older, nil); d.Outcome != merge.Restored || len(d.Losses) > 0 {
		t.Errorf("it is %s: %s, lost %v", d.Outcome, d.Reason, d.Losses)
	}
	must(t, db, func(tx *store.Tx) error {
		if _, err := tx.Ledger().OpenCut(0); err != nil {
			return err
		}
		chunk, err := tx.Ledger().Chunk(nil)
		if err != nil {
			return err
		}
		for _, f := range chunk.Patches[0].Fields {
			if f.Name == "extra" && f.Value.Int() == 2 {
				return nil
			}
		}
		t.Errorf("sent: %+v", chunk.Patches)
		return nil
	})
}

// A deletion by an older version of the app is one of the object as the backend has it.
func TestOlderVersionDeletes(t *testing.T) {
	disk, db, older, newer := downgraded(t)
	must(t, db, func(tx *store.Tx) error {
		row, err := tx.Row(older.Info, model.StringValue("1"))
		if err != nil || row == nil {
			return errors.Join(err, errors.New("it is not there"))
		}
		return store.Remove(tx, older.Info, model.StringValue("1"), row)
	})
	closed(t, db)
	db = openOn(t, disk, schemaOf(newer), false)
	if d := receiveArea(t, db, newer, areaRow(newer, "a", 1)); d.Outcome != merge.Recovered || d.Write != merge.WriteDelete {
		t.Errorf("it is %s: %s", d.Outcome, d.Reason)
	}
}

// What it cannot put back an older version of the app does not discard.
func TestOlderVersionDiscards(t *testing.T) {
	_, db, older, _ := downgraded(t)
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Discard(older.Info, model.StringValue("1")) })
	if !errors.Is(err, store.ErrSchema) {
		t.Errorf("it is discarded: %v", err)
	}
	if c, _ := extraOf(t, db, older); c == nil {
		t.Error("nothing is on record any more")
	}
}
