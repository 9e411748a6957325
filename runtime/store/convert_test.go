package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/convert"
	"github.com/resetgen/resetgen/testdata/golden/convert/before"
)

// openOn opens the store that the versions of an app share.
func openOn(t *testing.T, disk *memstore.Disk, schema *store.Schema, readOnly bool) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), disk, "db", schema, store.Options{ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func closed(t *testing.T, db *store.Store) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// An object of an earlier version of the app reads the same before its store is
// brought up to date and afterwards.
func TestConverted(t *testing.T) {
	disk, day := memstore.New(), uint8(7)
	db := openOn(t, disk, &before.Schema, false)
	must(t, db, func(tx *store.Tx) error {
		old := before.Fault{ID: "a", Title: "crack", Severity: "high", Tags: "north,beam", Due: &day, Price: &before.Price{Cents: 1250, Currency: "EUR"}}
		old.Where.Floor = 3
		return before.FaultRecords.Load(tx, &old, 1)
	})
	closed(t, db)
	due := time.Date(2026, time.January, 7, 0, 0, 0, 0, time.UTC)
	want := convert.Fault{ID: "a", Title: "crack", Severity: 2, Tags: []string{"north", "beam"}, Due: &due, Cost: "12.50 EUR"}
	want.Where.Floor = 1.5
	for _, readOnly := range []bool{true, false, true} {
		db := openOn(t, disk, &convert.Schema, readOnly)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			r, err := convert.FaultRecords.Get(tx, "a")
			if err == nil {
				if diff := cmp.Diff(want, r.Plain()); diff != "" {
					t.Errorf("read only: %v (-want +got):\n%s", readOnly, diff)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		closed(t, db)
	}
}

// What an earlier version of the app noted as a field's base is still known for it
// when the field is set back.
func TestConvertedBase(t *testing.T) {
	disk := memstore.New()
	db := openOn(t, disk, &before.Schema, false)
	must(t, db, func(tx *store.Tx) error {
		return before.FaultRecords.Load(tx, &before.Fault{ID: "a", Severity: "low", Tags: "north"}, 1)
	})
	must(t, db, func(tx *store.Tx) error {
		r, err := before.FaultRecords.Get(tx, "a")
		if err != nil {
			return err
		}
		r.SetSeverity("high")
		r.SetTags("south")
		return before.FaultRecords.Put(tx, r)
	})
	closed(t, db)
	db = openOn(t, disk, &convert.Schema, false)
	for _, step := range []struct {
		set  func(r *convert.FaultRecord)
		want []string
	}{
		{func(r *convert.FaultRecord) { r.SetTitle("crack") }, []string{"title", "severity", "tags"}},
		{func(r *convert.FaultRecord) { r.SetSeverity(3) }, []string{"title", "severity", "tags"}},
		{func(r *convert.FaultRecord) { r.SetSeverity(1) }, []string{"title", "tags"}},
		{func(r *convert.FaultRecord) { r.SetTags([]string{"north"}); r.SetTitle("") }, nil},
	} {
		var got []string
		must(t, db, func(tx *store.Tx) error {
			r, err := convert.FaultRecords.Get(tx, "a")
			if err != nil {
				return err
			}
			step.set(r)
			if err := convert.FaultRecords.Put(tx, r); err != nil {
				return err
			}
			e, err := tx.Entry(convert.FaultRecords.Model().Info, model.StringValue("a"))
			if e != nil {
				for _, f := range e.Fields {
					got = append(got, f.Name)
				}
			}
			return err
		})
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("unsynced (-want +got):\n%s", diff)
		}
	}
}

// Where a value cannot be converted the rest of the object is still read from a
// backup, and the store itself is left to the earlier version.
func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct {
		old  before.Fault
		says string
	}{
		{before.Fault{ID: "a", Severity: "odd"}, `converting fault "a": fault.severity: the stored value does not fit: "odd" is not a severity`},
		{before.Fault{ID: "a", Severity: "low", Due: new(uint8(32))}, `converting fault "a": fault.due: the stored value does not fit: the convert function panicked: no month has a day 32`},
	} {
		disk := memstore.New()
		db := openOn(t, disk, &before.Schema, false)
		must(t, db, func(tx *store.Tx) error { return before.FaultRecords.Load(tx, &c.old, 1) })
		closed(t, db)
		if _, err := store.Open(t.Context(), disk, "db", &convert.Schema, store.Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("the error is %v, want one that says %s", err, c.says)
		}
		db = openOn(t, disk, &convert.Schema, true)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			_, err := convert.FaultRecords.Get(tx, "a")
			return err
		})
		if err == nil || strings.Count(err.Error(), "does not fit") != 1 {
			t.Errorf("reading it: %v, want one field that does not fit", err)
		}
	}
}
