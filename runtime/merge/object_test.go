package merge_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

var (
	fieldItem   = items.FieldItemRecords.Model()
	objectItem  = items.ObjectItemRecords.Model()
	journalItem = items.JournalItemRecords.Model()
)

// content is an object by its fields; what is not named is zero. Nil is no
// object.
type content map[string]any

// row is the object in its stored form, stamped at the given time.
func (c content) row(m *merge.Model, at stamp.Stamp) *model.Row {
	if c == nil {
		return nil
	}
	r := model.NewRow(m.Info)
	r.Values[m.Info.Key] = model.StringValue("x")
	for name, v := range c {
		r.Values[m.Info.Index(name)] = value(v)
	}
	for f := range m.Info.Fields {
		r.Mark(m.Info, f, at)
	}
	return r
}

func value(v any) model.Value {
	switch v := v.(type) {
	case int:
		return model.IntValue(int64(v))
	case string:
		if v != "" && (v[0] == '[' || v[0] == '{') {
			return model.JSONValue(v)
		}
		return model.StringValue(v)
	}
	panic(fmt.Sprintf("%T", v))
}

// Stamps of the three times that matter.
const (
	before stamp.Stamp = 100
	mine   stamp.Stamp = 200
	theirs stamp.Stamp = 300
)

// object is one case of the table.
type object struct {
	name   string
	model  *merge.Model // nil: every tracking mode
	policy model.Policy
	change model.Change
	base   content // what both sides had; for created nothing
	local  content
	remote content

	outcome   merge.Outcome
	write     merge.Write
	result    content  // what the fresh store holds then, nil for nothing
	pending   []string // the fields of the entry that remains
	remains   model.Change
	conflicts []string
}

func TestObject(t *testing.T) {
	a1, b1, a5 := content{"text": "a", "num": 1}, content{"text": "b", "num": 1}, content{"text": "a", "num": 5}
	for _, c := range []object{
		{name: "updated, unchanged there", change: model.Updated, base: a1, local: b1, remote: a1,
			outcome: merge.Recovered, write: merge.WriteUpdate, result: b1, remains: model.Updated, pending: []string{"text"}},
		{name: "updated, other field changed there", model: fieldItem, change: model.Updated, base: a1, local: b1, remote: a5,
			outcome: merge.Merged, write: merge.WriteUpdate, result: content{"text": "b", "num": 5}, remains: model.Updated, pending: []string{"text"}},
		{name: "updated, other field changed there", model: journalItem, change: model.Updated, base: a1, local: b1, remote: a5,
			outcome: merge.Merged, write: merge.WriteUpdate, result: content{"text": "b", "num": 5}, remains: model.Updated, pending: []string{"text"}},
		{name: "updated, other field changed there", model: objectItem, change: model.Updated, base: a1, local: b1, remote: a5,
			outcome: merge.Conflicted, write: merge.WriteUpdate, result: b1, remains: model.Updated, pending: []string{"text", "num"}, conflicts: []string{"num"}},
		{name: "updated, same field changed there", change: model.Updated, base: a1, local: b1, remote: content{"text": "R", "num": 1},
			outcome: merge.Conflicted, write: merge.WriteUpdate, result: b1, remains: model.Updated, pending: []string{"text"}, conflicts: []string{"text"}},
		{name: "updated, same value there", change: model.Updated, base: a1, local: b1, remote: b1,
			outcome: merge.Already, write: merge.WriteNothing, result: b1},
		{name: "updated, remote wins", change: model.Updated, base: content{"theirs": "a"}, local: content{"theirs": "L"}, remote: content{"theirs": "R"},
			outcome: merge.Conflicted, write: merge.WriteNothing, result: content{"theirs": "R"}, conflicts: []string{"theirs"}},
		{name: "updated, gone there, restored", change: model.Updated, base: a1, local: b1, remote: nil,
			outcome: merge.Restored, write: merge.WriteInsert, result: b1, remains: model.Created, pending: []string{"text", "num"}, conflicts: []string{""}},
		{name: "updated, gone there, dropped", policy: model.DeletesWin, change: model.Updated, base: a1, local: b1, remote: nil,
			outcome: merge.Dropped, write: merge.WriteNothing, result: nil, conflicts: []string{""}},
		{name: "created, absent there", change: model.Created, local: b1, remote: nil,
			outcome: merge.Recovered, write: merge.WriteInsert, result: b1, remains: model.Created, pending: []string{"text", "num"}},
		{name: "created there too", change: model.Created, local: content{"text": "L"}, remote: content{"text": "R", "num": 4},
			outcome: merge.Conflicted, write: merge.WriteUpdate, result: content{"text": "L", "num": 4}, remains: model.Updated, pending: []string{"text"}, conflicts: []string{"text"}},
		{name: "created there too, the same", change: model.Created, local: b1, remote: b1,
			outcome: merge.Already, write: merge.WriteNothing, result: b1},
		{name: "created there too, other fields", change: model.Created, local: content{"text": "L", "count": 2}, remote: content{"num": 4, "count": 3},
			outcome: merge.Merged, write: merge.WriteUpdate, result: content{"text": "L", "num": 4, "count": 5}, remains: model.Updated, pending: []string{"text", "count"}},
		{name: "deleted, unchanged there", change: model.Deleted, base: a1, remote: a1,
			outcome: merge.Recovered, write: merge.WriteDelete, result: nil, remains: model.Deleted},
		{name: "deleted, changed there, kept", change: model.Deleted, base: a1, remote: a5,
			outcome: merge.Kept, write: merge.WriteNothing, result: a5, conflicts: []string{""}},
		{name: "deleted, changed there, deleted", policy: model.DeletesWin, change: model.Deleted, base: a1, remote: a5,
			outcome: merge.Conflicted, write: merge.WriteDelete, result: nil, remains: model.Deleted, conflicts: []string{""}},
		{name: "deleted on both sides", change: model.Deleted, base: a1, remote: nil,
			outcome: merge.Already, write: merge.WriteNothing, result: nil},
		{name: "recreated, absent there", change: model.Recreated, base: a1, local: content{"text": "new"}, remote: nil,
			outcome: merge.Recovered, write: merge.WriteInsert, result: content{"text": "new"}, remains: model.Created, pending: []string{"text"}},
		{name: "recreated, unchanged there", change: model.Recreated, base: a1, local: content{"text": "new"}, remote: a1,
			outcome: merge.Recovered, write: merge.WriteUpdate, result: content{"text": "new"}, remains: model.Recreated, pending: []string{"text", "num"}},
		{name: "recreated, changed there", change: model.Recreated, base: a1, local: content{"text": "new"}, remote: content{"text": "a", "num": 9},
			outcome: merge.Conflicted, write: merge.WriteUpdate, result: content{"text": "new"}, remains: model.Recreated, pending: []string{"text", "num"}, conflicts: []string{"num"}},
		{name: "counter, equal on both sides", change: model.Updated, base: content{"count": 10}, local: content{"count": 13}, remote: content{"count": 13},
			outcome: merge.Merged, write: merge.WriteUpdate, result: content{"count": 16}, remains: model.Updated, pending: []string{"count"}},
		{name: "map, one key by both", change: model.Updated, base: content{"attrs": `{"k":"a","l":"b"}`}, local: content{"attrs": `{"k":"L","l":"b"}`}, remote: content{"attrs": `{"k":"R","l":"c"}`},
			outcome: merge.Conflicted, write: merge.WriteUpdate, result: content{"attrs": `{"k":"L","l":"c"}`}, remains: model.Updated, pending: []string{"attrs"}, conflicts: []string{"attrs[k]"}},
	} {
		models := []*merge.Model{fieldItem, objectItem, journalItem}
		if c.model != nil {
			models = []*merge.Model{c.model}
		}
		for _, m := range models {
			t.Run(m.Info.Name+"/"+c.name, func(t *testing.T) { c.check(t, m) })
		}
	}
}

// entry is the record that the store would have made of the change.
func (c *object) entry(m *merge.Model) *model.Entry {
	e := &model.Entry{Model: m.Info.Name, Key: model.StringValue("x"), Change: c.change, Seq: 7, Stamp: mine}
	if c.change == model.Deleted || c.change == model.Recreated {
		e.Base = c.base.row(m, before).Named(m.Info)
	}
	if c.change == model.Deleted {
		return e
	}
	from := c.base
	if c.change != model.Updated {
		from = content{}
	}
	base, local := from.row(m, before), c.local.row(m, mine)
	differing := base.Differing(local)
	for f := range differing.All() {
		fc := model.FieldChange{Name: m.Info.Fields[f].Name, Seq: 7, Stamp: mine}
		if c.change == model.Updated {
			fc.Base = base.Values[f]
		}
		e.Fields = append(e.Fields, fc)
	}
	return e
}

func (c *object) check(t *testing.T, m *merge.Model) {
	e, local, remote := c.entry(m), c.local.row(m, mine), c.remote.row(m, theirs)
	d := merge.Object(m, c.policy, e, local, remote)
	if d.Outcome != c.outcome || d.Write != c.write {
		t.Errorf("%v, %v (%s); want %v, %v", d.Outcome, d.Write, d.Reason, c.outcome, c.write)
	}
	result := remote
	switch d.Write {
	case merge.WriteInsert, merge.WriteUpdate:
		result = d.Row
	case merge.WriteDelete:
		result = nil
	}
	want := c.result.row(m, before)
	if (result == nil) != (want == nil) || result != nil && result.Differing(want) != (model.FieldSet{}) {
		t.Errorf("the result is %v, want %v", result.Whole(m.Info), want.Whole(m.Info))
	}
	var conflicts []string
	for _, conflict := range d.Conflicts {
		name := conflict.Field
		if conflict.Part != "" {
			name += "[" + conflict.Part + "]"
		}
		conflicts = append(conflicts, name)
	}
	if !slices.Equal(conflicts, c.conflicts) {
		t.Errorf("conflicts in %q, want %q", conflicts, c.conflicts)
	}
	c.checkEntry(t, m, d, remote)
}

// checkEntry checks what remains unsynced: the changes that the other side lacks,
// with the sequences and stamps they had, based on what the other side has.
func (c *object) checkEntry(t *testing.T, m *merge.Model, d *merge.Decision, remote *model.Row) {
	if c.remains == 0 {
		if d.Entry != nil {
			t.Errorf("%v remains, want nothing", d.Entry)
		}
		return
	}
	if d.Entry == nil || d.Entry.Change != c.remains || d.Entry.Seq != 7 || d.Entry.Stamp != mine {
		t.Fatalf("%+v remains, want %v at 7", d.Entry, c.remains)
	}
	var pending []string
	for _, f := range d.Entry.Fields {
		pending = append(pending, f.Name)
		if f.Seq != 7 || f.Stamp != mine {
			t.Errorf("%s is now of commit %d at %d", f.Name, f.Seq, f.Stamp)
		}
		if remote != nil && !f.Base.Equal(remote.Values[m.Info.Index(f.Name)]) {
			t.Errorf("%s is based on %v, the other side has %v", f.Name, f.Base, remote.Values[m.Info.Index(f.Name)])
		}
	}
	if !slices.Equal(pending, c.pending) {
		t.Errorf("%q remain, want %q", pending, c.pending)
	}
}

// A value that does not fit its field is reported and its neighbours go on.
func TestObjectReportsWhatDoesNotFit(t *testing.T) {
	base := content{"text": "a", "num": 1}.row(fieldItem, before)
	local := content{"text": "b", "num": 2}.row(fieldItem, mine)
	num := fieldItem.Info.Index("num")
	local.Values[num] = model.StringValue("two")
	e := &model.Entry{Model: "field_item", Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine, Fields: []model.FieldChange{
		{Name: "text", Base: model.StringValue("a")}, {Name: "num", Base: model.IntValue(1)}, {Name: "forgotten", Base: model.IntValue(3)},
	}}
	local.Extra = []model.Named{{Name: "forgotten", Value: model.IntValue(4)}}
	d := merge.Object(fieldItem, model.LastUpdated, e, local, base)
	if d.Outcome != merge.Recovered || !d.Row.Values[num].Equal(model.IntValue(1)) || d.Row.Values[fieldItem.Info.Index("text")].Text() != "b" {
		t.Errorf("%v: %v", d.Outcome, d.Row.Whole(fieldItem.Info))
	}
	var lost []string
	for _, l := range d.Losses {
		lost = append(lost, fmt.Sprintf("%s=%v", l.Field, l.Value))
	}
	if want := []string{`num="two"`, "forgotten=4"}; !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q", lost, want)
	}
}

// An overflow fails the object and leaves the other side's as it is.
func TestObjectFailsOnOverflow(t *testing.T) {
	c := object{change: model.Updated, base: content{"count": 0}, local: content{"count": 1<<63 - 1}, remote: content{"count": 5}}
	d := merge.Object(fieldItem, model.LastUpdated, c.entry(fieldItem), c.local.row(fieldItem, mine), c.remote.row(fieldItem, theirs))
	if d.Outcome != merge.Failed || d.Write != merge.WriteNothing || d.Err == nil {
		t.Errorf("%v, %v, %v", d.Outcome, d.Write, d.Err)
	}
}

// A base that does not fit any more, as of a field that could be null, does not
// cost the local value.
func TestObjectWithoutABase(t *testing.T) {
	local, remote := content{"text": "mine"}.row(fieldItem, mine), content{}.row(fieldItem, before)
	e := &model.Entry{Model: "field_item", Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine,
		Fields: []model.FieldChange{{Name: "text", Base: model.NullValue()}}}
	d := merge.Object(fieldItem, model.LastUpdated, e, local, remote)
	if d.Outcome != merge.Conflicted || d.Row.Values[fieldItem.Info.Index("text")].Text() != "mine" || len(d.Losses) > 0 {
		t.Errorf("%v (%s): %v, lost %v", d.Outcome, d.Reason, d.Row.Whole(fieldItem.Info), d.Losses)
	}
}
