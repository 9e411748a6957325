package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// place has a value that no other place may have.
type place struct{ ID, Code, Text string }

// The fields of a place.
const (
	placeID = iota
	placeCode
	placeText
)

type placeRecord struct {
	record store.Record
	value  place
}

type places = *store.Collection[string, place, placeRecord]

// newPlaces declares a model of places in a schema, of which the local side wins.
func newPlaces(s *store.Schema) places {
	return store.NewCollection(s, store.Binding[string, place, placeRecord]{
		Info: info("place", model.TrackField, field("id", model.String), unique(field("code", model.String)), field("text", model.String)),
		Key:  codec.String[string](),
		Open: func(r *placeRecord) (*store.Record, *place) { return &r.record, &r.value },
		Encode: func(e *codec.Encoder, v *place) {
			codec.PutString(e, placeID, v.ID)
			codec.PutString(e, placeCode, v.Code)
			codec.PutString(e, placeText, v.Text)
		},
		Decode: func(d *codec.Decoder, v *place) {
			codec.GetString(d, placeID, &v.ID)
			codec.GetString(d, placeCode, &v.Code)
			codec.GetString(d, placeText, &v.Text)
		},
		Diff: func(a, b *place) (d model.FieldSet) {
			if a.Code != b.Code {
				d.Add(placeCode)
			}
			if a.Text != b.Text {
				d.Add(placeText)
			}
			return d
		},
		Merge: func(c *merge.Context, base, local, remote *place) (place, error) {
			return place{
				ID:   remote.ID,
				Code: merge.LocalWins(c, placeCode, base.Code, local.Code, remote.Code),
				Text: merge.LocalWins(c, placeText, base.Text, local.Text, remote.Text),
			}, c.Err()
		},
	})
}

// What a constraint keeps out of the fresh store is a reported failure of which nothing
// is written, and the rest goes on. Objects that have exchanged a value get it.
func testReconcile(t *testing.T, h Harness) {
	schema := &store.Schema{}
	all := newPlaces(schema)
	replace := func(tx *store.Tx, id string, codes ...string) error {
		for _, code := range codes {
			if err := all.Replace(tx, &place{id, code, "mine"}); err != nil {
				return err
			}
		}
		return nil
	}
	taken := func(tx *store.Tx) error {
		return errors.Join(replace(tx, "a", "9"), replace(tx, "b", "2b"), replace(tx, "new", "8"), replace(tx, "new too", "5"), all.Delete(tx, "gone"))
	}
	swapped := func(tx *store.Tx) error {
		return errors.Join(replace(tx, "a", "none"), replace(tx, "b", "1"), replace(tx, "a", "2"))
	}
	for _, c := range []struct {
		strategy reconcile.Strategy
		change   func(tx *store.Tx) error
		failed   string
		want     []string
	}{
		{reconcile.Recover, taken, "a, new", []string{
			"a: 1 as it was", "b: 2b mine", "new too: 5 mine", "stranger: 9 as it was", "stranger too: 8 as it was",
			"b updated code text", "gone deleted", "new too created code text",
		}},
		{reconcile.Overwrite, taken, "a, new", []string{
			"a: 1 as it was", "b: 2b mine", "gone: 3 as it was", "new too: 5 mine", "stranger: 9 as it was", "stranger too: 8 as it was",
			"b updated code text", "new too created code text",
		}},
		{reconcile.Recover, swapped, "", []string{
			"a: 2 mine", "b: 1 mine", "gone: 3 as it was", "stranger: 9 as it was", "stranger too: 8 as it was", "a updated code text", "b updated code text",
		}},
		{reconcile.Overwrite, swapped, "", []string{
			"a: 2 mine", "b: 1 mine", "gone: 3 as it was", "stranger: 9 as it was", "stranger too: 8 as it was", "a updated code text", "b updated code text",
		}},
	} {
		t.Run(c.strategy.String(), func(t *testing.T) {
			name := h.Path + strings.ReplaceAll(t.Name(), "/", ".")
			backup := h.places(t, name+".backup", schema, all, "a", "b", "gone")
			must(t, "writing", backup.Update(t.Context(), c.change))
			fresh := h.places(t, name+".fresh", schema, all, "a", "b", "gone", "stranger", "stranger too")
			report, err := reconcile.New(backup, fresh, reconcile.Options{Strategy: c.strategy}).Apply(t.Context())
			must(t, "reconciling", err)
			var failed []string
			for _, o := range report.Objects {
				if o.Outcome == merge.Failed {
					failed = append(failed, o.Key.Text())
					if !strings.Contains(o.Reason, "place.code") || c.strategy == reconcile.Recover && len(o.Losses) != 2 {
						t.Errorf("%v failed: %s, %v", o.Key, o.Reason, o.Losses)
					}
				}
			}
			if got := strings.Join(failed, ", "); got != c.failed || report.Failed != len(failed) {
				t.Errorf("%d failed: %s, want %s", report.Failed, got, c.failed)
			}
			for _, reopened := range []bool{false, true} {
				if reopened {
					must(t, "closing", fresh.Close())
					fresh = h.openStore(t, name+".fresh", schema)
				}
				if got := placesIn(t, fresh, all); !slices.Equal(got, c.want) {
					t.Errorf("(reopened: %v) the fresh store holds\n%q, want\n%q", reopened, got, c.want)
				}
			}
			must(t, "closing", errors.Join(fresh.Close(), backup.Close()))
		})
	}
}

// places is a store that holds the places named and counts as synced.
func (h Harness) places(t testing.TB, path string, s *store.Schema, all places, ids ...string) *store.Store {
	t.Helper()
	db := h.openStore(t, path, s)
	must(t, "filling", db.Update(t.Context(), func(tx *store.Tx) error {
		for i, code := range []string{"1", "2", "3", "9", "8"}[:len(ids)] {
			must(t, "loading", all.Load(tx, &place{ids[i], code, "as it was"}, stamp.Stamp(1)))
		}
		return tx.MarkSynced()
	}))
	return db
}

// placesIn lists the places in a store, and what is on record of them.
func placesIn(t testing.TB, db *store.Store, all places) (list []string) {
	t.Helper()
	must(t, "reading", db.View(t.Context(), func(tx *store.Tx) error {
		for r, err := range all.All(tx) {
			must(t, "reading", err)
			list = append(list, fmt.Sprintf("%s: %s %s", r.value.ID, r.value.Code, r.value.Text))
		}
		for e, err := range tx.Entries() {
			must(t, "reading", err)
			entry := e.Key.Text() + " " + e.Change.String()
			for _, f := range e.Fields {
				entry += " " + f.Name
			}
			list = append(list, entry)
		}
		return nil
	}))
	return list
}
