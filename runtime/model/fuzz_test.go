package model_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// FuzzDecode reads any bytes as each stored form. What is refused is refused as
// damaged, and what is read is the same when it is written and read again; the bytes
// may differ, for numbers have longer spellings.
func FuzzDecode(f *testing.F) {
	forms := []func(t *testing.T, b []byte) error{entryAgain, markAgain, valueAgain, stampsAgain, jsonAgain, timeAgain, listAgain}
	for form, seeds := range [][][]byte{
		{
			model.AppendEntry(nil, &model.Entry{Change: model.Updated, Seq: 7, Fields: []model.FieldChange{{Name: "text", Base: model.StringValue("a")}}}),
			model.AppendEntry(nil, &model.Entry{Change: model.Deleted, Base: []model.Named{{Name: "list", Value: model.JSONValue("[1]")}}}),
		},
		{model.AppendMark(nil, &model.Mark{}), model.AppendMark(nil, &aMark)},
		{model.AppendValue(nil, model.FloatValue(1.5)), model.AppendValue(nil, model.TimeValue(time.Unix(-1, 5))), model.AppendValue(nil, model.JSONValue(`{"a":[1]}`))},
		{{1, 0, 200, 1}},
		{[]byte("null"), []byte("-1"), []byte("18446744073709551615"), []byte(`"\ud800"`), []byte("1e400"), []byte("nothing")},
		{[]byte("2026-01-01T12:00:00.5+01:00"), []byte("0000-01-01T00:00:00+00:01"), []byte("9999-12-31T23:59:60-14:00")},
		{model.AppendListed(model.AppendListed(nil, &model.Entry{Model: "a", Key: model.IntValue(1), Change: model.Created}), &model.Entry{Model: "b", Key: model.StringValue("k"), Change: model.Updated})},
	} {
		for _, seed := range seeds {
			f.Add(byte(form), seed)
		}
	}
	f.Fuzz(func(t *testing.T, form byte, b []byte) {
		if err := forms[int(form)%len(forms)](t, b); err != nil && !errors.Is(err, model.ErrDecode) {
			t.Fatal(err)
		}
	})
}

func entryAgain(t *testing.T, b []byte) error {
	var e, again model.Entry
	if err := model.DecodeEntry(b, &e); err != nil {
		return err
	}
	if err := model.DecodeEntry(model.AppendEntry(nil, &e), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, again, identical); diff != "" {
		t.Fatal(diff)
	}
	return nil
}

func listAgain(t *testing.T, b []byte) error {
	list, err := model.DecodeList(b)
	if err != nil {
		return err
	}
	var form []byte
	for _, e := range list {
		form = model.AppendListed(form, e)
	}
	again, err := model.DecodeList(form)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, again, identical); diff != "" {
		t.Fatal(diff)
	}
	return nil
}

func markAgain(t *testing.T, b []byte) error {
	m, err := model.DecodeMark(b)
	if err != nil {
		return err
	}
	again, err := model.DecodeMark(model.AppendMark(nil, &m))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, again, identical); diff != "" {
		t.Fatal(diff)
	}
	return nil
}

func valueAgain(t *testing.T, b []byte) error {
	v, err := model.DecodeValue(b)
	if err != nil {
		return err
	}
	if again, err := model.DecodeValue(model.AppendValue(nil, v)); err != nil || again != v {
		t.Fatalf("%v became %v (%v)", v, again, err)
	}
	return nil
}

// stampsAgain reads the stamps of an object that was written at 1<<40.
func stampsAgain(t *testing.T, b []byte) error {
	const newest = stamp.Stamp(1 << 40)
	stamps, err := model.UnpackStamps(nil, b, newest)
	if err != nil {
		return err
	}
	for _, s := range stamps {
		if s > newest {
			t.Errorf("%d is newer than %d", s, newest)
		}
	}
	again, err := model.UnpackStamps(nil, model.PackStamps(nil, newest, stamps), newest)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range stamps { // trailing nevers are not stored
		if i < len(again) && again[i] != s || i >= len(again) && s != 0 {
			t.Fatalf("%v became %v", stamps, again)
		}
	}
	return nil
}

// jsonAgain compares what is shown: JSON does not tell every kind of value.
func jsonAgain(t *testing.T, b []byte) error {
	var v, again model.Value
	if err := v.UnmarshalJSON(b); err != nil {
		return err
	}
	if !json.Valid(b) {
		t.Fatalf("%q was read as %v", b, v)
	}
	text, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.UnmarshalJSON(text); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if shown, err := again.MarshalJSON(); err != nil || string(shown) != string(text) {
		t.Fatalf("%s became %s (%v)", text, shown, err)
	}
	return nil
}

// timeAgain is about text that other programs may have written, of which an error
// says what is wrong with it.
func timeAgain(t *testing.T, b []byte) error {
	at, err := model.ParseTime(string(b))
	if err != nil {
		return nil
	}
	text := model.FormatTime(at)
	if again, err := model.ParseTime(text); err != nil || !again.Equal(at) || model.FormatTime(again) != text {
		t.Fatalf("%s became %s, %v (%v)", b, text, again, err)
	}
	return nil
}
