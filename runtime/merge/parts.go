package merge

import (
	"cmp"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

// SetParts is the rule set for elements that == compares: what either side
// added is in, what either side removed is out. Order is the remote side's, then
// the local additions. It is never a conflict.
func SetParts[S ~[]E, E comparable](c *Context, f int, base, local, remote S) S {
	return mergeSet(c, f, func(e E) E { return e }, base, local, remote)
}

// SetPartsFunc is the rule set for elements that are told apart by their stored
// form. An element without one fails the object.
func SetPartsFunc[S ~[]E, E any](c *Context, f int, elem codec.Codec[E], base, local, remote S) S {
	return mergeSet(c, f, identity(c, f, elem), base, local, remote)
}

// identity tells elements apart by their stored form.
func identity[E any](c *Context, f int, elem codec.Codec[E]) func(E) model.Value {
	return func(e E) model.Value {
		v, err := elem.Value(e)
		if err != nil {
			c.Fail(f, err)
		}
		return v
	}
}

func mergeSet[S ~[]E, E any, K comparable](c *Context, f int, id func(E) K, base, local, remote S) S {
	if slices.EqualFunc(remote, base, func(a, b E) bool { return id(a) == id(b) }) {
		return local // whatever it did, a new order included
	}
	inBase, inLocal, inRemote := idSet(base, id), idSet(local, id), idSet(remote, id)
	if sameSet(inLocal, inRemote) {
		return remote
	}
	result := make(S, 0, len(remote)+len(local))
	for _, e := range remote {
		k := id(e)
		if _, removed := inBase[k]; removed && !has(inLocal, k) {
			continue
		}
		result = append(result, e)
	}
	for _, e := range local {
		if k := id(e); !has(inBase, k) && !has(inRemote, k) {
			inRemote[k] = struct{}{} // a list may name an element twice
			result = append(result, e)
		}
	}
	if inResult := idSet(result, id); !sameSet(inResult, inLocal) && !sameSet(inResult, idSet(remote, id)) {
		c.Mixed.Add(f)
	}
	return result
}

func idSet[S ~[]E, E any, K comparable](s S, id func(E) K) map[K]struct{} {
	set := make(map[K]struct{}, len(s))
	for _, e := range s {
		set[id(e)] = struct{}{}
	}
	return set
}

func has[K comparable](set map[K]struct{}, k K) bool {
	_, ok := set[k]
	return ok
}

func sameSet[K comparable](a, b map[K]struct{}) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !has(b, k) {
			return false
		}
	}
	return true
}

// MapParts is the rule map: each key by itself, with a missing key as one more
// value. A key that both sides changed differently is a conflict in that key,
// and the local side wins it.
func MapParts[M ~map[K]V, K comparable, V any](c *Context, f int, key codec.Codec[K], equal func(a, b V) bool, base, local, remote M) M {
	result := make(M, len(remote)+len(local))
	before := len(c.Conflicts)
	merge := func(k K) {
		b, inBase := base[k]
		l, inLocal := local[k]
		r, inRemote := remote[k]
		localIsRemote := inLocal == inRemote && (!inLocal || equal(l, r))
		localIsBase := inLocal == inBase && (!inLocal || equal(l, b))
		remoteIsBase := inRemote == inBase && (!inRemote || equal(r, b))
		if localIsRemote || localIsBase {
			if inRemote {
				result[k] = r
			}
			return
		}
		if !remoteIsBase {
			c.Conflict(f, partName(c, f, key, k))
		}
		if inLocal {
			result[k] = l
		}
	}
	for k := range local {
		merge(k)
	}
	for k := range remote {
		if _, done := local[k]; !done {
			merge(k)
		}
	}
	slices.SortFunc(c.Conflicts[before:], func(a, b Part) int { return cmp.Compare(a.Part, b.Part) })
	if !sameMap(result, local, equal) && !sameMap(result, remote, equal) {
		c.Mixed.Add(f)
	}
	return result
}

func sameMap[M ~map[K]V, K comparable, V any](a, b M, equal func(a, b V) bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k, va := range a {
		if vb, ok := b[k]; !ok || !equal(va, vb) {
			return false
		}
	}
	return true
}

// partName is how a report names a key.
func partName[K any](c *Context, f int, key codec.Codec[K], k K) string {
	v, err := key.Value(k)
	if err != nil {
		c.Fail(f, err)
	}
	return plain(v)
}

// plain is a value as part of a name: without the quotes of a string.
func plain(v model.Value) string {
	if v.Kind() == model.String {
		return v.Text()
	}
	return v.String()
}
