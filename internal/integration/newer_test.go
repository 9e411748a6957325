package integration

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// A store in a format that a later version of this package writes is refused with
// the advice to update, and stays as it is.
func TestNewerFormat(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		execFile(t, d, path, `PRAGMA user_version = 2`)
		refused(t, d, path, &items.Schema, store.ErrSchema, path, "format 2", "update the app")
	})
	_, err := store.ParseCatalog([]byte(`{"format":2,"models":[]}`))
	wantError(t, "reading a newer description", err, store.ErrSchema, "format 2", "update the app")
}

// The models of an app before and after it was updated: a field more and a model
// more.
var (
	olderNote = &model.Info{Name: "note", Fields: []model.Field{
		{Name: "id", Kind: model.String, Zero: model.StringValue("")},
		{Name: "text", Kind: model.String, Zero: model.StringValue("")},
	}}
	newerNote = &model.Info{Name: "note", Fields: append(olderNote.Fields[:2:2], model.Field{Name: "color", Kind: model.String, Zero: model.StringValue("")})}
	newerTag  = &model.Info{Name: "tag", Fields: olderNote.Fields}
)

func schemaOf(infos ...*model.Info) *store.Schema {
	s := &store.Schema{}
	for _, m := range infos {
		s.Add(&merge.Model{Info: m, Merge: func(*merge.Context, *model.Row, *model.Row, *model.Row, *model.Row) error { return nil }, Misfits: func(*model.Row) []*model.FieldError { return nil }})
	}
	return s
}

// An app that was set back to an earlier version carries through what it does not
// know: fields, objects, and the record of what is unsynced of both.
func TestNewerSchema(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		with := func(schema *store.Schema, do func(tx *store.Tx) error) (told string) {
			t.Helper()
			var log bytes.Buffer
			db, err := store.Open(t.Context(), d, path, schema, store.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			update(t, db, do)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			return log.String()
		}
		write := func(tx *store.Tx, m *model.Info, values ...string) error {
			row := &model.Row{Stamps: make([]stamp.Stamp, len(m.Fields))}
			for _, v := range values {
				row.Values = append(row.Values, model.StringValue(v))
			}
			return tx.Write(m, row.Values[0], row)
		}
		newer := schemaOf(newerNote, newerTag)
		if told := with(newer, func(tx *store.Tx) error {
			if err := write(tx, newerNote, "n", "text", "red"); err != nil {
				return err
			}
			return write(tx, newerTag, "t", "urgent")
		}); told != "" {
			t.Errorf("opening a new store tells %s", told)
		}
		told := with(schemaOf(olderNote), func(tx *store.Tx) error { return write(tx, olderNote, "n", "changed") })
		if !strings.Contains(told, "color") || !strings.Contains(told, "tag") || strings.Count(told, "\n") != 1 {
			t.Errorf("what the app does not know is told as %q", told)
		}
		with(newer, func(tx *store.Tx) error {
			note, err := tx.Row(newerNote, model.StringValue("n"))
			if err != nil || note == nil || note.Values[1].Text() != "changed" || note.Values[2].Text() != "red" {
				t.Errorf("the note is %+v, %v", note, err)
			}
			tag, err := tx.Row(newerTag, model.StringValue("t"))
			if err != nil || tag == nil || tag.Values[1].Text() != "urgent" {
				t.Errorf("the tag is %+v, %v", tag, err)
			}
			noteEntry, err := tx.Entry(newerNote, model.StringValue("n"))
			if err != nil || noteEntry == nil || noteEntry.Change != model.Created || noteEntry.Field("text") == nil || noteEntry.Field("color") == nil {
				t.Errorf("the entry of the note is %+v, %v", noteEntry, err)
			}
			tagEntry, err := tx.Entry(newerTag, model.StringValue("t"))
			if err != nil || tagEntry == nil || tagEntry.Change != model.Created {
				t.Errorf("the entry of the tag is %+v, %v", tagEntry, err)
			}
			return nil
		})
	})
}
