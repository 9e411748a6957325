package merge_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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

	funcField, funcObject, funcJournal = funcItem(model.TrackField), funcItem(model.TrackObject), funcItem(model.TrackJournal)
)

// models are what the second column of the table stands for.
var models = map[string][]*merge.Model{
	"*":             {fieldItem, objectItem, journalItem},
	"field":         {fieldItem},
	"object":        {objectItem},
	"journal":       {journalItem},
	"field,object":  {fieldItem, objectItem},
	"field,journal": {fieldItem, journalItem},
	"func":          {funcField, funcObject, funcJournal},
	"func:object":   {funcObject},
	"func:others":   {funcField, funcJournal},
}

// funcItem is a model of which a function of the app's merges a field.
func funcItem(track model.Track) *merge.Model {
	info := &model.Info{Name: "func_item_" + track.String(), Track: track, Fields: []model.Field{
		{Name: "id", Kind: model.String, Zero: model.StringValue("")},
		{Name: "text", Kind: model.String, Rule: model.Func, Zero: model.StringValue("")},
		{Name: "num", Kind: model.Int, Zero: model.IntValue(0)},
	}}
	decide := func(base, local, remote string) (string, error) {
		switch local {
		case "error":
			return "", errors.New("it cannot be said")
		case "panic":
			panic("it really cannot")
		}
		return base + ">" + local + "+" + remote, nil
	}
	same := func(a, b string) bool { return a == b }
	return &merge.Model{
		Info:    info,
		Misfits: func(*model.Row) []*model.FieldError { return nil },
		Merge: func(c *merge.Context, base, local, remote, result *model.Row) error {
			if c.Local.Has(1) {
				result.Values[1] = model.StringValue(merge.FuncWins(c, 1, same, decide, base.Values[1].Text(), local.Values[1].Text(), remote.Values[1].Text()))
			}
			if c.Local.Has(2) {
				result.Values[2] = model.IntValue(merge.LocalWins(c, 2, base.Values[2].Int(), local.Values[2].Int(), remote.Values[2].Int()))
			}
			return c.Err()
		},
	}
}

var policies = map[string][]model.Policy{
	"any":     {{}, {RemoteDeleted: model.Drop}, {LocalDeleted: model.Delete}, model.DeletesWin},
	"restore": {{}, {LocalDeleted: model.Delete}},
	"drop":    {{RemoteDeleted: model.Drop}, model.DeletesWin},
	"keep":    {{}, {RemoteDeleted: model.Drop}},
	"delete":  {{LocalDeleted: model.Delete}, model.DeletesWin},
}

var changes = map[string]model.Change{"updated": model.Updated, "created": model.Created, "deleted": model.Deleted, "recreated": model.Recreated}

// cell is one line of testdata/table.txt, which says how to read it.
type cell struct {
	line                              int
	name, change, base, local, fresh  string
	outcome, result, entry, conflicts string
	models                            []*merge.Model
	policies                          []model.Policy
}

func TestTable(t *testing.T) {
	for _, c := range table(t) {
		for _, m := range c.models {
			for _, policy := range c.policies {
				t.Run(fmt.Sprintf("line %d/%s/%s", c.line, c.name, m.Info.Name), func(t *testing.T) { c.check(t, m, policy) })
			}
		}
	}
}

func table(t *testing.T) []*cell {
	t.Helper()
	file, err := os.Open("testdata/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var cells []*cell
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		if line := strings.TrimSpace(lines.Text()); line == "" || line[0] == '#' {
			continue
		}
		columns := strings.Split(lines.Text(), "|")
		if len(columns) != 11 {
			t.Fatalf("line %d has %d columns, want 11", n, len(columns))
		}
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		c := &cell{
			line: n, name: columns[0], models: models[columns[1]], change: columns[2], policies: policies[columns[3]],
			base: columns[4], local: columns[5], fresh: columns[6],
			outcome: columns[7], result: columns[8], entry: columns[9], conflicts: columns[10],
		}
		if c.models == nil || c.policies == nil || changes[c.change] == 0 && c.change != "none" {
			t.Fatalf("line %d: unknown model %q, policy %q or change %q", n, columns[1], columns[3], c.change)
		}
		cells = append(cells, c)
	}
	return cells
}

// refused is why the backend refused every change of the table.
const refused = "not today"

func (c *cell) check(t *testing.T, m *merge.Model, policy model.Policy) {
	base := c.row(t, m, nil, c.base)
	from := base
	if from == nil {
		from = c.row(t, m, nil, "")
	}
	local, remote := from, base
	if c.change == "recreated" {
		local = c.row(t, m, nil, "")
	}
	if local = c.row(t, m, local, c.local); c.local == "-" {
		local = nil
	}
	switch c.fresh {
	case "base":
	case "absent":
		remote = nil
	default:
		remote = c.row(t, m, from, c.fresh)
	}
	if c.change == "none" {
		c.checkUnchanged(t, m, base, remote)
		return
	}
	e := c.unsynced(t, m, base)
	before := []any{e.Clone(), base.Whole(m.Info), local.Whole(m.Info), remote.Whole(m.Info)}
	d := merge.Object(m, policy, e, local, remote)
	if after := []any{e.Clone(), base.Whole(m.Info), local.Whole(m.Info), remote.Whole(m.Info)}; fmt.Sprint(before...) != fmt.Sprint(after...) {
		t.Errorf("the arguments were changed to %v, were %v", after, before)
	}

	if got := fmt.Sprintf("%v, %v", d.Outcome, d.Write); got != c.outcome {
		t.Errorf("%s (%s); want %s", got, d.Reason, c.outcome)
	}
	if (d.Err != nil) != (d.Outcome == merge.Failed) || (len(d.Losses) > 0) != (d.Outcome == merge.Failed) || d.Reason == "" {
		t.Errorf("%q, error %v, losses %v", d.Reason, d.Err, d.Losses)
	}
	result := remote
	switch d.Write {
	case merge.WriteInsert, merge.WriteUpdate:
		result = d.Row
	case merge.WriteDelete:
		result = nil
	}
	c.checkResult(t, m, d, local, remote, result)
	if got := describe(m, d.Entry, remote); got != c.entry {
		t.Errorf("on record remains\n%s, want\n%s", got, c.entry)
	}
	c.checkConflicts(t, m, d, base, local, remote, result)
}

// checkUnchanged merges an object of which nothing changed locally.
func (c *cell) checkUnchanged(t *testing.T, m *merge.Model, base, remote *model.Row) {
	result := remote.Clone()
	mc := &merge.Context{}
	if err := m.Merge(mc, base, base, remote, result); err != nil || len(mc.Conflicts) > 0 {
		t.Errorf("%v, conflicts %v", err, mc.Conflicts)
	}
	if result.Whole(m.Info) != remote.Whole(m.Info) {
		t.Errorf("the result is %v, want %v", result.Whole(m.Info), remote.Whole(m.Info))
	}
}

// row is an object with some fields written over those of another, each at its
// time. Nil is no object.
func (c *cell) row(t *testing.T, m *merge.Model, from *model.Row, text string) *model.Row {
	t.Helper()
	if text == "-" {
		return nil
	}
	r := model.NewRow(m.Info)
	if from != nil {
		r = from.Clone()
	}
	r.Values[m.Info.Key] = model.StringValue("x")
	r.Mark(m.Info, m.Info.Key, stampOf(1))
	for _, w := range c.writes(t, m, text) {
		r.Values[w.f] = w.value
		r.Mark(m.Info, w.f, stampOf(w.at))
	}
	return r
}

// write is one field=value@time.
type write struct {
	f       int
	value   model.Value
	at      int
	touched bool
}

// stampOf is when commit n was made.
func stampOf(n int) stamp.Stamp { return stamp.Stamp(n * 100) }

func (c *cell) writes(t *testing.T, m *merge.Model, text string) []write {
	t.Helper()
	var all []write
	for _, word := range words(text) {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			t.Fatalf("line %d: %q is not field=value", c.line, word)
		}
		w := write{f: m.Info.Index(strings.TrimSuffix(name, "!")), touched: strings.HasSuffix(name, "!"), at: 1}
		if i := strings.LastIndexByte(value, '@'); i >= 0 {
			var err error
			if w.at, err = strconv.Atoi(value[i+1:]); err != nil {
				t.Fatal(err)
			}
			value = value[:i]
		}
		if w.f < 0 {
			t.Fatalf("line %d: %s has no field %q", c.line, m.Info.Name, name)
		}
		w.value = valueOf(t, m.Info.Fields[w.f].Kind, value)
		all = append(all, w)
	}
	return all
}

func valueOf(t *testing.T, kind model.Kind, text string) model.Value {
	t.Helper()
	switch kind {
	case model.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return model.IntValue(n)
	case model.JSON:
		return model.JSONValue(text)
	}
	if s, err := strconv.Unquote(text); err == nil {
		text = s
	}
	return model.StringValue(text)
}

// words cuts at spaces that are not between quotes.
func words(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// unsynced is the entry that a store makes of the change.
func (c *cell) unsynced(t *testing.T, m *merge.Model, base *model.Row) *model.Entry {
	e := &model.Entry{Model: m.Info.Name, Key: model.StringValue("x"), Change: changes[c.change], Seq: 7, Stamp: stampOf(7), Refused: refused}
	if e.Change == model.Deleted || e.Change == model.Recreated {
		e.Base = base.Named(m.Info)
	}
	if e.Change == model.Deleted {
		return e
	}
	for _, w := range c.writes(t, m, c.local) {
		f := model.FieldChange{Name: m.Info.Fields[w.f].Name, Seq: uint64(w.at), Stamp: stampOf(w.at), Touched: w.touched}
		if e.Change == model.Updated {
			f.Base = base.Values[w.f]
		}
		e.Fields = append(e.Fields, f)
		e.Seq, e.Stamp = max(e.Seq, f.Seq), max(e.Stamp, f.Stamp)
	}
	slices.SortFunc(e.Fields, func(a, b model.FieldChange) int { return m.Info.Index(a.Name) - m.Info.Index(b.Name) })
	return e
}

// describe is what remains on record, as the table has it. A stamp that does not
// go with its sequence, and a base that is not the whole remote object, are
// pointed out.
func describe(m *merge.Model, e *model.Entry, remote *model.Row) string {
	if e == nil {
		return "-"
	}
	text := fmt.Sprintf("%v@%d", e.Change, e.Seq)
	if e.Stamp != stampOf(int(e.Seq)) {
		text += fmt.Sprintf("(stamp %d)", e.Stamp)
	}
	if whole := e.Change == model.Deleted || e.Change == model.Recreated; whole && !slices.EqualFunc(e.Base, remote.Named(m.Info), func(a, b model.Named) bool { return a == b }) || !whole && e.Base != nil {
		text += fmt.Sprintf("(base %v)", e.Base)
	}
	if e.Refused != "" {
		text += " refused"
	}
	for _, f := range e.Fields {
		text += " " + f.Name
		if f.Touched {
			text += "!"
		}
		text += fmt.Sprintf("@%d", f.Seq)
		if f.Stamp != stampOf(int(f.Seq)) {
			text += fmt.Sprintf("(stamp %d)", f.Stamp)
		}
		if !f.Base.IsAbsent() {
			text += "<" + f.Base.String()
		}
	}
	return text
}

// checkResult checks the object that the fresh store holds then, its stamps, and
// that what is written is what differs.
func (c *cell) checkResult(t *testing.T, m *merge.Model, d *merge.Decision, local, remote, result *model.Row) {
	t.Helper()
	var want *model.Row
	switch c.result {
	case "gone":
	case "fresh":
		want = remote
	case "local":
		want = local
	default:
		want = c.row(t, m, remote, c.result)
	}
	if got := result.Whole(m.Info); !got.Equal(want.Whole(m.Info)) {
		t.Fatalf("the result is %v, want %v", got, want.Whole(m.Info))
	}
	if result == nil || remote == nil {
		return
	}
	written := model.FieldSet{}
	newest := remote.Stamp
	for f := range m.Info.Fields {
		at := remote.StampOf(f)
		if !result.Values[f].Equal(remote.Values[f]) {
			written.Add(f)
			if at = local.StampOf(f); !result.Values[f].Equal(local.Values[f]) { // parts of both
				at = max(at, remote.StampOf(f))
			} else if at == 0 { // not written in the new object, which made it zero
				at = stampOf(7)
			}
			newest = max(newest, at)
		}
		if m.Info.Track == model.TrackField && result.Stamps[f] != at {
			t.Errorf("%s was written at %d, want %d", m.Info.Fields[f].Name, result.Stamps[f], at)
		}
	}
	if d.Write == merge.WriteUpdate && d.Fields != written {
		t.Errorf("%q are written, want %q", m.Info.Names(d.Fields), m.Info.Names(written))
	}
	if m.Info.Track == model.TrackField && result.Stamp != newest {
		t.Errorf("the object was written at %d, want %d", result.Stamp, newest)
	}
}

func (c *cell) checkConflicts(t *testing.T, m *merge.Model, d *merge.Decision, base, local, remote, result *model.Row) {
	t.Helper()
	names := []string{}
	for _, conflict := range d.Conflicts {
		name := conflict.Field
		of := func(r *model.Row) model.Value {
			f := m.Info.Index(conflict.Field)
			if f >= 0 && r == nil { // of a created object
				r = model.NewRow(m.Info)
			}
			switch {
			case f < 0:
				return r.Whole(m.Info)
			case m.Info.Fields[f].Rule == model.Map && conflict.Part != "":
				return r.Values[f].Member(conflict.Part)
			default:
				return r.Values[f]
			}
		}
		if name == "" {
			name = "object"
		}
		if conflict.Part != "" {
			name += "[" + conflict.Part + "]"
		}
		names = append(names, name)
		for i, pair := range [][2]model.Value{{conflict.Base, of(base)}, {conflict.Local, of(local)}, {conflict.Remote, of(remote)}, {conflict.Result, of(result)}} {
			if !pair[0].Equal(pair[1]) {
				t.Errorf("the conflict %s has the %s value %v, want %v", name, []string{"base", "local", "remote", "resulting"}[i], pair[0], pair[1])
			}
		}
		if conflict.Rule == "" {
			t.Errorf("the conflict %s does not say what decided", name)
		}
	}
	if got := strings.Join(append(names, "-")[:max(1, len(names))], " "); got != c.conflicts {
		t.Errorf("conflicts in %s, want %s", got, c.conflicts)
	}
}
