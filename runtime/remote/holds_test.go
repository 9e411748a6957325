package remote_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

func num(n int64) model.Value { return model.IntValue(n) }

var key = model.StringValue("k")

func object(at stamp.Stamp, fields ...remote.Field) *remote.Object {
	return &remote.Object{Model: "note", Key: key, Stamp: at, Fields: fields}
}

func field(name string, v model.Value, at stamp.Stamp) remote.Field {
	return remote.Field{Name: name, Value: v, Stamp: at}
}

func patch(change model.Change, base []model.Named, fields ...model.PatchField) *model.Patch {
	return &model.Patch{Model: "note", Key: key, Change: change, Stamp: 5, Base: base, Fields: fields}
}

func change(name string, base, v model.Value) model.PatchField {
	return model.PatchField{Name: name, Value: v, Base: base, Stamp: 5}
}

// renamed is a patch of a client that knows the field n by the earlier name old.
func renamed(p *model.Patch) *model.Patch {
	p.Renamed = map[string]string{"old": "n"}
	return p
}

// whole is an object as a deletion knows it, its key included.
func whole(fields ...model.Named) []model.Named {
	return append([]model.Named{{Name: "id", Value: key}}, fields...)
}

func TestHolds(t *testing.T) {
	var (
		gone  = &remote.Object{Model: "note", Key: key, Deleted: true, Stamp: 9}
		empty = object(1)
		one   = object(1, field("n", num(1), 1))
		two   = object(1, field("n", num(1), 1), field("m", model.JSONValue(`{"a": 1, "b": 2}`), 1))
		was   = whole(model.Named{Name: "n", Value: num(1)})
	)
	for _, c := range []struct {
		name string
		now  *remote.Object
		p    *model.Patch
		want bool
	}{
		{"created", nil, patch(model.Created, nil), true},
		{"created where it was deleted", gone, patch(model.Created, nil), true},
		{"created where it is", one, patch(model.Created, nil, change("n", model.Value{}, num(1))), false},
		{"created where an empty one is", empty, patch(model.Created, nil), false},

		{"updated", one, patch(model.Updated, nil, change("n", num(1), num(2))), true},
		{"updated, and it is not there", nil, patch(model.Updated, nil, change("n", num(1), num(2))), false},
		{"updated, and it was deleted", gone, patch(model.Updated, nil, change("n", num(1), num(2))), false},
		{"updated from another value", one, patch(model.Updated, nil, change("n", num(0), num(2))), false},
		{"updated to what it is already", one, patch(model.Updated, nil, change("n", num(0), num(1))), false},
		{"touched, and it is the same", one, patch(model.Updated, nil, change("n", num(1), num(1))), true},
		{"updated from another kind", one, patch(model.Updated, nil, change("n", model.UintValue(1), num(2))), false},
		{"a field that nobody wrote", one, patch(model.Updated, nil, change("new", num(7), num(8))), true},
		{"one of two has changed", two, patch(model.Updated, nil, change("n", num(1), num(2)), change("m", num(1), num(2))), false},
		{"JSON in another spelling", two, patch(model.Updated, nil, change("m", model.JSONValue(`{"b":2,"a":1}`), num(2))), true},
		{"an unset field that is set to null now", object(1, field("n", model.NullValue(), 1)), patch(model.Updated, nil, change("n", model.Value{}, num(2))), false},

		{"deleted", one, patch(model.Deleted, was), true},
		{"deleted, and it is gone", gone, patch(model.Deleted, was), true},
		{"deleted, and it never was", nil, patch(model.Deleted, was), true},
		{"deleted, and it has changed", object(1, field("n", num(2), 1)), patch(model.Deleted, was), false},
		{"deleted, and somebody wrote another field", two, patch(model.Deleted, was), false},
		{"deleted with fields that nobody wrote", empty, patch(model.Deleted, was), true},
		{"deleted, written without a change", object(8, field("n", num(1), 8)), patch(model.Deleted, was), true},

		{"deleted, under an earlier name", object(1, field("old", num(1), 1)), renamed(patch(model.Deleted, was)), true},
		{"deleted, and it has changed under an earlier name", object(1, field("old", num(2), 1)), renamed(patch(model.Deleted, was)), false},
		{"updated under an earlier name", object(1, field("old", num(1), 1)), renamed(patch(model.Updated, nil, change("n", num(1), num(2)))), true},
		{"updated, and it has changed under an earlier name", object(1, field("old", num(3), 1)), renamed(patch(model.Updated, nil, change("n", num(1), num(2)))), false},
		{"updated, under both names", object(1, field("old", num(3), 1), field("n", num(1), 1)), renamed(patch(model.Updated, nil, change("n", num(1), num(2)))), true},

		{"recreated", one, patch(model.Recreated, was, change("n", model.Value{}, num(3))), true},
		{"recreated, and it has changed", two, patch(model.Recreated, was), false},
		{"recreated, and it is gone", gone, patch(model.Recreated, was), false},
		{"recreated, and it never was", nil, patch(model.Recreated, was), false},
	} {
		if got := remote.Holds(c.now, c.p); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPatched(t *testing.T) {
	now := object(8, field("n", num(1), 1), field("m", num(2), 8))
	before := object(8, field("n", num(1), 1), field("m", num(2), 8))
	for _, c := range []struct {
		name string
		now  *remote.Object
		p    *model.Patch
		want *remote.Object
	}{
		{"created", nil, patch(model.Created, nil, change("n", model.Value{}, num(3))), object(5, field("n", num(3), 5))},
		{"created empty", nil, patch(model.Created, nil), object(5)},
		{"updated", now, patch(model.Updated, nil, change("n", num(1), num(3)), change("x", num(0), num(4))),
			object(8, field("n", num(3), 5), field("m", num(2), 8), field("x", num(4), 5))},
		{"updated by a later write", object(2, field("n", num(1), 2)), patch(model.Updated, nil, change("n", num(1), num(3))), object(5, field("n", num(3), 5))},
		{"recreated", now, patch(model.Recreated, nil, change("n", model.Value{}, num(3))), object(5, field("n", num(3), 5))},
		{"updated under an earlier name", object(1, field("old", num(1), 1), field("m", num(2), 1)), renamed(patch(model.Updated, nil, change("n", num(1), num(3)))),
			object(5, field("n", num(3), 5), field("m", num(2), 1))},
		{"deleted", now, patch(model.Deleted, nil), &remote.Object{Model: "note", Key: key, Deleted: true, Stamp: 5}},
	} {
		if got := remote.Patched(c.now, c.p); !equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if !equal(now, before) {
		t.Errorf("the object that was patched became %+v", now)
	}
	// Nor does it grow into memory that it shares.
	roomy := object(1, append(make([]remote.Field, 0, 4), field("n", num(1), 1))...)
	a := remote.Patched(roomy, patch(model.Updated, nil, change("a", num(0), num(1))))
	remote.Patched(roomy, patch(model.Updated, nil, change("b", num(0), num(2))))
	if !equal(a, object(5, field("n", num(1), 1), field("a", num(1), 5))) {
		t.Errorf("the first of two patched objects became %+v", a)
	}
}

// equal compares objects field by field, in order.
func equal(a, b *remote.Object) bool {
	if a.Model != b.Model || !a.Key.Equal(b.Key) || a.Deleted != b.Deleted || a.Stamp != b.Stamp || len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Fields {
		f, g := a.Fields[i], b.Fields[i]
		if f.Name != g.Name || !f.Value.Equal(g.Value) || f.Stamp != g.Stamp {
			return false
		}
	}
	return true
}
