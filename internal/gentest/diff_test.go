package gentest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
)

// differing is the oracle's diff.
func (s *subject) differing(a, b reflect.Value) model.FieldSet {
	var d model.FieldSet
	for i := range s.leaves {
		if !equal(s.leaves[i].of(a), s.leaves[i].of(b)) {
			d.Add(i)
		}
	}
	return d
}

func TestDiffFindsWhatDiffers(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt}
			a, b := r.model(s, r.upTo(1)), r.model(s, r.upTo(1))
			if diff := cmp.Diff(s.info.Names(s.differing(a, b)), s.info.Names(s.diff(a, b).fields)); diff != "" {
				t.Fatalf("(-oracle +generated):\n%s", diff)
			}
		})
	})
}

func TestDiffOfEqualsIsEmpty(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			a := random{T: rt}.model(s, 0)
			for _, b := range []reflect.Value{a, clone(a)} {
				if d := s.diff(a, b); !d.diff.Empty() || d.diff.String() != "" {
					t.Fatalf("not empty: %s", d.diff)
				}
			}
		})
	})
}

func TestApplyMakesTheOther(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt}
			a, b := r.model(s, 0), r.model(s, r.upTo(1))
			want := clone(b)
			d := s.diff(clone(a), b)
			d.apply(a)
			if left := s.differing(a, want); !left.Empty() {
				t.Fatalf("still different: %v", s.info.Names(left))
			}
			scribble(a.Elem())
			if shared := s.differing(b, want); !shared.Empty() {
				t.Fatalf("what was applied shares memory with the diff: %v", s.info.Names(shared))
			}
		})
	})
}

func TestDiffShowsEachField(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt, storable: true}
			a, b := r.model(s, 0), r.model(s, 0)
			d := s.diff(a, b)
			names := s.info.Names(d.fields)
			text := d.diff.String()
			for _, name := range names {
				if !strings.Contains("\n"+text, "\n"+name+": ") {
					t.Fatalf("no line for %s in\n%s", name, text)
				}
			}
			data, err := d.diff.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var changes map[string]struct{ From, To any }
			if err := json.Unmarshal(data, &changes); err != nil {
				t.Fatal(err)
			}
			if len(changes) != len(names) {
				t.Fatalf("%d fields in %s, want %v", len(changes), data, names)
			}
		})
	})
}
