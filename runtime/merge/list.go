package merge

import (
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/model/codec"
)

// ListParts is the rule list: the insertions, removals and edits of both sides,
// in their places. Two insertions at one point both stay, the remote one first.
// Where both sides rewrote the same stretch the local list is taken whole, and it
// is a conflict.
func ListParts[S ~[]E, E any](c *Context, f int, elem codec.Codec[E], base, local, remote S) S {
	if takeLocal, done := oneSided(sameList[S](elem), base, local, remote); done {
		return pick(takeLocal, local, remote)
	}
	merged, ok := mergeSequence(identity(c, f, elem), base, local, remote, unresolved[E])
	if !ok {
		c.Conflict(f, "")
		return local
	}
	c.Mixed.Add(f)
	return S(merged)
}

// unresolved leaves a stretch that both sides changed a conflict.
func unresolved[E any](base, local, remote []E) ([]E, bool) { return nil, false }

// ListByParts is the rule list with by: elements are told apart by what id gives,
// and merged one by one, the fields of a struct each by itself. Order is the
// remote side's, then the local additions. An element that both sides changed
// differently is a conflict, and so is one that one side removed and the other
// changed: the local side wins. Lists that name an identity twice are merged as
// ListParts does.
func ListByParts[S ~[]E, E any, K comparable](c *Context, f int, elem codec.Codec[E], id func(E) K, base, local, remote S) S {
	if takeLocal, done := oneSided(sameList[S](elem), base, local, remote); done {
		return pick(takeLocal, local, remote)
	}
	inBase, okB := byID(base, id)
	inLocal, okL := byID(local, id)
	inRemote, okR := byID(remote, id)
	if !okB || !okL || !okR {
		return ListParts(c, f, elem, base, local, remote)
	}
	merged := make(S, 0, len(remote)+len(local))
	add := func(k K) {
		if e, keep := mergeElement(c, f, elem, fmt.Sprint(k), inBase[k], inLocal[k], inRemote[k]); keep {
			merged = append(merged, e)
		}
	}
	for _, e := range remote {
		add(id(e))
	}
	for _, e := range local {
		if k := id(e); inRemote[k] == nil {
			add(k)
		}
	}
	// What only the base has is gone on both sides.
	c.Mixed.Add(f)
	return merged
}

// byID finds the elements by their identities, and tells whether each has its
// own.
func byID[S ~[]E, E any, K comparable](s S, id func(E) K) (map[K]*E, bool) {
	m := make(map[K]*E, len(s))
	for i := range s {
		m[id(s[i])] = &s[i]
	}
	return m, len(m) == len(s)
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
// merge, because only one side changed the field or both made the same of it.
func oneSided[T any](equal func(a, b T) bool, base, local, remote T) (takeLocal, done bool) {
	switch {
	case equal(local, remote) || equal(local, base):
		return false, true
	case equal(remote, base):
		return true, true
	}
	return false, false
}

func pick[T any](takeLocal bool, local, remote T) T {
	if takeLocal {
		return local
	}
	return remote
}
