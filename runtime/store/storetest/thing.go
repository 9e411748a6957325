package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/store"
)

// thing is what the tests of whole stores write: as generated code would, by
// hand, so that a driver is tested by what apps use.
type thing struct {
	ID    string
	Text  string
	Count int64
	Tags  []string
}

// The fields of a thing.
const (
	thingID = iota
	thingText
	thingCount
	thingTags
	thingFields
)

var thingFieldNames = [thingFields]string{"id", "text", "count", "tags"}

var tagsCodec = codec.Slice[[]string](codec.String[string]())

type thingRecord struct {
	record store.Record
	value  thing
}

func (r *thingRecord) setText(v string) {
	if r.value.Text != v {
		r.value.Text = v
		r.record.Mark(thingText)
	}
}

func (r *thingRecord) setTags(v []string) {
	if !slices.Equal(r.value.Tags, v) {
		r.value.Tags = slices.Clone(v)
		r.record.Mark(thingTags)
	}
}

func (r *thingRecord) addCount(n int64) {
	store.Add(&r.record, thingCount, &r.value.Count, n)
}

type things = *store.Collection[string, thing, thingRecord]

// newThings declares a model of things in a schema.
func newThings(s *store.Schema, name string, track model.Track) things {
	return store.NewCollection(s, store.Binding[string, thing, thingRecord]{
		Info: &model.Info{Name: name, GoName: "thing", Track: track, Fields: []model.Field{
			{Name: "id", Kind: model.String},
			{Name: "text", Kind: model.String},
			{Name: "count", Kind: model.Int, Rule: model.Counter},
			{Name: "tags", Kind: model.JSON, Rule: model.Set},
		}},
		Key:  codec.String[string](),
		Open: func(r *thingRecord) (*store.Record, *thing) { return &r.record, &r.value },
		Encode: func(e *codec.Encoder, v *thing) {
			codec.PutString(e, thingID, v.ID)
			codec.PutString(e, thingText, v.Text)
			codec.PutInt(e, thingCount, v.Count)
			codec.Put(e, thingTags, tagsCodec, v.Tags)
		},
		Decode: func(d *codec.Decoder, v *thing) {
			codec.GetString(d, thingID, &v.ID)
			codec.GetString(d, thingText, &v.Text)
			codec.GetInt(d, thingCount, &v.Count)
			codec.Get(d, thingTags, tagsCodec, &v.Tags)
		},
		Diff: func(a, b *thing) (d model.FieldSet) {
			for f := range thingFields {
				if !a.field(f).Equal(b.field(f)) {
					d.Add(f)
				}
			}
			return d
		},
		Merge: func(*merge.Context, *thing, *thing, *thing) (thing, error) {
			panic("the tests of drivers merge nothing")
		},
	})
}

// field is a field in its stored form, spelled out.
func (v *thing) field(f int) model.Value {
	switch f {
	case thingID:
		return model.StringValue(v.ID)
	case thingText:
		return model.StringValue(v.Text)
	case thingCount:
		return model.IntValue(v.Count)
	}
	text := "["
	for i, tag := range v.Tags {
		if i > 0 {
			text += ","
		}
		text += `"` + tag + `"`
	}
	return model.JSONValue(text + "]")
}

// world is the three tracking modes in one schema.
type world struct {
	schema      *store.Schema
	collections []things
}

func newWorld() *world {
	w := &world{schema: &store.Schema{}}
	for _, track := range []model.Track{model.TrackField, model.TrackObject, model.TrackJournal} {
		w.collections = append(w.collections, newThings(w.schema, "by_"+track.String(), track))
	}
	return w
}

// openStore opens a whole store, which the end of the test closes.
func (h Harness) openStore(t testing.TB, path string, s *store.Schema) *store.Store {
	t.Helper()
	db, err := store.Open(context.Background(), h.Driver, path, s, store.Options{Now: h.now, Logger: quiet})
	must(t, "opening a store", err)
	return db
}
