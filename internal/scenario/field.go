package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/resetgen/resetgen/testdata/golden/items"
)

// plain is an object of any of the three models: they differ only in their tags.
type plain = items.FieldItem

// record is what the generated records of the three models have in common.
type record interface {
	SetText(string)
	TouchText()
	SetOther(string)
	TouchOther()
	SetNum(int64)
	TouchNum()
	SetReal(float64)
	TouchReal()
	SetFlag(bool)
	TouchFlag()
	SetWhen(time.Time)
	TouchWhen()
	SetData([]byte)
	TouchData()
	SetOpt(*string)
	TouchOpt()
	SetOptNum(*int64)
	TouchOptNum()
	SetTop(int64)
	TouchTop()
	SetLow(int64)
	TouchLow()
	SetNewest(string)
	TouchNewest()
	SetTheirs(string)
	TouchTheirs()
	SetCount(int64)
	AddCount(int64)
	TouchCount()
	SetWhole([]string)
	TouchWhole()
	SetTags([]string)
	TouchTags()
	SetAttrs(map[string]string)
	TouchAttrs()
	SetNums(map[string]int64)
	TouchNums()
	SetList([]string)
	TouchList()
	SetRows([]items.Row)
	TouchRows()
	SetDoc(string)
	TouchDoc()
	SetSubA(string)
	TouchSubA()
	SetSubB(int64)
	TouchSubB()
	SetSubDeepC(string)
	TouchSubDeepC()
	SetRef(string)
	TouchRef()
}

// field is a field of the models.
type field struct {
	name  string           // the stored one
	of    func(*plain) any // a pointer to its value
	set   func(record, *plain)
	touch func(record)
	add   func(record, *plain) // of a counter
	loose bool                 // whether it is a set, so that neither order nor repetition means anything
}

// fields are all fields but the key, in the order of the models.
var fields = []*field{
	{name: "text", of: func(v *plain) any { return &v.Text }, set: func(r record, v *plain) { r.SetText(v.Text) }, touch: record.TouchText},
	{name: "other", of: func(v *plain) any { return &v.Other }, set: func(r record, v *plain) { r.SetOther(v.Other) }, touch: record.TouchOther},
	{name: "num", of: func(v *plain) any { return &v.Num }, set: func(r record, v *plain) { r.SetNum(v.Num) }, touch: record.TouchNum},
	{name: "real", of: func(v *plain) any { return &v.Real }, set: func(r record, v *plain) { r.SetReal(v.Real) }, touch: record.TouchReal},
	{name: "flag", of: func(v *plain) any { return &v.Flag }, set: func(r record, v *plain) { r.SetFlag(v.Flag) }, touch: record.TouchFlag},
	{name: "when", of: func(v *plain) any { return &v.When }, set: func(r record, v *plain) { r.SetWhen(v.When) }, touch: record.TouchWhen},
	{name: "data", of: func(v *plain) any { return &v.Data }, set: func(r record, v *plain) { r.SetData(v.Data) }, touch: record.TouchData},
	{name: "opt", of: func(v *plain) any { return &v.Opt }, set: func(r record, v *plain) { r.SetOpt(v.Opt) }, touch: record.TouchOpt},
	{name: "optnum", of: func(v *plain) any { return &v.OptNum }, set: func(r record, v *plain) { r.SetOptNum(v.OptNum) }, touch: record.TouchOptNum},
	{name: "top", of: func(v *plain) any { return &v.Top }, set: func(r record, v *plain) { r.SetTop(v.Top) }, touch: record.TouchTop},
	{name: "low", of: func(v *plain) any { return &v.Low }, set: func(r record, v *plain) { r.SetLow(v.Low) }, touch: record.TouchLow},
	{name: "newest", of: func(v *plain) any { return &v.Newest }, set: func(r record, v *plain) { r.SetNewest(v.Newest) }, touch: record.TouchNewest},
	{name: "theirs", of: func(v *plain) any { return &v.Theirs }, set: func(r record, v *plain) { r.SetTheirs(v.Theirs) }, touch: record.TouchTheirs},
	{name: "count", of: func(v *plain) any { return &v.Count }, set: func(r record, v *plain) { r.SetCount(v.Count) }, touch: record.TouchCount, add: func(r record, v *plain) { r.AddCount(v.Count) }},
	{name: "whole", of: func(v *plain) any { return &v.Whole }, set: func(r record, v *plain) { r.SetWhole(v.Whole) }, touch: record.TouchWhole},
	{name: "tags", of: func(v *plain) any { return &v.Tags }, set: func(r record, v *plain) { r.SetTags(v.Tags) }, touch: record.TouchTags, loose: true},
	{name: "attrs", of: func(v *plain) any { return &v.Attrs }, set: func(r record, v *plain) { r.SetAttrs(v.Attrs) }, touch: record.TouchAttrs},
	{name: "nums", of: func(v *plain) any { return &v.Nums }, set: func(r record, v *plain) { r.SetNums(v.Nums) }, touch: record.TouchNums},
	{name: "list", of: func(v *plain) any { return &v.List }, set: func(r record, v *plain) { r.SetList(v.List) }, touch: record.TouchList},
	{name: "rows", of: func(v *plain) any { return &v.Rows }, set: func(r record, v *plain) { r.SetRows(v.Rows) }, touch: record.TouchRows},
	{name: "doc", of: func(v *plain) any { return &v.Doc }, set: func(r record, v *plain) { r.SetDoc(v.Doc) }, touch: record.TouchDoc},
	{name: "sub.a", of: func(v *plain) any { return &v.Sub.A }, set: func(r record, v *plain) { r.SetSubA(v.Sub.A) }, touch: record.TouchSubA},
	{name: "sub.b", of: func(v *plain) any { return &v.Sub.B }, set: func(r record, v *plain) { r.SetSubB(v.Sub.B) }, touch: record.TouchSubB},
	{name: "sub.deep.c", of: func(v *plain) any { return &v.Sub.Deep.C }, set: func(r record, v *plain) { r.SetSubDeepC(v.Sub.Deep.C) }, touch: record.TouchSubDeepC},
	{name: "ref", of: func(v *plain) any { return &v.Ref }, set: func(r record, v *plain) { r.SetRef(v.Ref) }, touch: record.TouchRef},
}

func fieldNamed(name string) *field {
	i := slices.IndexFunc(fields, func(f *field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return fields[i]
}

// read reads the field's value from JSON.
func (f *field) read(v *plain, text json.RawMessage) error {
	to := f.of(v)
	if kind := reflect.TypeOf(to).Elem().Kind(); string(text) == "null" && kind != reflect.Pointer && kind != reflect.Slice && kind != reflect.Map {
		return fmt.Errorf("%s cannot be null", f.name)
	}
	err := noNull(text)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if rows, ok := to.(*[]items.Row); ok && err == nil {
		err = namedExactly(text, reflect.TypeOf(*rows).Elem())
	}
	if err != nil {
		return fmt.Errorf("%s: %s", f.name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// namedExactly refuses members of the objects in a list that are not spelled as the fields
// of t, in lower case: encoding/json takes any case, and leaves out what it does not know.
func namedExactly(list json.RawMessage, t reflect.Type) error {
	known := map[string]bool{}
	for i := range t.NumField() {
		known[strings.ToLower(t.Field(i).Name)] = true
	}
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal(list, &objects); err != nil {
		return err
	}
	for _, o := range objects {
		for _, name := range slices.Sorted(maps.Keys(o)) {
			if !known[name] {
				return fmt.Errorf("unknown field %q", name)
			}
		}
	}
	return nil
}

// show is the field's value as JSON, the same text for values that count as equal.
func (f *field) show(v *plain) string {
	value := reflect.ValueOf(f.of(v)).Elem()
	switch x := value.Interface().(type) {
	case time.Time:
		return x.UTC().Format(`"` + time.RFC3339Nano + `"`)
	case []string:
		if f.loose {
			value = reflect.ValueOf(once(x))
		}
	}
	switch value.Kind() {
	case reflect.Slice, reflect.Map:
		if value.Len() == 0 {
			return "nothing"
		}
	}
	text, err := json.Marshal(value.Interface())
	if err != nil { // a number that JSON does not have
		return fmt.Sprint(value.Interface())
	}
	return string(text)
}
