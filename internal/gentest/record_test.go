package gentest

import (
	"reflect"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
)

// record is a generated record outside of any transaction.
type record struct {
	ptr reflect.Value // *FindingRecord
}

// recordOf is a record that holds a copy of the model.
func (s *subject) recordOf(v reflect.Value) record {
	r := record{reflect.New(s.record)}
	inside(r.ptr.Elem(), "value").Set(clone(v).Elem())
	return r
}

// inside is a field that only its package can reach.
func inside(v reflect.Value, name string) reflect.Value {
	f := v.FieldByName(name)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

func (r record) marks(name string) model.FieldSet {
	return inside(inside(r.ptr.Elem(), "record"), name).Interface().(model.FieldSet)
}

func (r record) changed() model.FieldSet { return r.marks("changed") }
func (r record) touched() model.FieldSet { return r.marks("touched") }

// failed is the error that Put would answer with.
func (r record) failed() bool { return !inside(inside(r.ptr.Elem(), "record"), "err").IsNil() }

func (r record) call(method string, args ...reflect.Value) []reflect.Value {
	return r.ptr.MethodByName(method).Call(args)
}

func (r record) get(l *leaf) reflect.Value { return r.call(l.goName)[0] }

// plain is a pointer to what Plain gives.
func (r record) plain(s *subject) reflect.Value {
	v := reflect.New(s.typ)
	v.Elem().Set(r.call("Plain")[0])
	return v
}

// eachField runs a test for each field that can be set, on a record with random
// content.
func eachField(t *testing.T, test func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value)) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt}
			v := r.model(s, 0)
			for i := range s.leaves {
				if !s.leaves[i].key {
					test(t, r, s, i, &s.leaves[i], v)
				}
			}
		})
	})
}

func TestSetMarksWhatItChanges(t *testing.T) {
	eachField(t, func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value) {
		rec := s.recordOf(v)
		rec.call("Set"+l.goName, copyOf(l.of(v)))
		if marked := rec.changed(); !marked.Empty() {
			t.Fatalf("Set%s with an equal value marks %v: %#v", l.goName, s.info.Names(marked), l.of(v))
		}
		w := r.leaf(l)
		rec.call("Set"+l.goName, w)
		if !equal(rec.get(l), w) {
			t.Fatalf("%s is %#v after Set%s(%#v)", l.goName, rec.get(l), l.goName, w)
		}
		want := model.FieldSet{}
		if !equal(l.of(v), w) {
			want.Add(i)
		}
		if marked := rec.changed(); marked != want {
			t.Fatalf("Set%s marks %v, want %v", l.goName, s.info.Names(marked), s.info.Names(want))
		}
	})
}

func TestTouchMarksWhateverTheValue(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		for i := range s.leaves {
			if l := &s.leaves[i]; !l.key {
				rec := record{reflect.New(s.record)}
				rec.call("Touch" + l.goName)
				if marked := rec.touched(); marked != model.FieldSetOf(i) {
					t.Errorf("Touch%s marks %v", l.goName, s.info.Names(marked))
				}
			}
		}
	})
}

func TestRecordsShareNoMemory(t *testing.T) {
	eachField(t, func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value) {
		rec, w := s.recordOf(v), r.leaf(l)
		want := copyOf(w)
		rec.call("Set"+l.goName, w)
		if equal(l.of(v), want) {
			return // it kept what it had
		}
		scribble(w)
		if !equal(rec.get(l), want) {
			t.Fatalf("%s is %#v after its value %#v was changed from outside", l.goName, rec.get(l), want)
		}
		scribble(rec.get(l))
		if !equal(rec.get(l), want) {
			t.Fatalf("%s is %#v after what it gave for %#v was changed", l.goName, rec.get(l), want)
		}
		scribble(rec.plain(s).Elem())
		if !equal(rec.get(l), want) {
			t.Fatalf("%s is %#v after what Plain gave for %#v was changed", l.goName, rec.get(l), want)
		}
	})
}

func TestPlainIsTheWholeObject(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			v := random{T: rt}.model(s, 0)
			if wrong := s.differing(v, s.recordOf(v).plain(s)); !wrong.Empty() {
				t.Fatalf("differs: %v", s.info.Names(wrong))
			}
		})
	})
}

func TestAddAndRemoveElements(t *testing.T) {
	eachField(t, func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value) {
		if l.rule != "set" {
			return
		}
		rec := s.recordOf(v)
		add := []reflect.Value{r.value(l.typ.Elem(), 1), r.value(l.typ.Elem(), 1)}
		want := copyOf(l.of(v))
		for _, e := range add {
			if !contains(want, e) {
				want = reflect.Append(want, copyOf(e))
			}
		}
		rec.call("Add"+l.goName, add...)
		check(t, rec, s, l, i, v, want)
		for _, e := range add {
			scribble(e)
		}
		check(t, rec, s, l, i, v, want)

		rec, remove := s.recordOf(v), []reflect.Value{r.value(l.typ.Elem(), 1), r.value(l.typ.Elem(), 1)}
		want = reflect.MakeSlice(l.typ, 0, 0)
		for j := range l.of(v).Len() {
			if e := l.of(v).Index(j); !equal(e, remove[0]) && !equal(e, remove[1]) {
				want = reflect.Append(want, e)
			}
		}
		rec.call("Remove"+l.goName, remove...)
		check(t, rec, s, l, i, v, want)
	})
}

func TestPutAndDeleteElements(t *testing.T) {
	eachField(t, func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value) {
		if l.typ.Kind() != reflect.Map || isOpaque(l.typ) {
			return
		}
		k, e := r.value(l.typ.Key(), 1), r.value(l.typ.Elem(), 1)
		want := copyOf(l.of(v))
		if want.IsNil() {
			want = reflect.MakeMap(l.typ)
		}
		want.SetMapIndex(k, copyOf(e))
		rec := s.recordOf(v)
		rec.call("Put"+l.goName, k, e)
		check(t, rec, s, l, i, v, want)
		if !equal(l.of(v), want) {
			scribble(e)
			check(t, rec, s, l, i, v, want)
		}

		want = copyOf(l.of(v))
		if !want.IsNil() {
			want.SetMapIndex(k, reflect.Value{})
		}
		rec = s.recordOf(v)
		rec.call("Delete"+l.goName, k)
		check(t, rec, s, l, i, v, want)
	})
}

func TestAddToCounters(t *testing.T) {
	eachField(t, func(t *testing.T, r random, s *subject, i int, l *leaf, v reflect.Value) {
		if l.rule != "counter" {
			return
		}
		rec, n := s.recordOf(v), r.leaf(l)
		rec.call("Add"+l.goName, n)
		want := judgeCounter(true, reflect.Zero(l.typ), n, l.of(v))
		check(t, rec, s, l, i, v, want.value)
		if rec.failed() != want.fails {
			t.Fatalf("%#v + %#v failed: %v, want %v", l.of(v), n, rec.failed(), want.fails)
		}
	})
}

// check tells whether the field is as wanted, and marked if that is a change.
func check(t *testing.T, rec record, s *subject, l *leaf, i int, before, want reflect.Value) {
	t.Helper()
	if got := rec.get(l); !equal(got, want) {
		t.Fatalf("%s is %#v, want %#v", l.goName, got, want)
	}
	marks := model.FieldSet{}
	if !equal(l.of(before), want) {
		marks.Add(i)
	}
	if got := rec.changed(); got != marks {
		t.Fatalf("%s: %v are marked, want %v", l.goName, s.info.Names(got), s.info.Names(marks))
	}
}
