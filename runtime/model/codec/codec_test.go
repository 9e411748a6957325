package codec_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

func TestReadingAStruct(t *testing.T) {
	c := codecNode()
	for _, test := range []struct{ text, want string }{
		{`{}`, ""},
		{` { "size" : 1 , "name" : "a" } `, "a1"},
		{`{"name":"a","other":{"name":"b","size":["]"]},"size":1}`, "a1"},
		{`{"name":1,"size":1,"name":"a","size":2}`, "a2"},
		{`{"n\u0061me":"\"}\\","size":1}`, `"}\1`},
		{`{"next":null,"by":{"x":null},"size":1}`, "1"},
		{`{"next":{"name":"a","size":2},"size":1}`, "1(a2)"},
		{`{"by":{"x":{"size":7},"x":{"size":2}},"size":1}`, "1[2]"},
		{`{"name":null}`, "name: null where a value belongs"},
		{`{"kids":{}}`, "kids: {} where a list belongs"},
		{`{"kids":[{},1]}`, "kids: element 1: 1 where an object belongs"},
		{`{"by":[]}`, "by: [] where an object belongs"},
		{`{"by":{"x":{"size":"a"}}}`, `by: key "x": size: json: cannot unmarshal string into Go value of type int64`},
		{`{"two":[null,{"name":1}]}`, "two: element 1: name: json: cannot unmarshal number into Go value of type string"},
		{`{"two":[]}`, "two: 0 elements where [2]*codec_test.node has 2"},
		{`{"next":"` + strings.Repeat("é", 50) + `"}`, `next: "` + strings.Repeat("é", 19) + "… where an object belongs"},
	} {
		var v node
		got := ""
		if err := c.Load(model.JSONValue(test.text), &v); err != nil {
			got = err.Error()
		} else {
			got = show(&v)
		}
		if got != test.want {
			t.Errorf("%s reads as %s, want %s", test.text, got, test.want)
		}
	}
}

func show(v *node) string {
	text := v.Name
	if v.Size != 0 {
		text += fmt.Sprint(v.Size)
	}
	if v.Next != nil {
		text += "(" + show(v.Next) + ")"
	}
	for _, e := range v.By {
		if e != nil {
			text += "[" + show(e) + "]"
		}
	}
	return text
}

// What is written and read is gone through once, however deep it is nested.
func TestDepthCostsNothing(t *testing.T) {
	c := codec.Ptr(codecLink())
	const size = 1 << 20
	for _, depth := range []int{1, 1000} {
		v := chain(depth, strings.Repeat("x", size/depth))
		var text model.Value
		var back *link
		var err error
		if used := allocated(func() { text, err = c.Value(v) }); err != nil || used > 20*size {
			t.Errorf("writing %d levels takes %d bytes (%v)", depth, used, err)
		}
		if used := allocated(func() { err = c.Load(text, &back) }); err != nil || used > 20*size {
			t.Errorf("reading %d levels takes %d bytes (%v)", depth, used, err)
		}
		if !c.Equal(v, back) {
			t.Errorf("%d levels came back as others", depth)
		}
	}
}

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

const tooDeep = "nested more than 10000 deep; is it part of itself?"

func TestDepthLimit(t *testing.T) {
	c := codec.Ptr(codecLink())
	deepest := chain(10000, "")
	v, err := c.Value(deepest)
	if err != nil {
		t.Fatal(err)
	}
	var back *link
	if err := c.Load(v, &back); err != nil || !c.Equal(deepest, back) || !c.Equal(deepest, c.Clone(deepest)) {
		t.Errorf("10000 levels do not come back: %v", err)
	}
	deeper := chain(10001, "")
	if _, err := c.Value(deeper); err == nil || err.Error() != tooDeep {
		t.Errorf("10001 levels give %v", err)
	}
	raw := json.RawMessage(strings.Repeat("[", 9999) + strings.Repeat("]", 9999))
	list := codec.Slice[[]json.RawMessage](codecRaw())
	if _, err := list.Value([]json.RawMessage{raw}); err != nil {
		t.Error(err)
	}
	lists := codec.Slice[[][]json.RawMessage](list)
	if _, err := lists.Value([][]json.RawMessage{{raw}}); err == nil || err.Error() != tooDeep {
		t.Errorf("10001 lists give %v", err)
	}
}

// A value that is part of itself is refused, and nothing on the way there walks
// through it for ever.
func TestPartOfItself(t *testing.T) {
	c := codec.Ptr(codecNode())
	name := strings.Repeat("x", 1<<20)
	next, kids, two, by, both := &node{Name: name}, &node{}, &node{}, &node{}, &node{}
	next.Next = next
	kids.Kids = make([]node, 1)
	kids.Kids[0] = *kids
	two.Two[1] = two
	by.By = map[string]*node{"x": by}
	both.Two = [2]*node{both, both}
	for i, v := range []*node{next, kids, two, by, both} {
		if _, err := c.Value(v); err == nil || err.Error() != tooDeep {
			t.Errorf("%d gives %v", i, err)
		}
		if c.Equal(v, v) || c.Equal(v, nil) || c.Equal(&node{}, v) {
			t.Errorf("%d equals something", i)
		}
		if c.Clone(v) != v {
			t.Errorf("%d was copied", i)
		}
		if c.Index([]*node{nil, v}, v) != -1 {
			t.Errorf("%d is found", i)
		}
		list := codec.Slice[[]*node](c)
		if _, err := list.Value([]*node{v}); err == nil || err.Error() != tooDeep {
			t.Errorf("%d in a list gives %v", i, err)
		}
	}
	for _, m := range codecNode().Members() {
		if m.Name() == "next" && m.Equal(next, next) {
			t.Error("a member that is part of itself equals something")
		}
	}
	to := codec.Convert(codec.Int[int](), c, func(int) (*node, error) { return next, nil })
	if _, err := to(model.IntValue(1)); err == nil || err.Error() != tooDeep {
		t.Errorf("converting gives %v", err)
	}
}

func TestErrorsFromTheDeepFitOnALine(t *testing.T) {
	c := codec.Ptr(codecLink())
	v := chain(5000, "")
	v.Next.Next.Next.Text = "\xff"
	if _, err := c.Value(v); err == nil || err.Error() != "next: next: next: text: the string is not valid UTF-8; use []byte for bytes" {
		t.Errorf("three levels: %v", err)
	}
	text := strings.Repeat(`{"next":`, 5000) + "1" + strings.Repeat("}", 5000)
	want := strings.Repeat("next: ", 8) + "…: " + strings.Repeat("next: ", 8) + "1 where an object belongs"
	if err := c.Load(model.JSONValue(text), &v); err == nil || err.Error() != want {
		t.Errorf("5000 levels: %v", err)
	}
}

// What would come back as nil is refused.
func TestNullIsNoForm(t *testing.T) {
	one := 1
	elem := codec.Ptr(codec.JSON[maybe](nil))
	list := codec.Slice[[]*maybe](elem)
	byName := codec.Map[map[string]*maybe](codec.String[string](), elem)
	if v, err := list.Value([]*maybe{{&one}, nil}); err != nil || v.Text() != "[1,null]" {
		t.Errorf("%v (%v)", v, err)
	}
	if _, err := list.Value([]*maybe{nil, {}}); err == nil || !strings.Contains(err.Error(), "element 1: a value whose form is null") {
		t.Errorf("a null in a list gives %v", err)
	}
	if _, err := byName.Value(map[string]*maybe{"x": {}}); err == nil || !strings.Contains(err.Error(), `key "x": a value whose form is null`) {
		t.Errorf("a null in a map gives %v", err)
	}
	twice := codec.Ptr(codec.Ptr(codec.Int[int]()))
	if _, err := twice.Value(new(*int)); err == nil {
		t.Error("a pointer to nil is stored")
	}
	// A field of its own has two forms for the two.
	v, err := elem.Value(&maybe{})
	var back *maybe
	if err != nil || elem.Load(v, &back) != nil || back == nil {
		t.Errorf("%v comes back as %v (%v)", v, back, err)
	}
}

func TestTimesThatCannotBeWrittenDoNotFit(t *testing.T) {
	var at time.Time
	if err := codec.Time().Load(model.StringValue("9999-12-31T23:00:00-02:00"), &at); err == nil {
		t.Errorf("%v fits", at)
	}
	var list []time.Time
	if err := codec.Slice[[]time.Time](codec.Time()).Load(model.JSONValue(`["0000-01-01T00:00:00+01:00"]`), &list); err == nil {
		t.Errorf("%v fits", list)
	}
	info := &model.Info{Name: "visit", Fields: []model.Field{{Name: "began", Kind: model.Time}}}
	d := codec.NewDecoder(info, &model.Row{Values: []model.Value{model.StringValue("9999-12-31T23:00:00-02:00")}})
	if codec.GetTime(d, 0, &at); len(d.Misfits()) != 1 || !at.IsZero() {
		t.Errorf("%v fits a field", at)
	}
}
