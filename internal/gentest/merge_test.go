package gentest

import (
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// sides draws the three sides of a merge. Often a side has left a field alone,
// or both have made the same of it, or have put a list in another order.
func (r random) sides(s *subject) *sides {
	three := &sides{base: r.model(s, 0), local: r.model(s, 0), remote: r.model(s, 0)}
	for i := range s.leaves {
		l := &s.leaves[i]
		switch r.upTo(4) {
		case 0:
			l.of(three.local).Set(copyOf(l.of(three.base)))
		case 1:
			l.of(three.remote).Set(copyOf(l.of(three.base)))
		case 2:
			l.of(three.remote).Set(copyOf(l.of(three.local)))
		case 3:
			if l.rule == "list" {
				for _, side := range []reflect.Value{three.local, three.remote} {
					l.of(side).Set(r.reordered(l, l.of(three.base), l.of(side)))
				}
			}
		}
		three.localStamps = append(three.localStamps, stamp.Stamp(r.upTo(3)))
		three.remoteStamps = append(three.remoteStamps, stamp.Stamp(r.upTo(3)))
	}
	three.changed = s.differing(three.base, three.local)
	return three
}

// reordered is the list in any order, with others after it.
func (r random) reordered(l *leaf, list, others reflect.Value) reflect.Value {
	order := make([]int, list.Len())
	for i := range order {
		order[i] = i
	}
	mixed := reflect.MakeSlice(l.typ, 0, list.Len())
	for _, i := range rapid.Permutation(order).Draw(r.T, "order") {
		mixed = reflect.Append(mixed, copyOf(list.Index(i)))
	}
	mixed = reflect.AppendSlice(mixed, copyOf(others))
	if l.by != "" {
		mixed = distinct(mixed, l.by)
	}
	return mixed
}

func TestMergeGoesByTheRules(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt, storable: true}
			three := r.sides(s)
			for i := range s.leaves { // a field can be touched without a change
				if !s.leaves[i].key && r.upTo(9) == 0 {
					three.changed.Add(i)
				}
			}
			mc := &merge.Context{Local: three.changed, LocalStamps: three.localStamps, RemoteStamps: three.remoteStamps}
			result, err := s.merge(mc, three.base, three.local, three.remote)
			conflicts := map[int]bool{}
			for _, part := range mc.Conflicts {
				conflicts[part.Field] = true
			}
			failed := failures(err)
			for i := range s.leaves {
				l := &s.leaves[i]
				got, want := l.of(result), l.judge(i, three)
				if failed[i] != want.fails {
					t.Fatalf("%s failed: %v, want %v (%v)\n%s", l.goName, failed[i], want.fails, err, three.describe(l))
				}
				if want.fails {
					continue
				}
				if want.accepts != nil && !want.accepts(got) || want.accepts == nil && !equal(got, want.value) {
					t.Fatalf("%s, merge=%s, became %#v, the oracle says %#v\n%s", l.goName, l.rule, got, want.value, three.describe(l))
				}
				if want.accepts == nil && conflicts[i] != want.conflict {
					t.Fatalf("%s, merge=%s: conflict %v, the oracle says %v\n%s", l.goName, l.rule, conflicts[i], want.conflict, three.describe(l))
				}
			}
		})
	})
}

// failures are the fields that an error of a merge names.
func failures(err error) map[int]bool {
	failed := map[int]bool{}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return failed
	}
	for _, err := range joined.Unwrap() {
		var field *merge.FieldError
		if errors.As(err, &field) {
			failed[field.Field] = true
		}
	}
	return failed
}

func TestMergeWithAnUnchangedSide(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt, storable: true}
			base, other := r.model(s, 0), r.model(s, 0)
			s.mustMerge(t, base, clone(base), other, other)
			s.mustMerge(t, base, other, clone(base), other)
			s.mustMerge(t, base, base, base, base)
		})
	})
}

// Once merged, the result is the local side and the remote side is the base: so
// an entry is rebased. Merging that again changes nothing, and neither does it
// when the backend has got the result.
func TestMergeIsIdempotent(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			three := random{T: rt, storable: true}.sides(s)
			mc := &merge.Context{Local: three.changed, LocalStamps: three.localStamps, RemoteStamps: three.remoteStamps}
			merged, err := s.merge(mc, three.base, three.local, three.remote)
			if err != nil {
				return
			}
			s.mustMerge(t, three.remote, merged, three.remote, merged)
			s.mustMerge(t, merged, merged, merged, merged)
		})
	})
}

func TestMergeLeavesItsArgumentsAlone(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			three := random{T: rt, storable: true}.sides(s)
			before := []reflect.Value{clone(three.base), clone(three.local), clone(three.remote)}
			mc := &merge.Context{Local: three.changed, LocalStamps: three.localStamps, RemoteStamps: three.remoteStamps}
			_, _ = s.merge(mc, three.base, three.local, three.remote)
			for i, v := range []reflect.Value{three.base, three.local, three.remote} {
				if changed := s.differing(before[i], v); !changed.Empty() {
					t.Fatalf("argument %d changed: %v", i, s.info.Names(changed))
				}
			}
		})
	})
}

// mustMerge merges without a context, so that what differs counts as changed.
func (s *subject) mustMerge(t *testing.T, base, local, remote, want reflect.Value) {
	t.Helper()
	got, err := s.merge(nil, base, local, remote)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.leaves {
		if l := &s.leaves[i]; !l.agree(l.of(got), l.of(want)) {
			three := &sides{base: base, local: local, remote: remote}
			t.Fatalf("%s is %#v, want %#v\n%s", l.goName, l.of(got), l.of(want), three.describe(l))
		}
	}
}

// agree tells whether two results of a merge are the same. A set has no order.
func (l *leaf) agree(a, b reflect.Value) bool {
	if l.rule != "set" {
		return equal(a, b)
	}
	for _, list := range []reflect.Value{a, b} {
		for i := range list.Len() {
			if e := list.Index(i); !contains(a, e) || !contains(b, e) {
				return false
			}
		}
	}
	return true
}
