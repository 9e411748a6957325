package remote_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

func noteInfo(track model.Track) *model.Info {
	return &model.Info{Name: "note", GoName: "Note", Track: track, Key: 1, Fields: []model.Field{
		{Name: "text", Kind: model.String, Zero: model.StringValue(""), Was: []string{"body"}},
		{Name: "id", Kind: model.String},
		{Name: "n", Kind: model.Int, Zero: num(0)},
	}}
}

func TestRow(t *testing.T) {
	o := object(9, field("body", model.StringValue("x"), 4), field("later", num(3), 5))
	for track, want := range map[model.Track]struct {
		stamp  stamp.Stamp
		stamps []stamp.Stamp
	}{
		model.TrackField:   {9, []stamp.Stamp{4, 0, 0}},
		model.TrackObject:  {9, nil},
		model.TrackJournal: {0, nil},
	} {
		row := o.Row(noteInfo(track))
		values := []model.Value{model.StringValue("x"), key, num(0)}
		extra := []model.Named{{Name: "later", Value: num(3)}}
		if !slices.Equal(row.Values, values) || !slices.Equal(row.Extra, extra) || row.Stamp != want.stamp || !slices.Equal(row.Stamps, want.stamps) {
			t.Errorf("track %v: the row is %+v", track, row)
		}
	}
	if row := (&remote.Object{Model: "note", Key: key, Deleted: true}).Row(noteInfo(model.TrackField)); row != nil {
		t.Errorf("a deleted object has the row %+v", row)
	}
}

// The key is the object's own, whatever a field by its name says.
func TestRowKeepsItsKey(t *testing.T) {
	o := object(9, field("id", model.StringValue("another"), 4))
	if row := o.Row(noteInfo(model.TrackField)); row.Values[1] != key || len(row.Extra) > 0 || row.Stamps[1] != 0 {
		t.Errorf("the row is %+v", row)
	}
}

// An app that is older than a renaming goes on writing the earlier name.
func TestRowOfBothNames(t *testing.T) {
	before, now := field("body", model.StringValue("old"), 7), field("text", model.StringValue("new"), 4)
	for _, o := range []*remote.Object{object(9, before, now), object(9, now, before)} {
		row := o.Row(noteInfo(model.TrackField))
		if row.Values[0] != model.StringValue("new") || row.Stamps[0] != 4 || row.Extra != nil {
			t.Errorf("%+v has the row %+v", o, row)
		}
	}
}

func TestField(t *testing.T) {
	o := object(1, field("n", num(1), 1), field("m", num(2), 1))
	if f := o.Field("m"); f != &o.Fields[1] {
		t.Errorf("m is %+v", f)
	}
	if f := o.Field("id"); f != nil {
		t.Errorf("the key is the field %+v", f)
	}
}

// A row that becomes an object and a row again is the same, whatever is in it.
func TestRowRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := noteInfo(rapid.SampledFrom([]model.Track{model.TrackField, model.TrackObject, model.TrackJournal}).Draw(t, "track"))
		row := model.NewRow(m)
		for i := range row.Values {
			row.Values[i] = model.StringValue(rapid.String().Draw(t, "value"))
			if i != m.Key {
				row.Mark(m, i, stamp.Stamp(rapid.Uint64().Draw(t, "stamp")))
			}
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "extra") {
			row.Extra = append(row.Extra, model.Named{Name: fmt.Sprint("extra ", i), Value: num(int64(i))})
		}
		o := remote.ObjectOf(m, row)
		if back := o.Row(m); !slices.Equal(back.Values, row.Values) || !slices.Equal(back.Extra, row.Extra) || back.Stamp != row.Stamp || !slices.Equal(back.Stamps, row.Stamps) {
			t.Fatalf("%+v became %+v and then %+v", row, o, back)
		}
		if o.Field("id") != nil || !o.Key.Equal(row.Values[m.Key]) {
			t.Fatalf("the key is %v, and the fields are %+v", o.Key, o.Fields)
		}
	})
}
