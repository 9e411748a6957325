package model_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
)

// renamedTwice has a field b that was a, and c before that.
var renamedTwice = &model.Info{Name: "note", Fields: []model.Field{
	{Name: "id", Kind: model.String},
	{Name: "b", Was: []string{"a", "c"}, Kind: model.Int},
}}

// Values under two names of one field: the present one counts, or else the later
// one, in whatever order they come. The other one is kept as unknown.
func TestTwoNamesOfOneField(t *testing.T) {
	at := func(name string, v int64) model.Named { return model.Named{Name: name, Value: model.IntValue(v)} }
	for _, c := range []struct {
		values []model.Named
		want   int64
		extra  []model.Named
	}{
		{[]model.Named{at("a", 2), at("b", 1)}, 1, []model.Named{at("a", 2)}},
		{[]model.Named{at("b", 1), at("a", 2)}, 1, []model.Named{at("a", 2)}},
		{[]model.Named{at("c", 3), at("a", 2)}, 2, []model.Named{at("c", 3)}},
		{[]model.Named{at("a", 2), at("c", 3)}, 2, []model.Named{at("c", 3)}},
		{[]model.Named{at("c", 3)}, 3, nil},
	} {
		row := model.RowOf(renamedTwice, c.values)
		if row.Values[1].Int() != c.want {
			t.Errorf("%v: b is %v, want %d", c.values, row.Values[1], c.want)
		}
		if diff := cmp.Diff(c.extra, row.Extra, cmp.Comparer(model.Value.Equal)); diff != "" {
			t.Errorf("%v: %s", c.values, diff)
		}
		e := &model.Entry{}
		for _, v := range c.values {
			e.Fields = append(e.Fields, model.FieldChange{Name: v.Name, Base: v.Value})
		}
		if of := e.Of(renamedTwice, 1); of == nil || of.Base.Int() != c.want {
			t.Errorf("%v: the entry has %+v, want base %d", c.values, of, c.want)
		}
		if changed := e.Changed(renamedTwice); !changed.Has(1) || changed.Len() != 1 {
			t.Errorf("%v: changed %v", c.values, changed)
		}
	}
}
