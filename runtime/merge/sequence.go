package merge

import (
	"slices"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// A three-way merge of sequences, over numbers that stand for the elements:
// equal elements have equal numbers. It is the classic one of Khanna, Kunal and
// Pierce, "A Formal Investigation of Diff3" (2007), except that two insertions
// at one point do not conflict: both stay.

// ids numbers the elements of three sequences.
type ids[K comparable] map[K]rune

func (n ids[K]) of(k K) rune {
	id, ok := n[k]
	if !ok {
		id = rune(len(n))
		n[k] = id
	}
	return id
}

// number gives the elements of a sequence their numbers.
func number[E any, K comparable](n ids[K], s []E, id func(E) K) []rune {
	numbers := make([]rune, len(s))
	for i, e := range s {
		numbers[i] = n.of(id(e))
	}
	return numbers
}

// stretch is a part of the merged sequence, as it stands in the three: where a
// side did not change it, it is the base's there.
type stretch struct {
	base, local, remote [2]int // from, to
	byLocal, byRemote   bool   // who changed it
}

// stretches cuts three sequences into parts that one side changed, or both, or
// none. Changes that overlap, and insertions at one point, are one stretch.
func stretches(base, local, remote []rune) []stretch {
	ls, rs := lcs.DiffRunes(base, local), lcs.DiffRunes(base, remote)
	var all []stretch
	at := stretch{} // the end of what is cut, as empty ranges
	advance := func(to int) {
		if n := to - at.base[1]; n > 0 {
			next := stretch{base: [2]int{at.base[1], to}, local: [2]int{at.local[1], at.local[1] + n}, remote: [2]int{at.remote[1], at.remote[1] + n}}
			all = append(all, next)
			at = next
		}
	}
	for len(ls) > 0 || len(rs) > 0 {
		from, to := start(ls, rs)
		advance(from)
		next := stretch{base: [2]int{from, to}}
		next.local[0], next.remote[0] = at.local[1], at.remote[1]
		grownL, grownR := 0, 0
		for {
			if len(ls) > 0 && touches(ls[0], next.base, next.byLocal) {
				next.byLocal = true
				next.base[1] = max(next.base[1], ls[0].End)
				grownL += ls[0].ReplEnd - ls[0].ReplStart - (ls[0].End - ls[0].Start)
				ls = ls[1:]
				continue
			}
			if len(rs) > 0 && touches(rs[0], next.base, next.byRemote) {
				next.byRemote = true
				next.base[1] = max(next.base[1], rs[0].End)
				grownR += rs[0].ReplEnd - rs[0].ReplStart - (rs[0].End - rs[0].Start)
				rs = rs[1:]
				continue
			}
			break
		}
		n := next.base[1] - next.base[0]
		next.local[1], next.remote[1] = next.local[0]+n+grownL, next.remote[0]+n+grownR
		all = append(all, next)
		at = next
	}
	advance(len(base))
	return all
}

// start is the range of the change that comes first; an insertion comes before a
// change of what stands there.
func start(ls, rs []lcs.Diff) (from, to int) {
	switch {
	case len(ls) == 0:
		return rs[0].Start, rs[0].End
	case len(rs) == 0:
		return ls[0].Start, ls[0].End
	case rs[0].Start < ls[0].Start || rs[0].Start == ls[0].Start && rs[0].End < ls[0].End:
		return rs[0].Start, rs[0].End
	}
	return ls[0].Start, ls[0].End
}

// touches tells whether a change belongs to the stretch: they overlap, or are
// insertions at one point, or it is the change that the stretch began with.
func touches(d lcs.Diff, stretch [2]int, sideInIt bool) bool {
	if d.Start == stretch[0] && d.End == stretch[1] && !sideInIt {
		return true
	}
	return d.Start < stretch[1] && stretch[0] < d.End
}

// mergeSequence merges three sequences. Where both sides changed a stretch,
// resolve is asked for what it becomes; when it cannot say, the sequences
// conflict and ok is false.
func mergeSequence[E any, K comparable](id func(E) K, base, local, remote []E, resolve func(base, local, remote []E) ([]E, bool)) (merged []E, ok bool) {
	numbers := ids[K]{}
	b, l, r := number(numbers, base, id), number(numbers, local, id), number(numbers, remote, id)
	for _, s := range stretches(b, l, r) {
		inLocal, inRemote := local[s.local[0]:s.local[1]], remote[s.remote[0]:s.remote[1]]
		switch {
		case !s.byLocal:
			merged = append(merged, inRemote...)
		case !s.byRemote:
			merged = append(merged, inLocal...)
		case startsWith(l[s.local[0]:s.local[1]], r[s.remote[0]:s.remote[1]], s):
			merged = append(merged, inLocal...)
		case startsWith(r[s.remote[0]:s.remote[1]], l[s.local[0]:s.local[1]], s):
			merged = append(merged, inRemote...)
		case s.base[0] == s.base[1]: // two insertions at one point
			merged = append(append(merged, inRemote...), inLocal...)
		default:
			both, ok := resolve(base[s.base[0]:s.base[1]], inLocal, inRemote)
			if !ok {
				return nil, false
			}
			merged = append(merged, both...)
		}
	}
	return merged, true
}

// startsWith tells whether what one side made of a stretch holds what the other
// side made of it: the same, or of insertions more of the same. Merging again
// what was merged before must not insert it twice.
func startsWith(all, part []rune, s stretch) bool {
	if s.base[0] != s.base[1] {
		return slices.Equal(all, part)
	}
	return len(all) >= len(part) && slices.Equal(all[:len(part)], part)
}
