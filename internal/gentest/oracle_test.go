package gentest

import (
	"cmp"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// side is what the oracle is told about one merge.
type sides struct {
	base, local, remote       reflect.Value // pointers to the model
	changed                   model.FieldSet
	localStamps, remoteStamps []stamp.Stamp
}

// verdict is what the oracle says about one field.
type verdict struct {
	value    reflect.Value // not valid where the oracle says nothing but what accepts says
	conflict bool
	fails    bool
	accepts  func(result reflect.Value) bool // where more than one value is right
}

// judge says what becomes of field number i, by the documentation of its rule.
func (l *leaf) judge(i int, s *sides) verdict {
	base, local, remote := l.of(s.base), l.of(s.local), l.of(s.remote)
	changed := s.changed.Has(i)
	switch l.rule {
	case "counter":
		return judgeCounter(changed, base, local, remote)
	case "set":
		return judgeSet(changed, base, local, remote)
	case "map":
		return judgeMap(changed, base, local, remote)
	}
	switch {
	case !changed || equal(local, remote):
		return verdict{value: remote}
	case equal(remote, base):
		return verdict{value: local}
	}
	switch l.rule {
	case "remote":
		return verdict{value: remote, conflict: true}
	case "newest":
		if s.remoteStamps[i] > s.localStamps[i] {
			return verdict{value: remote, conflict: true}
		}
	case "max":
		if compare(remote, local) > 0 {
			return verdict{value: remote, conflict: true}
		}
	case "min":
		if compare(remote, local) < 0 {
			return verdict{value: remote, conflict: true}
		}
	case "list":
		if equal(local, base) { // touched only
			return verdict{value: remote}
		}
		if l.by != "" {
			return judgeListBy(l.by, base, local, remote)
		}
		return verdict{accepts: func(result reflect.Value) bool { return isFrom(result, local, remote) }}
	case "text":
		if equal(local, base) {
			return verdict{value: remote}
		}
		return verdict{accepts: func(reflect.Value) bool { return true }}
	}
	if name, isFunc := strings.CutPrefix(l.rule, "func:"); isFunc {
		out := reflect.ValueOf(decide[name]).Call([]reflect.Value{base, local, remote})
		return verdict{value: out[0], conflict: true, fails: !out[1].IsNil()}
	}
	return verdict{value: local, conflict: true}
}

// compare orders values of a kind that has an order; NaN comes first.
func compare(a, b reflect.Value) int {
	switch {
	case a.Type() == timeType:
		return a.Interface().(time.Time).Compare(b.Interface().(time.Time))
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return strings.Compare(a.String(), b.String())
}

// judgeCounter adds up, in numbers without a limit.
func judgeCounter(changed bool, base, local, remote reflect.Value) verdict {
	if !changed {
		return verdict{value: remote}
	}
	result := reflect.New(base.Type()).Elem()
	if base.CanFloat() {
		switch {
		case local.Float() == base.Float():
			return verdict{value: remote}
		case remote.Float() == base.Float():
			return verdict{value: local}
		}
		result.SetFloat(remote.Float() + (local.Float() - base.Float()))
		return verdict{value: result}
	}
	sum := new(big.Int).Sub(bigInt(local), bigInt(base))
	sum.Add(sum, bigInt(remote))
	switch {
	case base.CanInt() && sum.IsInt64() && !result.OverflowInt(sum.Int64()):
		result.SetInt(sum.Int64())
	case base.CanUint() && sum.IsUint64() && !result.OverflowUint(sum.Uint64()):
		result.SetUint(sum.Uint64())
	default:
		return verdict{value: remote, fails: true}
	}
	return verdict{value: result}
}

func bigInt(v reflect.Value) *big.Int {
	if v.CanUint() {
		return new(big.Int).SetUint64(v.Uint())
	}
	return big.NewInt(v.Int())
}

// judgeSet accepts any list of what should be in the set.
func judgeSet(changed bool, base, local, remote reflect.Value) verdict {
	if !changed {
		return verdict{value: remote}
	}
	return verdict{accepts: func(result reflect.Value) bool {
		for _, list := range []reflect.Value{base, local, remote, result} {
			for i := range list.Len() {
				e := list.Index(i)
				inBase, inLocal, inRemote := contains(base, e), contains(local, e), contains(remote, e)
				want := inLocal && inRemote || inLocal && !inBase || inRemote && !inBase
				if contains(result, e) != want {
					return false
				}
			}
		}
		return true
	}}
}

func contains(list, e reflect.Value) bool {
	for i := range list.Len() {
		if equal(list.Index(i), e) {
			return true
		}
	}
	return false
}

// judgeMap merges key by key.
func judgeMap(changed bool, base, local, remote reflect.Value) verdict {
	if !changed {
		return verdict{value: remote}
	}
	v := verdict{value: reflect.MakeMap(base.Type())}
	same := func(a, b reflect.Value) bool {
		return a.IsValid() == b.IsValid() && (!a.IsValid() || equal(a, b))
	}
	for _, side := range []reflect.Value{base, local, remote} {
		for _, k := range side.MapKeys() {
			b, l, r := base.MapIndex(k), local.MapIndex(k), remote.MapIndex(k)
			take := l
			switch {
			case same(l, b) || same(l, r):
				take = r
			case !same(r, b):
				v.conflict = true
			}
			v.value.SetMapIndex(k, take) // a value that is not valid removes the key
		}
	}
	return v
}

// judgeListBy says which elements are in, what they are, and in which order.
func judgeListBy(by string, base, local, remote reflect.Value) verdict {
	place := func(list, id reflect.Value) int {
		for i := range list.Len() {
			if list.Index(i).FieldByName(by).Equal(id) {
				return i
			}
		}
		return -1
	}
	find := func(list, id reflect.Value) reflect.Value {
		if i := place(list, id); i >= 0 {
			return list.Index(i)
		}
		return reflect.Value{}
	}
	same := func(a, b reflect.Value) bool {
		return a.IsValid() == b.IsValid() && (!a.IsValid() || equal(a, b))
	}
	v := verdict{value: reflect.MakeSlice(base.Type(), 0, 0)}
	add := func(id reflect.Value) {
		b, l, r := find(base, id), find(local, id), find(remote, id)
		switch {
		case same(l, b) || same(l, r):
			l = r
		case same(r, b):
		case b.IsValid() && l.IsValid() && r.IsValid():
			merged := reflect.New(b.Type()).Elem()
			merged.Set(r)
			for i := range b.NumField() {
				if same(l.Field(i), b.Field(i)) || same(l.Field(i), r.Field(i)) {
					continue
				}
				v.conflict = v.conflict || !same(r.Field(i), b.Field(i))
				merged.Field(i).Set(l.Field(i))
			}
			l = merged
		default:
			v.conflict = true
		}
		if l.IsValid() {
			v.value = reflect.Append(v.value, l)
		}
	}
	// swapped tells whether two that both lists have stand there the other way round.
	swapped := func(a, b reflect.Value) bool {
		for i := range base.Len() {
			for j := range base.Len() {
				x, y := base.Index(i).FieldByName(by), base.Index(j).FieldByName(by)
				if min(place(base, x), place(local, x), place(remote, x), place(base, y), place(local, y), place(remote, y)) >= 0 &&
					place(a, x) < place(a, y) && place(b, x) > place(b, y) {
					return true
				}
			}
		}
		return false
	}
	first, second := remote, local
	if swapped(base, local) && swapped(local, remote) {
		if swapped(base, remote) {
			v.conflict = true
		} else {
			first, second = local, remote
		}
	}
	for i := range first.Len() {
		add(first.Index(i).FieldByName(by))
	}
	for i := range second.Len() {
		if id := second.Index(i).FieldByName(by); place(first, id) < 0 {
			add(id)
		}
	}
	return v
}

// isFrom tells whether every element of result is one of local's or remote's.
func isFrom(result, local, remote reflect.Value) bool {
	for i := range result.Len() {
		if e := result.Index(i); !contains(local, e) && !contains(remote, e) {
			return false
		}
	}
	return true
}
