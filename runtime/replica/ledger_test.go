package replica_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/testdata/golden/items"
)

// ledger is every write that was made, counted in another way than stores do:
//
//   - each increment of a counter is a power of 4 that no other has, so that the
//     sum tells which of them were counted, and how often;
//   - each element of a set, a map or a list, and each text, is like no other.
//
// The backend's content tells which of them it has at a moment. Where it is put
// back to an earlier state, what it had and has no more may be lost; nothing else
// may.
type ledger struct {
	parts  []*part
	texts  []*text
	next   map[string]int // the next increment of each object
	serial int            // of the latest element or text
}

// part is an increment or an element.
type part struct {
	object, kind, id string
	device           int
	there            bool // the backend has it
	lost             bool // the backend had it, and was put back
	removed          bool // by somebody who saw it
	undone           bool // the backend was put back since: so may be the removal
}

// text is a text of an object, or its deletion.
type text struct {
	object, id string
	device     int
	there      bool
	lost       bool
	past       bool // somebody who saw it wrote another one, or deleted the object
	undone     bool // the backend was put back since: that may have been undone
}

// part is a new one, which counts when it is added to parts.
func (l *ledger) part(object, kind string, device int) *part {
	if kind == "count" {
		l.next[object]++
		return &part{object: object, kind: kind, device: device, id: fmt.Sprint(l.next[object] - 1)}
	}
	l.serial++
	return &part{object: object, kind: kind, device: device, id: fmt.Sprintf("%s%d.", kind[:1], l.serial)}
}

// text is a new one, which counts when it is wrote.
func (l *ledger) text(object string, device int) *text {
	l.serial++
	return &text{object: object, device: device, id: fmt.Sprintf("text%d.", l.serial)}
}

// increments is how many an object can have: two bits each of 62.
const increments = 31

func (p *part) increment() int64 {
	var n int
	fmt.Sscan(p.id, &n)
	return 1 << (2 * n)
}

// times is how often an object has the part.
func (p *part) times(v *items.FieldItem) int {
	switch p.kind {
	case "count":
		return int(v.Count / p.increment() & 3)
	case "tags":
		return count(v.Tags, p.id)
	case "list":
		return count(v.List, p.id)
	case "attrs":
		if _, ok := v.Attrs[p.id]; ok {
			return 1
		}
		return 0
	case "rows":
		n := 0
		for _, row := range v.Rows {
			if row.ID == p.id {
				n++
			}
		}
		return n
	}
	return strings.Count(v.Doc, p.id)
}

func count(list []string, s string) (n int) {
	for _, e := range list {
		if e == s {
			n++
		}
	}
	return n
}

// whole tells whether the part's rule takes one side whole where both have changed the
// same stretch, and reports that.
func (p *part) whole() bool { return p.kind == "list" || p.kind == "doc" }

// write makes the part in an object.
func (p *part) write(f *items.FieldItemRecord, at int) {
	switch p.kind {
	case "count":
		f.AddCount(p.increment())
	case "tags":
		f.AddTags(p.id)
	case "list":
		list := f.List()
		f.SetList(slices.Insert(list, at%(len(list)+1), p.id))
	case "attrs":
		f.PutAttrs(p.id, p.id)
	case "rows":
		f.SetRows(append(f.Rows(), items.Row{ID: p.id}))
	default:
		lines := strings.SplitAfter(f.Doc(), "\n")
		lines = lines[:len(lines)-1]
		f.SetDoc(strings.Join(slices.Insert(lines, at%(len(lines)+1), "line "+p.id+"\n"), ""))
	}
}

var partKinds = []string{"count", "tags", "list", "attrs", "rows", "doc"}

// see notes what the backend has. back is set when it was put back just before.
func (l *ledger) see(content map[string]*items.FieldItem, back bool) {
	empty := &items.FieldItem{}
	for _, p := range l.parts {
		v := content[p.object]
		if v == nil {
			v = empty
		}
		now := p.times(v) > 0
		switch {
		case now:
			p.lost = false
		case back && p.there:
			p.lost = true
		}
		p.there, p.undone = now, p.undone || back && p.removed
	}
	for _, t := range l.texts {
		v := content[t.object]
		now := v != nil && v.Text == t.id
		switch {
		case now:
			t.lost = false
		case back && t.there:
			t.lost = true
		}
		t.there, t.undone = now, t.undone || back && t.past
	}
}

// contents are what several stores have.
type contents []map[string]*items.FieldItem

func (c contents) any(object string, has func(v *items.FieldItem) bool) bool {
	return slices.ContainsFunc(c, func(content map[string]*items.FieldItem) bool { return content[object] != nil && has(content[object]) })
}

// check compares the ledger with what everybody has in the end; told is all that
// reports and callbacks have said, pinned is what each device has in the backups that it
// keeps because a backend has lost something.
func (l *ledger) check(content map[string]*items.FieldItem, told string, pinned map[int]contents) (errs []string) {
	complain := func(format string, args ...any) { errs = append(errs, fmt.Sprintf(format, args...)) }
	empty := &items.FieldItem{}
	for _, p := range l.parts {
		v := content[p.object]
		if v == nil {
			v = empty
		}
		n := p.times(v)
		switch {
		case n > 1:
			complain("%s: the %s %s of device %d is there %d times", p.object, p.kind, p.id, p.device, n)
		case p.lost && n == 0 && !p.removed && !(p.whole() && strings.Contains(told, p.id)) &&
			!pinned[p.device].any(p.object, func(v *items.FieldItem) bool { return p.times(v) > 0 }):
			complain("%s: the %s %s of device %d is lost, and in no backup that is pinned", p.object, p.kind, p.id, p.device)
		case p.lost || p.undone:
		case n == 0 && p.whole() && strings.Contains(told, p.id): // a conflict that the rule could not merge
		case n == 0 && !p.removed:
			complain("%s: the %s %s of device %d is missing", p.object, p.kind, p.id, p.device)
		case n == 1 && p.removed:
			complain("%s: the %s %s of device %d was removed and is there", p.object, p.kind, p.id, p.device)
		}
	}
	for id, v := range content {
		if n := bits.Len64(uint64(v.Count)); n > 2*l.next[id] {
			complain("%s: the count is %#x after %d increments", id, v.Count, l.next[id])
		}
		if v.Text != "" && !slices.ContainsFunc(l.texts, func(t *text) bool { return t.object == id && t.id == v.Text }) {
			complain("%s: nobody wrote the text %q", id, v.Text)
		}
	}
	for _, t := range l.texts {
		v := content[t.object]
		switch there := v != nil && v.Text == t.id; {
		case t.lost && !there && !t.past && !strings.Contains(told, t.id) &&
			!pinned[t.device].any(t.object, func(v *items.FieldItem) bool { return v.Text == t.id }):
			complain("%s: the text %s of device %d is lost, and in no backup that is pinned", t.object, t.id, t.device)
		case t.lost || t.undone || strings.Contains(told, t.id):
		case there && t.past:
			complain("%s: the text %s of device %d is back", t.object, t.id, t.device)
		case !there && !t.past:
			complain("%s: the text %s of device %d is gone, and nobody was told", t.object, t.id, t.device)
		}
	}
	slices.Sort(errs)
	return errs
}

// wrote notes a text that a device wrote over another one, "" for none.
func (l *ledger) wrote(t *text, over string) {
	l.texts = append(l.texts, t)
	l.passed(t.object, over)
}

func (l *ledger) passed(object, id string) {
	for _, t := range l.texts {
		if t.object == object && t.id == id && id != "" {
			t.past = true
		}
	}
}
