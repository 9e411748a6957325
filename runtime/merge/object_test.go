package merge_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/testdata/golden/convert"
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

// What fails an object is an error that the app can branch on, and names the
// field.
func TestObjectFails(t *testing.T) {
	m := funcItem(model.TrackField)
	e := &model.Entry{Model: m.Info.Name, Key: model.StringValue("x"), Change: model.Updated, Fields: []model.FieldChange{{Name: "text", Base: model.StringValue("")}}}
	d := merge.Object(m, model.LastUpdated, e, content{"text": "panic"}.row(m, mine), content{"text": "R"}.row(m, theirs))
	var panicked *merge.PanicError
	if !errors.As(d.Err, &panicked) || !strings.Contains(d.Reason, "field text: ") {
		t.Errorf("the panic is %v", d.Err)
	}
	if len(d.Losses) != 1 || d.Losses[0].Field != "text" || d.Losses[0].Value.Text() != "panic" {
		t.Errorf("lost %v", d.Losses)
	}
	e.Fields = []model.FieldChange{{Name: "count", Base: model.IntValue(0)}}
	d = merge.Object(fieldItem, model.LastUpdated, e, content{"count": math.MaxInt64}.row(fieldItem, mine), content{"count": 5}.row(fieldItem, theirs))
	if !errors.Is(d.Err, merge.ErrOverflow) || !strings.Contains(d.Reason, "field count: ") {
		t.Errorf("the overflow is %v", d.Err)
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

// A base that does not fit is no conflict where both sides hold the same.
func TestObjectWithoutABaseIsTheSame(t *testing.T) {
	local, remote := content{"text": "same", "num": 1}.row(fieldItem, mine), content{"text": "same"}.row(fieldItem, theirs)
	e := &model.Entry{Model: "field_item", Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine,
		Fields: []model.FieldChange{{Name: "text", Base: model.NullValue()}, {Name: "num", Base: model.IntValue(0)}}}
	d := merge.Object(fieldItem, model.LastUpdated, e, local, remote)
	if len(d.Conflicts) > 0 || d.Row.Values[fieldItem.Info.Index("num")].Int() != 1 {
		t.Errorf("%v (%s): conflicts %v", d.Outcome, d.Reason, d.Conflicts)
	}
}

// Conflicts come in the order of the fields, however they were found.
func TestObjectOrdersConflicts(t *testing.T) {
	local, remote := content{"text": "L", "other": "L", "num": 1}.row(fieldItem, mine), content{"text": "R", "other": "R", "num": 2}.row(fieldItem, theirs)
	e := &model.Entry{Model: "field_item", Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine, Fields: []model.FieldChange{
		{Name: "text", Base: model.StringValue("")}, {Name: "other", Base: model.NullValue()}, {Name: "num", Base: model.IntValue(0)},
	}}
	var fields []string
	for _, c := range merge.Object(fieldItem, model.LastUpdated, e, local, remote).Conflicts {
		fields = append(fields, c.Field)
	}
	if want := []string{"text", "other", "num"}; !slices.Equal(fields, want) {
		t.Errorf("conflicts in %q, want %q", fields, want)
	}
}

// A base of an earlier kind is compared, and reported, in the form of today.
func TestObjectWithABaseOfAnEarlierKind(t *testing.T) {
	m := convert.FaultRecords.Model()
	local, remote := content{"severity": 3}.row(m, mine), content{"severity": 1}.row(m, before)
	e := &model.Entry{Model: "fault", Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine,
		Fields: []model.FieldChange{{Name: "severity", Base: model.StringValue("low")}}}
	if d := merge.Object(m, model.LastUpdated, e, local, remote); d.Outcome != merge.Recovered || len(d.Conflicts) > 0 {
		t.Errorf("%v (%s): conflicts %v", d.Outcome, d.Reason, d.Conflicts)
	}
	d := merge.Object(m, model.LastUpdated, e, local, nil)
	if got := d.Conflicts[0].Base.Member("severity"); got.Text() != "1" {
		t.Errorf("the report says that severity was %v", got)
	}
	e = &model.Entry{Model: "fault", Key: model.StringValue("x"), Change: model.Deleted, Seq: 1, Stamp: mine,
		Base: []model.Named{{Name: "id", Value: model.StringValue("x")}, {Name: "severity", Value: model.StringValue("low")}}}
	if d := merge.Object(m, model.LastUpdated, e, nil, remote); d.Outcome != merge.Recovered {
		t.Errorf("deleted: %v (%s)", d.Outcome, d.Reason)
	}
}

// A field that the local store did not have yet is not overwritten, although the
// object is tracked as one or was created again, and what was written into it
// since is a change of the object.
func TestObjectOfAnOlderVersion(t *testing.T) {
	m := objectItem
	num, text := m.Info.Index("num"), m.Info.Index("text")
	remote := content{"text": "a", "num": 5}.row(m, theirs)
	older := func(text string) *model.Row {
		r := content{"text": text}.row(m, mine)
		r.Values[num] = model.Value{}
		return r
	}
	for _, e := range []*model.Entry{
		{Change: model.Updated, Fields: []model.FieldChange{{Name: "text", Base: model.StringValue("a")}}},
		{Change: model.Recreated, Fields: []model.FieldChange{{Name: "text"}}, Base: older("a").Named(m.Info)},
	} {
		e.Model, e.Key, e.Seq, e.Stamp = m.Info.Name, model.StringValue("x"), 1, mine
		d := merge.Object(m, model.LastUpdated, e, older("b"), remote)
		if d.Row.Values[num].Int() != 5 || d.Row.Values[text].Text() != "b" || len(d.Conflicts) > 0 {
			t.Errorf("%v: %v with conflicts %v", e.Change, d.Row.Whole(m.Info), d.Conflicts)
		}
		if d.Outcome != merge.Merged {
			t.Errorf("%v: %v (%s)", e.Change, d.Outcome, d.Reason)
		}
	}
	deleted := &model.Entry{Model: m.Info.Name, Key: model.StringValue("x"), Change: model.Deleted, Seq: 1, Stamp: mine, Base: older("a").Named(m.Info)}
	if d := merge.Object(m, model.LastUpdated, deleted, nil, remote); d.Outcome != merge.Kept {
		t.Errorf("deleted: %v (%s)", d.Outcome, d.Reason)
	}
}

// A deletion does not take away what a newer version of the app wrote meanwhile.
func TestObjectOfANewerVersionIsKept(t *testing.T) {
	base := content{"text": "a"}.row(fieldItem, before)
	base.Extra = []model.Named{{Name: "colour", Value: model.StringValue("red")}}
	e := &model.Entry{Model: "field_item", Key: model.StringValue("x"), Change: model.Deleted, Seq: 1, Stamp: mine, Base: base.Named(fieldItem.Info)}
	if d := merge.Object(fieldItem, model.LastUpdated, e, nil, base); d.Outcome != merge.Recovered {
		t.Errorf("%v (%s)", d.Outcome, d.Reason)
	}
	remote := base.Clone()
	remote.Extra[0].Value = model.StringValue("blue")
	if d := merge.Object(fieldItem, model.LastUpdated, e, nil, remote); d.Outcome != merge.Kept || !strings.Contains(d.Reason, "colour") {
		t.Errorf("%v (%s)", d.Outcome, d.Reason)
	}
}

// However often the other side's changes come in, every increment counts once and
// every element added is there once.
func TestObjectAfterManyPulls(t *testing.T) {
	m := fieldItem
	count, list := m.Info.Index("count"), m.Info.Index("list")
	rapid.Check(t, func(t *rapid.T) {
		remote := content{}.row(m, before)
		local, synced := remote.Clone(), remote.Clone()
		var entry *model.Entry
		var added int64
		var elements []string
		write := func(r *model.Row) {
			n := rapid.Int64Range(-9, 9).Draw(t, "n")
			added += n
			r.Values[count] = model.IntValue(r.Values[count].Int() + n)
			e := fmt.Sprintf("%q", fmt.Sprint("e", len(elements)))
			elements = append(elements, e)
			text := strings.Trim(r.Values[list].Text(), "[]")
			r.Values[list] = model.JSONValue("[" + strings.TrimPrefix(text+","+e, ",") + "]")
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "local") {
				write(local)
				entry = &model.Entry{Model: m.Info.Name, Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine, Fields: []model.FieldChange{
					{Name: "count", Base: synced.Values[count]}, {Name: "list", Base: synced.Values[list]},
				}}
				continue
			}
			write(remote)
			if entry == nil {
				local = remote.Clone()
			} else {
				d := merge.Object(m, model.LastUpdated, entry, local, remote)
				if len(d.Conflicts) > 0 || d.Write != merge.WriteUpdate {
					t.Fatalf("%v (%s), conflicts %v", d.Outcome, d.Reason, d.Conflicts)
				}
				local, entry = d.Row, d.Entry
			}
			synced = remote.Clone()
		}
		if entry == nil {
			return
		}
		d := merge.Object(m, model.LastUpdated, entry, local, remote)
		if got := d.Row.Values[count].Int(); got != added {
			t.Fatalf("counted %d, want %d", got, added)
		}
		for _, e := range elements {
			if n := strings.Count(d.Row.Values[list].Text(), e); n != 1 {
				t.Fatalf("%s is %d times in %v", e, n, d.Row.Values[list])
			}
		}
	})
}

// Two clients that bring the same object back after a third deleted it: what each
// of them changed counts once, and what neither changed is nobody's.
func TestObjectBroughtBackByTwo(t *testing.T) {
	m := fieldItem
	was := content{"count": 5, "num": 1, "text": "a"}.row(m, before)
	changedBy := func(n int64) (*model.Entry, *model.Row) {
		local := was.Clone()
		local.Values[m.Info.Index("count")] = model.IntValue(5 + n)
		return &model.Entry{
			Model: m.Info.Name, Key: model.StringValue("x"), Change: model.Updated, Seq: 1, Stamp: mine,
			Fields: []model.FieldChange{{Name: "count", Seq: 1, Stamp: mine, Base: model.IntValue(5)}},
		}, local
	}
	first, one := changedBy(1)
	second, two := changedBy(2)
	atBackend := merge.Object(m, model.LastUpdated, first, one, nil).Row
	atBackend.Values[m.Info.Index("num")] = model.IntValue(9) // the first one's client goes on
	restored := merge.Object(m, model.LastUpdated, second, two, nil)
	if restored.Outcome != merge.Restored || restored.Entry.Change != model.Created {
		t.Fatalf("%v, %+v", restored.Outcome, restored.Entry)
	}
	d := merge.Object(m, model.LastUpdated, restored.Entry, restored.Row, atBackend)
	if d.Outcome == merge.Failed || len(d.Conflicts) > 0 {
		t.Fatalf("%v (%s): %v", d.Outcome, d.Reason, d.Conflicts)
	}
	if got := d.Row.Values[m.Info.Index("count")].Int(); got != 8 {
		t.Errorf("counted %d, want 8", got)
	}
	if got := d.Row.Values[m.Info.Index("num")].Int(); got != 9 {
		t.Errorf("num is %d, want what the first one's client wrote", got)
	}
}
