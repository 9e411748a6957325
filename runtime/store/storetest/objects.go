package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

var year1 = time.Time{}

// note is the model that most tests use.
func note() *model.Info {
	return info("note", model.TrackField, field("id", model.String), field("title", model.String), field("stars", model.Int))
}

func testObjects(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("a"))
		must(t, "inserting", tx.Insert(m, str("a"), row(m, str("a"), str("one"), num(1))))
		wantRow(t, tx, m, str("a"), str("a"), str("one"), num(1))
		must(t, "inserting", tx.Insert(m, str("b"), row(m, str("b"), str("two"), num(2))))
	})
	update(t, e, func(tx store.EngineTx) {
		must(t, "updating", tx.Update(m, str("a"), row(m, str("a"), str("ignored"), num(7)), model.FieldSetOf(2)))
		wantRow(t, tx, m, str("a"), str("a"), str("one"), num(7))
		must(t, "replacing", tx.Replace(m, str("b"), row(m, str("b"), str("new"), num(8))))
		must(t, "replacing what is not there", tx.Replace(m, str("c"), row(m, str("c"), str("three"), num(3))))
		if err := tx.Update(m, str("nobody"), row(m, str("nobody")), model.FieldSetOf(1)); err == nil {
			t.Error("an object that is not there was updated")
		}
	})
	update(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("b"), str("b"), str("new"), num(8))
		must(t, "deleting", tx.Delete(m, str("b")))
		must(t, "deleting what is not there", tx.Delete(m, str("b")))
		wantRow(t, tx, m, str("b"))
	})
	view(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("a"), str("a"), str("one"), num(7))
		wantRow(t, tx, m, str("b"))
		if got := keys(t, tx, m); !slices.Equal(got, []model.Value{str("a"), str("c")}) {
			t.Errorf("the keys are %v", got)
		}
		if err := tx.Insert(m, str("z"), row(m, str("z"))); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("a write in a transaction that reads: %v", err)
		}
	})
}

func testOwnership(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		given := row(m, str("a"), str("one"), num(1))
		must(t, "inserting", tx.Insert(m, str("a"), given))
		given.Values[1], given.Stamps[1] = str("changed by the caller"), 99
		taken := get(t, tx, m, str("a"))
		taken.Values[1], taken.Stamps[1] = str("changed by the caller"), 99
		if r := wantRow(t, tx, m, str("a"), str("a"), str("one"), num(1)); r.Stamps[1] != 0 {
			t.Error("the stamps changed with the caller's")
		}
	})
}

func testKeyOrder(t *testing.T, h Harness) {
	keysOf := map[model.Kind][]model.Value{
		model.Int:    {num(math.MinInt64), num(-2), num(-1), num(0), num(1), num(2), num(10), num(math.MaxInt64)},
		model.Uint:   {model.UintValue(0), model.UintValue(2), model.UintValue(10), model.UintValue(math.MaxInt64)},
		model.String: {str(" "), str("A"), str("B"), str("a"), str("a\x00"), str("aa"), str("b"), str("ä"), str("\U0001F600")},
		model.Bytes:  {model.BytesValue([]byte{0, 1}), model.BytesValue([]byte{1}), model.BytesValue([]byte{1, 0}), model.BytesValue([]byte{0x80}), model.BytesValue([]byte{0xff, 0xff})},
	}
	var infos []*model.Info
	for kind := range keysOf {
		infos = append(infos, info("by_"+kind.String(), model.TrackObject, field("id", kind), field("text", model.String)))
	}
	e := h.mustOpen(t, infos...)
	update(t, e, func(tx store.EngineTx) {
		for _, m := range infos {
			list := keysOf[m.Fields[0].Kind]
			for i := range list {
				key := list[(i*5+3)%len(list)] // out of order, where 5 is no divisor
				if len(list)%5 == 0 {
					key = list[len(list)-1-i]
				}
				must(t, "inserting", tx.Insert(m, key, row(m, key, str(key.String()))))
				must(t, "writing an entry", tx.PutEntry(&model.Entry{Model: m.Name, Key: key, Change: model.Created, Seq: 1, Stamp: 1}))
			}
		}
	})
	view(t, e, func(tx store.EngineTx) {
		var all []string
		for _, m := range infos {
			list := keysOf[m.Fields[0].Kind]
			if got := keys(t, tx, m); !slices.EqualFunc(got, list, same) {
				t.Errorf("the keys of %s are %v, want %v", m.Name, got, list)
			}
			for _, key := range list {
				wantRow(t, tx, m, key, key, str(key.String()))
				all = append(all, fmt.Sprintf("%s %v", m.Name, key))
			}
		}
		slices.SortStableFunc(all, func(a, b string) int { return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0]) })
		var got []string
		for entry, err := range tx.Entries("", model.Value{}) {
			must(t, "listing entries", err)
			got = append(got, fmt.Sprintf("%s %v", entry.Model, entry.Key))
		}
		if !slices.Equal(got, all) {
			t.Errorf("the entries are of\n%v, want\n%v", got, all)
		}
	})
}

// same is like Equal, and tells kinds apart that Equal does too.
func same(a, b model.Value) bool { return a.Kind() == b.Kind() && a.Equal(b) }

// extremes are values of every kind that are likely to be lost.
var extremes = map[model.Kind][]model.Value{
	model.Bool:   {model.BoolValue(false), model.BoolValue(true)},
	model.Int:    {num(0), num(-1), num(math.MinInt64), num(math.MaxInt64), num(1<<53 + 1)},
	model.Uint:   {model.UintValue(0), model.UintValue(math.MaxInt64), model.UintValue(math.MaxInt64 + 1), model.UintValue(math.MaxUint64)},
	model.Float:  {model.FloatValue(0), model.FloatValue(math.Copysign(0, -1)), model.FloatValue(0.1), model.FloatValue(1e300), model.FloatValue(math.SmallestNonzeroFloat64), model.FloatValue(math.MaxFloat64), model.FloatValue(math.Inf(1)), model.FloatValue(math.Inf(-1)), model.FloatValue(9007199254740993), model.FloatValue(1e19)},
	model.String: {str(""), str("a\x00b"), str("it's \"quoted\""), str("123"), str("1e3"), str(" \t\n"), str("ä€\U0001F600"), str(strings.Repeat("long ", 10000))},
	model.Bytes:  {model.BytesValue(nil), model.BytesValue([]byte{0}), model.BytesValue([]byte("text")), model.BytesValue(bytes.Repeat([]byte{0xff, 0}, 50000))},
	model.Time: {model.TimeValue(year1), model.TimeValue(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), model.TimeValue(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		model.TimeValue(time.Date(2024, 2, 29, 12, 0, 0, 1, time.FixedZone("", 3600))), model.TimeValue(time.Unix(0, 0))},
	model.JSON: {model.JSONValue("[]"), model.JSONValue("null"), model.JSONValue(`{"a":[1,2.50,"x",null],"b":"\u0000"}`), model.JSONValue("12345678901234567890123")},
}

func testKinds(t *testing.T, h Harness) {
	fields := []model.Field{field("id", model.Int)}
	for k := model.Bool; k <= model.JSON; k++ {
		fields = append(fields, field("plain_"+k.String(), k), nullable("null_"+k.String(), k))
	}
	m := info("kinds", model.TrackJournal, fields...)
	var rows []*model.Row
	add := func(f int, v model.Value) {
		key := num(int64(len(rows)))
		r := row(m, key)
		r.Values[f] = v
		rows = append(rows, r)
	}
	for f := 1; f < len(fields); f++ {
		for _, v := range extremes[fields[f].Kind] {
			add(f, v)
		}
		if fields[f].Null {
			add(f, model.NullValue())
		} else if fields[f].Kind == model.Float {
			add(f, model.FloatValue(math.NaN()))
		}
	}
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		for _, r := range rows {
			must(t, "inserting", tx.Insert(m, r.Values[0], r))
		}
	})
	mustClose(t, e)
	e = h.mustOpen(t, m)
	view(t, e, func(tx store.EngineTx) {
		for _, r := range rows {
			wantRow(t, tx, m, r.Values[0], r.Values...)
		}
	})
	update(t, e, func(tx store.EngineTx) {
		key := num(-1)
		must(t, "inserting", tx.Insert(m, key, row(m, key)))
		for _, r := range rows {
			must(t, "updating", tx.Update(m, key, r, model.FirstFields(len(fields))))
			wantRow(t, tx, m, key, append([]model.Value{key}, r.Values[1:]...)...)
		}
	})
}

func testStamps(t *testing.T, h Harness) {
	const newest = stamp.Stamp(1<<62 + 5)
	for _, track := range []model.Track{model.TrackField, model.TrackObject, model.TrackJournal} {
		t.Run(track.String(), func(t *testing.T) {
			h := h
			h.Path += track.String()
			m := info("note", track, field("id", model.String), field("title", model.String), field("stars", model.Int))
			e := h.mustOpen(t, m)
			r := row(m, str("a"), str("one"), num(1))
			r.Mark(m, 1, newest-70000)
			r.Mark(m, 2, newest)
			update(t, e, func(tx store.EngineTx) { must(t, "inserting", tx.Insert(m, str("a"), r)) })
			wantStamps(t, e, m, r)
			r.Mark(m, 1, newest+1)
			update(t, e, func(tx store.EngineTx) {
				must(t, "updating", tx.Update(m, str("a"), r, model.FieldSetOf(1)))
			})
			wantStamps(t, e, m, r)
		})
	}
}

func wantStamps(t testing.TB, e store.Engine, m *model.Info, want *model.Row) {
	t.Helper()
	view(t, e, func(tx store.EngineTx) {
		got := get(t, tx, m, want.Values[m.Key])
		if got.Stamp != want.Stamp || !slices.Equal(got.Stamps, want.Stamps) {
			t.Errorf("the stamps are %d %d, want %d %d", got.Stamp, got.Stamps, want.Stamp, want.Stamps)
		}
	})
}

// testManyUpdates writes every set of the fields of a wide model once.
func testManyUpdates(t *testing.T, h Harness) {
	fields := []model.Field{field("id", model.Int)}
	for f := range 10 {
		fields = append(fields, field(fmt.Sprintf("f%d", f), model.Int))
	}
	m := info("wide", model.TrackField, fields...)
	e := h.mustOpen(t, m)
	want := row(m, num(1))
	update(t, e, func(tx store.EngineTx) {
		must(t, "inserting", tx.Insert(m, num(1), want))
		for mask := range 1 << 10 {
			set := model.FieldSet{uint64(mask) << 1}
			next := row(m, num(1))
			for f := 1; f <= 10; f++ {
				next.Values[f] = num(int64(mask*100 + f))
				if set.Has(f) {
					want.Values[f] = next.Values[f]
				}
			}
			must(t, "updating", tx.Update(m, num(1), next, set))
		}
		wantRow(t, tx, m, num(1), want.Values...)
	})
}

func testConstraints(t *testing.T, h Harness) {
	m := info("user", model.TrackObject, field("id", model.Int), unique(field("mail", model.String)), unique(nullable("phone", model.String)), field("name", model.String))
	e := h.mustOpen(t, m)
	ada := row(m, num(1), str("ada@x"), str("1"), str("Ada"))
	update(t, e, func(tx store.EngineTx) {
		must(t, "inserting", tx.Insert(m, num(1), ada))
		must(t, "inserting", tx.Insert(m, num(2), row(m, num(2), str("bob@x"), model.NullValue(), str("Bob"))))
		must(t, "inserting a second null", tx.Insert(m, num(3), row(m, num(3), str("eve@x"), model.NullValue(), str("Eve"))))
		refused := func(doing string, err error) {
			t.Helper()
			if !errors.Is(err, store.ErrConstraint) {
				t.Errorf("%s: %v, want an error that wraps ErrConstraint", doing, err)
			}
		}
		refused("a key that is there", tx.Insert(m, num(1), row(m, num(1), str("new@x"), model.NullValue(), str("New"))))
		refused("inserting a value that another has", tx.Insert(m, num(4), row(m, num(4), str("ada@x"), model.NullValue(), str("Ada II"))))
		refused("updating to a value that another has", tx.Update(m, num(2), row(m, num(2), str("ada@x"), model.NullValue(), str("lost")), model.FieldSetOf(1, 3)))
		refused("replacing by a value that another has", tx.Replace(m, num(2), row(m, num(2), str("b@x"), str("1"), str("lost"))))
		refused("replacing what is not there", tx.Replace(m, num(5), row(m, num(5), str("eve@x"), str("5"), str("lost"))))
		must(t, "going on", tx.Update(m, num(1), row(m, num(1), str("ada@x"), str("1"), str("Countess")), model.FieldSetOf(1, 2, 3)))
	})
	update(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, num(1), num(1), str("ada@x"), str("1"), str("Countess"))
		wantRow(t, tx, m, num(2), num(2), str("bob@x"), model.NullValue(), str("Bob"))
		wantRow(t, tx, m, num(4))
		wantRow(t, tx, m, num(5))
		must(t, "deleting", tx.Delete(m, num(1)))
		must(t, "using the value that is free now", tx.Insert(m, num(6), row(m, num(6), str("ada@x"), str("1"), str("Ada"))))
	})
	mustClose(t, e)
	e = h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		if err := tx.Insert(m, num(7), ada); !errors.Is(err, store.ErrConstraint) {
			t.Errorf("after reopening: %v, want an error that wraps ErrConstraint", err)
		}
	})
}

// testUnstorable: a value that the field cannot hold is refused like any other
// that a constraint forbids.
func testUnstorable(t *testing.T, h Harness) {
	m := info("note", model.TrackObject, field("id", model.Int), field("stars", model.Int), nullable("size", model.Float), field("tags", model.JSON))
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		for _, r := range []*model.Row{
			row(m, num(1), str("many")), row(m, num(1), model.NullValue()), row(m, num(1), num(1), model.FloatValue(math.NaN())),
			row(m, num(1), num(1), model.NullValue(), model.JSONValue("[1,")), row(m, num(1), num(1), model.NullValue(), model.JSONValue("")),
		} {
			if err := tx.Insert(m, num(1), r); !errors.Is(err, store.ErrConstraint) {
				t.Errorf("inserting %v: %v, want an error that wraps ErrConstraint", r.Values, err)
			}
			if err := tx.Replace(m, num(1), r); !errors.Is(err, store.ErrConstraint) {
				t.Errorf("replacing by %v: %v, want an error that wraps ErrConstraint", r.Values, err)
			}
			wantRow(t, tx, m, num(1))
		}
		must(t, "inserting an absent value", tx.Insert(m, num(1), row(m, num(1), model.Value{}, model.Value{})))
		whole := []model.Value{num(1), num(0), model.NullValue(), model.JSONValue("[]")}
		wantRow(t, tx, m, num(1), whole...)
		err := tx.Update(m, num(1), row(m, num(1), num(5), model.NullValue(), model.JSONValue("{")), model.FieldSetOf(1, 3))
		if !errors.Is(err, store.ErrConstraint) {
			t.Errorf("updating to what is not JSON: %v, want an error that wraps ErrConstraint", err)
		}
		wantRow(t, tx, m, num(1), whole...)
	})
}
