package merge

import (
	"slices"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// A three-way merge of sequences, over numbers that stand for the elements:
// equal elements have equal numbers. It is the classic one of Khanna, Kunal and
// Pierce, "A Formal Investigation of Diff3" (2007), except that two insertions
// at one point do not conflict: both stay, or the larger one where it contains
// the other.

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

// merger merges three sequences of elements that are told apart by their numbers.
type merger[E any] struct {
	numbers    int // how many there are
	bs, ls, rs []rune
	merged     []E
	ms         []rune
	theirs     []bool // of merged: whether the remote side put it there, or a merge of both
	resolved   bool   // whether any of it is a merge of both
}

// mergeSequence merges three sequences. Where both sides changed a stretch,
// resolve is asked for what it becomes; when it cannot say, the sequences
// conflict and ok is false. What one side did is not done twice where the other
// side has it already, as after an earlier merge.
func mergeSequence[E any, K comparable](id func(E) K, base, local, remote []E, resolve func(base, local, remote []E) ([]E, bool)) (m *merger[E], ok bool) {
	numbers := ids[K]{}
	m = &merger[E]{bs: number(numbers, base, id), ls: number(numbers, local, id), rs: number(numbers, remote, id)}
	m.numbers = len(numbers)
	for _, s := range stretches(m.bs, m.ls, m.rs) {
		bs, ls, rs := m.bs[s.base[0]:s.base[1]], m.ls[s.local[0]:s.local[1]], m.rs[s.remote[0]:s.remote[1]]
		inLocal, inRemote := local[s.local[0]:s.local[1]], remote[s.remote[0]:s.remote[1]]
		inserted := s.base[0] == s.base[1]
		switch {
		case !s.byLocal:
			m.add(inRemote, rs, s.byRemote)
		case !s.byRemote || slices.Equal(ls, rs) || inserted && contains(ls, rs):
			m.add(inLocal, ls, false)
		case inserted && contains(rs, ls):
			m.add(inRemote, rs, true)
		case inserted:
			m.add(inRemote, rs, true)
			m.add(inLocal, ls, false)
		case contains(bs, ls) && contains(bs, rs): // both only removed
			for _, i := range keptByBoth(bs, ls, rs) {
				m.add(base[s.base[0]+i:][:1], bs[i:][:1], false)
			}
		default:
			both, ok := resolve(base[s.base[0]:s.base[1]], inLocal, inRemote)
			if !ok {
				return nil, false
			}
			m.resolved = true
			m.add(both, number(numbers, both, id), true)
		}
	}
	m.numbers = len(numbers)
	switch {
	case m.holds(m.ls, m.rs):
		m.merged, m.ms, m.theirs = local, m.ls, make([]bool, len(local))
	case m.holds(m.rs, m.ls):
		m.merged, m.ms, m.theirs = remote, m.rs, make([]bool, len(remote))
	}
	return m, true
}

func (m *merger[E]) add(elements []E, numbers []rune, theirs bool) {
	m.merged, m.ms = append(m.merged, elements...), append(m.ms, numbers...)
	for range elements {
		m.theirs = append(m.theirs, theirs)
	}
}

// holds tells whether all has what part did to the base, and whatever is merged: the
// elements of part in their order, except those of the base that all removed, and none
// that part removed. Where something was resolved all must have that too, and so
// nothing else.
func (m *merger[E]) holds(all, part []rune) bool {
	inBase, inAll, inPart, inMerged := m.count(m.bs), m.count(all), m.count(part), m.count(m.ms)
	for n := range inAll {
		if inPart[n] < inBase[n] && inPart[n] < inAll[n] || inMerged[n] > 0 && inAll[n] == 0 || m.resolved && inAll[n] > 0 && inMerged[n] == 0 {
			return false
		}
	}
	return contains(all, slices.DeleteFunc(slices.Clone(part), func(n rune) bool { return inBase[n] > 0 && inAll[n] == 0 }))
}

// count is how often each element is in a sequence.
func (m *merger[E]) count(s []rune) []int {
	counts := make([]int, m.numbers)
	for _, n := range s {
		counts[n]++
	}
	return counts
}

// dropDoubles takes out second copies that nobody made: of an element that both
// sides moved, each to another place, and, in sequences in which nothing was there
// twice, of one that both sides added. The local place stands. It gives one copy
// of each element that was moved.
func (m *merger[E]) dropDoubles() (moved []E) {
	inBase, inLocal, inRemote, inMerged := m.count(m.bs), m.count(m.ls), m.count(m.rs), m.count(m.ms)
	once := max(slices.Max(inBase), slices.Max(inLocal), slices.Max(inRemote)) == 1
	var kept []E
	told := make([]bool, m.numbers)
	for i, n := range m.ms {
		most := 1
		if !once {
			most = max(most, inBase[n]+max(0, inLocal[n]-inBase[n])+max(0, inRemote[n]-inBase[n]))
		}
		if !m.theirs[i] || inMerged[n] <= most {
			kept = append(kept, m.merged[i])
			continue
		}
		inMerged[n]--
		if inBase[n] > 0 && !told[n] {
			moved = append(moved, m.merged[i])
			told[n] = true
		}
	}
	m.merged = kept
	return moved
}

// dropRemoved takes out what the local side removed, all of it, while the remote one
// put it in another place. What the local side moved and the remote one removed stays.
// It gives one copy of each such element.
func (m *merger[E]) dropRemoved() (touched []E) {
	inBase, inLocal, inRemote := m.count(m.bs), m.count(m.ls), m.count(m.rs)
	told := make([]bool, m.numbers)
	at := 0
	for i, n := range m.ms {
		if min(inLocal[n], inRemote[n]) == 0 && max(inLocal[n], inRemote[n]) <= inBase[n] {
			if !told[n] {
				touched, told[n] = append(touched, m.merged[i]), true
			}
			if inLocal[n] == 0 {
				continue
			}
		}
		if at < i { // else it may be a side's own list, of which nothing is taken out
			m.merged[at], m.ms[at], m.theirs[at] = m.merged[i], m.ms[i], m.theirs[i]
		}
		at++
	}
	m.merged, m.ms, m.theirs = m.merged[:at], m.ms[:at], m.theirs[:at]
	return touched
}

// keptByBoth lists what is left of base, by its indexes, where both sides only
// removed. Which of several equal elements a side removed cannot be told, so of the ways
// to see it that one counts in which the most is left.
func keptByBoth(base, local, remote []rune) []int {
	var most []int
	for _, l := range embeddings(base, local) {
		for _, r := range embeddings(base, remote) {
			var kept []int
			for i := range base {
				if l[i] && r[i] {
					kept = append(kept, i)
				}
			}
			if len(kept) > len(most) {
				most = kept
			}
		}
	}
	return most
}

// embeddings says which elements of base are those of part, which are all in it: as a
// comparison sees it, if that sees nothing but removals, as early and as late as can be.
func embeddings(base, part []rune) (ways [][]bool) {
	compared, removals := slices.Repeat([]bool{true}, len(base)), true
	for _, d := range lcs.DiffRunes(base, part) {
		removals = removals && d.ReplStart == d.ReplEnd
		for i := d.Start; i < d.End; i++ {
			compared[i] = false
		}
	}
	if removals {
		ways = append(ways, compared)
	}
	early, late := make([]bool, len(base)), make([]bool, len(base))
	next := 0
	for i, n := range base {
		if next < len(part) && part[next] == n {
			early[i], next = true, next+1
		}
	}
	next = len(part) - 1
	for i, n := range slices.Backward(base) {
		if next >= 0 && part[next] == n {
			late[i], next = true, next-1
		}
	}
	return append(ways, early, late)
}

// contains tells whether the elements of part are in all, in their order, with
// others between them perhaps.
func contains(all, part []rune) bool {
	for _, n := range all {
		if len(part) > 0 && part[0] == n {
			part = part[1:]
		}
	}
	return len(part) == 0
}
