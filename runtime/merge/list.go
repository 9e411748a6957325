package merge

import (
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/model/codec"
)

// ListParts is the rule list: the insertions, removals and edits of both sides,
// in their places. Two insertions at one point both stay, the remote one first,
// unless one contains the other, as after an earlier merge: then that one is
// taken. Where no list names an element twice, nor does the result. An element
// that both sides moved, each to another place, or that one moved and the other
// removed, is a conflict in that element, and what the local side did stands. Where
// both sides rewrote the same stretch the local list is taken whole, and it is a
// conflict.
func ListParts[S ~[]E, E any](c *Context, f int, elem codec.Codec[E], base, local, remote S) S {
	merged, ok := mergeList(c, f, elem, base, local, remote)
	if !ok {
		c.Conflict(f, "")
	}
	return merged
}

// mergeList merges the lists as sequences, and gives the local one where they
// conflict.
func mergeList[S ~[]E, E any](c *Context, f int, elem codec.Codec[E], base, local, remote S) (result S, ok bool) {
	if takeLocal, done := oneSided(sameList[S](elem), base, local, remote); done {
		return pick(takeLocal, local, remote), true
	}
	id := identity(c, f, elem)
	m, ok := mergeSequence(id, base, local, remote, unresolved[E])
	if !ok {
		return local, false
	}
	for _, e := range append(m.dropRemoved(), m.dropDoubles()...) {
		c.Conflict(f, plain(id(e)))
	}
	result = m.merged
	noteMixed(c, f, sameList[S](elem), result, local, remote)
	return result, true
}

// unresolved leaves a stretch that both sides changed a conflict.
func unresolved[E any](base, local, remote []E) ([]E, bool) { return nil, false }

// ListByParts is the rule list with by: elements are told apart by what id gives,
// and merged one by one, the fields of a struct each by itself. Order is the
// remote side's, then the local additions; where only the local side put what all
// have in another order it is the local side's, then the remote additions. An
// element that both sides changed differently is a conflict, and so is one that one
// side removed and the other changed: the local side wins. Orders that both sides
// changed differently are a conflict too, in the part "order", and the remote one
// stands. Lists that name an identity twice are merged as ListParts does, and a
// conflict then says which.
func ListByParts[S ~[]E, E any, K comparable](c *Context, f int, elem codec.Codec[E], id func(E) K, base, local, remote S) S {
	if takeLocal, done := oneSided(sameList[S](elem), base, local, remote); done {
		return pick(takeLocal, local, remote)
	}
	for _, list := range []S{base, local, remote} {
		if k, found := repeated(list, id); found {
			merged, ok := mergeList(c, f, elem, base, local, remote)
			if !ok {
				c.Conflict(f, fmt.Sprint(k)+" twice")
			}
			return merged
		}
	}
	inBase, inLocal, inRemote := byID(base, id), byID(local, id), byID(remote, id)
	common := func(s S) (ids []K) { // what all three have, in the order of s
		for _, e := range s {
			if k := id(e); inBase[k] != nil && inLocal[k] != nil && inRemote[k] != nil {
				ids = append(ids, k)
			}
		}
		return ids
	}
	merged := make(S, 0, len(remote)+len(local))
	add := func(k K) {
		if e, keep := mergeElement(c, f, elem, fmt.Sprint(k), inBase[k], inLocal[k], inRemote[k]); keep {
			merged = append(merged, e)
		}
	}
	first, second, inFirst := remote, local, inRemote
	takeLocal, done := oneSided(slices.Equal[[]K], common(base), common(local), common(remote))
	if takeLocal {
		first, second, inFirst = local, remote, inLocal
	}
	if !done {
		c.Conflict(f, "order")
	}
	for _, e := range first {
		add(id(e))
	}
	for _, e := range second {
		if k := id(e); inFirst[k] == nil {
			add(k)
		}
	}
	// What only the base has is gone on both sides.
	noteMixed(c, f, sameList[S](elem), merged, local, remote)
	return merged
}

// byID finds the elements by their identities.
func byID[S ~[]E, E any, K comparable](s S, id func(E) K) map[K]*E {
	m := make(map[K]*E, len(s))
	for i := range s {
		m[id(s[i])] = &s[i]
	}
	return m
}

// repeated finds the first identity that a list names a second time.
func repeated[S ~[]E, E any, K comparable](s S, id func(E) K) (k K, found bool) {
	seen := make(map[K]struct{}, len(s))
	for _, e := range s {
		k := id(e)
		if has(seen, k) {
			return k, true
		}
		seen[k] = struct{}{}
	}
	return k, false
}

// mergeElement merges one element, nil where a side does not have it, and tells
// whether there is one in the end.
func mergeElement[E any](c *Context, f int, elem codec.Codec[E], name string, base, local, remote *E) (e E, keep bool) {
	same := func(a, b *E) bool { return a == nil && b == nil || a != nil && b != nil && elem.Equal(*a, *b) }
	take := local
	switch {
	case same(local, base) || same(local, remote):
		take = remote
	case same(remote, base):
	case base != nil && local != nil && remote != nil && len(elem.Members()) > 0:
		return mergeMembers(c, f, elem, name, base, local, remote), true
	default:
		c.Conflict(f, name)
	}
	if take == nil {
		return e, false
	}
	return *take, true
}

// mergeMembers merges the fields of an element. The conflict names the element
// and the field.
func mergeMembers[E any](c *Context, f int, elem codec.Codec[E], name string, base, local, remote *E) E {
	merged := *remote
	for _, m := range elem.Members() {
		if m.Equal(local, base) || m.Equal(local, remote) {
			continue
		}
		if !m.Equal(remote, base) {
			c.Conflict(f, name+"."+m.Name())
		}
		m.Assign(&merged, local)
	}
	return merged
}

// sameList compares lists element by element.
func sameList[S ~[]E, E any](elem codec.Codec[E]) func(a, b S) bool {
	return func(a, b S) bool { return slices.EqualFunc(a, b, elem.Equal) }
}

// oneSided answers for the rules that merge in parts where there is nothing to
// merge, because only one side changed the value or both made the same of it.
func oneSided[T any](equal func(a, b T) bool, base, local, remote T) (takeLocal, done bool) {
	switch {
	case equal(local, remote) || equal(local, base):
		return false, true
	case equal(remote, base):
		return true, true
	}
	return false, false
}

// noteMixed notes a result that is neither side's.
func noteMixed[T any](c *Context, f int, equal func(a, b T) bool, result, local, remote T) {
	if !equal(result, local) && !equal(result, remote) {
		c.Mixed.Add(f)
	}
}

func pick[T any](takeLocal bool, local, remote T) T {
	if takeLocal {
		return local
	}
	return remote
}
