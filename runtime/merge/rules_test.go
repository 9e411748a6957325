package merge_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

// changed is a context in which field 0 changed locally.
func changed() *merge.Context { return &merge.Context{Local: model.FieldSetOf(0)} }

func TestWholeValues(t *testing.T) {
	type rule = func(c *merge.Context, f int, base, local, remote int) int
	at := func(local, remote int) rule {
		return func(c *merge.Context, f int, b, l, r int) int {
			c.LocalStamp, c.RemoteStamp = 10, 10
			if local > remote {
				c.LocalStamp = 11
			} else if remote > local {
				c.RemoteStamp = 11
			}
			return merge.NewestWins(c, f, b, l, r)
		}
	}
	for _, c := range []struct {
		name                string
		rule                rule
		base, local, remote int
		want                int
		conflict            bool
	}{
		{"only local changed", merge.RemoteWins[int], 1, 2, 1, 2, false},
		{"touched locally, changed remotely", merge.LocalWins[int], 1, 1, 3, 1, true},
		{"both ended equal", merge.LocalWins[int], 1, 2, 2, 2, false},
		{"local", merge.LocalWins[int], 1, 2, 3, 2, true},
		{"remote", merge.RemoteWins[int], 1, 2, 3, 3, true},
		{"newest, local later", at(2, 1), 1, 2, 3, 2, true},
		{"newest, remote later", at(1, 2), 1, 2, 3, 3, true},
		{"newest, tie", at(1, 1), 1, 2, 3, 2, true},
		{"max", merge.MaxWins[int], 1, 2, 3, 3, true},
		{"max, local larger", merge.MaxWins[int], 1, 4, 3, 4, true},
		{"max, lowered locally only", merge.MaxWins[int], 5, 3, 5, 3, false},
		{"min", merge.MinWins[int], 5, 2, 3, 2, true},
		{"min, remote smaller", merge.MinWins[int], 5, 4, 3, 3, true},
	} {
		mc := changed()
		if got := c.rule(mc, 0, c.base, c.local, c.remote); got != c.want || (len(mc.Conflicts) > 0) != c.conflict {
			t.Errorf("%s: %d with conflicts %v, want %d", c.name, got, mc.Conflicts, c.want)
		}
	}
}

func TestNaNIsLessThanEveryNumber(t *testing.T) {
	if got := merge.MaxWins(changed(), 0, 0, math.NaN(), 1); got != 1 {
		t.Errorf("max of NaN and 1 is %v", got)
	}
}

func TestTimesAreComparedByInstant(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	mc := changed()
	if merge.LocalWinsFunc(mc, 0, time.Time.Equal, at, at.Add(time.Hour), at.Add(time.Hour).In(time.FixedZone("", 7200))); len(mc.Conflicts) > 0 {
		t.Error("the same instant in two zones is a conflict")
	}
	if got := merge.MaxTimeWins(changed(), 0, at, at.Add(1), at.Add(2)); !got.Equal(at.Add(2)) {
		t.Errorf("the later time is %v", got)
	}
}

func TestFunc(t *testing.T) {
	decide := func(base, local, remote int) (int, error) {
		switch {
		case local == 13:
			return 0, errors.New("unlucky")
		case local == 14:
			panic("worse")
		}
		return local*10 + remote, nil
	}
	equal := func(a, b int) bool { return a == b }
	mc := changed()
	if got := merge.FuncWins(mc, 0, equal, decide, 1, 2, 3); got != 23 || len(mc.Conflicts) != 1 || mc.Err() != nil {
		t.Errorf("%d, %v, %v", got, mc.Conflicts, mc.Err())
	}
	mc = changed()
	if got := merge.FuncWins(mc, 0, equal, decide, 1, 1, 3); got != 13 && mc.Err() != nil {
		t.Errorf("%d, %v", got, mc.Err())
	}
	mc = changed()
	if merge.FuncWins(mc, 0, equal, decide, 1, 13, 3); mc.Err() == nil || !strings.Contains(mc.Err().Error(), "unlucky") {
		t.Errorf("the error was %v", mc.Err())
	}
	mc = changed()
	var panicked *merge.PanicError
	if merge.FuncWins(mc, 0, equal, decide, 1, 14, 3); !errors.As(mc.Err(), &panicked) || panicked.Value != "worse" {
		t.Errorf("the panic was %v", mc.Err())
	}
}

// The sum is the exact one, or an overflow, by arithmetic without limits.
func TestCounterAgainstBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, l, r := rapid.Int64().Draw(t, "base"), rapid.Int64().Draw(t, "local"), rapid.Int64().Draw(t, "remote")
		checkSum(t, b, l, r, "-9223372036854775808", "9223372036854775807")
		checkSum(t, int8(b), int8(l), int8(r), "-128", "127")
		checkSum(t, uint64(b), uint64(l), uint64(r), "0", "18446744073709551615")
		checkSum(t, uint8(b), uint8(l), uint8(r), "0", "255")
	})
}

func checkSum[T merge.Number](t *rapid.T, base, local, remote T, least, most string) {
	t.Helper()
	exactly := func(v any) *big.Int {
		n, _ := new(big.Int).SetString(fmt.Sprint(v), 10)
		return n
	}
	mc := changed()
	got := merge.Sum(mc, 0, base, local, remote)
	want := new(big.Int).Add(exactly(remote), new(big.Int).Sub(exactly(local), exactly(base)))
	fits := want.Cmp(exactly(least)) >= 0 && want.Cmp(exactly(most)) <= 0
	switch {
	case fits && (mc.Err() != nil || exactly(got).Cmp(want) != 0):
		t.Fatalf("%v + (%v - %v) = %v (%v), want %v", remote, local, base, got, mc.Err(), want)
	case !fits && !errors.Is(mc.Err(), merge.ErrOverflow):
		t.Fatalf("%v + (%v - %v) = %v (%v), want an overflow", remote, local, base, got, mc.Err())
	case len(mc.Conflicts) > 0:
		t.Fatal("a counter is never a conflict")
	}
}

func TestCounterOfFloats(t *testing.T) {
	if got := merge.Sum(changed(), 0, 1.0, 1.5, 10); got != 10.5 {
		t.Errorf("%v", got)
	}
	if mc := changed(); merge.Sum(mc, 0, math.NaN(), 5, math.NaN()) != 5 || mc.Err() != nil {
		t.Errorf("counted from NaN: %v", mc.Err())
	}
	mc := changed()
	if merge.Sum(mc, 0, 0, math.MaxFloat64, math.MaxFloat64); !errors.Is(mc.Err(), merge.ErrOverflow) {
		t.Errorf("the error was %v", mc.Err())
	}
}

// smallSet draws a list without repetitions.
func smallSet() *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(strings.Split("abcdefgh", "")), 0, 6, rapid.ID[string])
}

// An element is in the merged set as each side's change to it says.
func TestSetElementByElement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := smallSet().Draw(t, "base"), smallSet().Draw(t, "local"), smallSet().Draw(t, "remote")
		for _, merged := range [][]string{
			merge.SetParts(changed(), 0, base, local, remote),
			merge.SetPartsFunc(changed(), 0, codec.String[string](), base, local, remote),
		} {
			for e := range strings.SplitSeq("abcdefgh", "") {
				want := slices.Contains(remote, e)
				if slices.Contains(local, e) != slices.Contains(base, e) {
					want = slices.Contains(local, e)
				}
				if n := count(merged, e); n > 1 || (n == 1) != want {
					t.Fatalf("%s is %d times in %v", e, n, merged)
				}
			}
		}
	})
}

func count[E comparable](list []E, e E) (n int) {
	for _, x := range list {
		if x == e {
			n++
		}
	}
	return n
}

func TestMapKeyByKey(t *testing.T) {
	small := rapid.MapOfN(rapid.SampledFrom(strings.Split("abcd", "")), rapid.IntRange(1, 3), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := small.Draw(t, "base"), small.Draw(t, "local"), small.Draw(t, "remote")
		mc := changed()
		merged := merge.MapParts(mc, 0, codec.String[string](), func(a, b int) bool { return a == b }, base, local, remote)
		want := maps.Clone(remote) // 0 stands for a key that is not there: the map has none
		var conflicts []string
		for k := range strings.SplitSeq("abcd", "") {
			if local[k] == base[k] || local[k] == remote[k] {
				continue
			}
			if remote[k] != base[k] {
				conflicts = append(conflicts, k)
			}
			if want[k] = local[k]; local[k] == 0 {
				delete(want, k)
			}
		}
		if !maps.Equal(merged, want) {
			t.Fatalf("%v, want %v", merged, want)
		}
		var found []string
		for _, part := range mc.Conflicts {
			found = append(found, part.Part)
		}
		if !slices.Equal(found, conflicts) {
			t.Fatalf("conflicts in %v, want %v", found, conflicts)
		}
	})
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		name, base, local, remote, want string
		conflict                        bool
	}{
		{"two additions at the end", "a", "al", "ar", "arl", false},
		{"two additions at the start", "a", "la", "ra", "rla", false},
		{"into an empty list", "", "l", "r", "rl", false},
		{"different places", "abcd", "Abcd", "abcde", "Abcde", false},
		{"neighbours", "ab", "Ab", "aB", "AB", false},
		{"the same stretch", "abc", "aLc", "aRc", "aLc", true},
		{"the same edit", "abc", "aXcl", "aXc", "aXcl", false},
		{"a removal each", "abcde", "acde", "abce", "ace", false},
		{"the same removal", "abc", "ac", "acx", "acx", false},
		{"a removal against an edit", "abc", "ac", "aBc", "ac", true},
		{"an insertion before an edit", "ab", "alb", "aB", "alB", false},
		{"an insertion into what was removed", "abcd", "ad", "abxcd", "ad", true},
		{"the same addition and one more", "a", "axy", "ax", "axy", false},
		{"everything replaced by both", "abc", "xyz", "uvw", "xyz", true},
		{"removals that overlap", "abcdef", "aef", "abcf", "af", false},
		{"one more, the other way round", "a", "ax", "axy", "axy", false},
		{"the same addition after another", "a", "ay", "axy", "axy", false},
		{"the same addition between others", "a", "axyz", "ay", "axyz", false},
		{"one addition of two the same", "a", "axl", "axr", "arxl", false},
		{"one addition in two places", "ab", "xab", "abx", "xab", false},
		{"a value that may repeat, in two places", "aab", "xaab", "aabx", "xaabx", false},
		{"the same addition and one more, beside another", "aab", "Laabx", "aabxy", "Laabxy", false},
		{"the other way round, beside another", "aab", "aabxy", "Raabx", "Raabxy", false},
		{"moved to two places, where values repeat", "aabcdef", "aacdefb", "aacdbef", "aacdefb", true},
		{"moved to the same place", "abcd", "bcda", "bcdar", "bcdar", false},
		{"moved to two places", "abcde", "bcdea", "bcade", "bcdea", true},
		{"moved, and removed there", "abcd", "bcda", "bcd", "bcda", true},
		{"removed, and moved there", "abcd", "bcd", "bcda", "bcd", true},
		{"all removed, and moved there", "ab", "", "ba", "", true},
		{"removed, and moved there, where values repeat", "abca", "bc", "bcaa", "bc", true},
	} {
		split := func(s string) []string { return strings.Split(s, "")[:len(s)] }
		mc := changed()
		merged := merge.ListParts(mc, 0, codec.String[string](), split(c.base), split(c.local), split(c.remote))
		if got := strings.Join(merged, ""); got != c.want || (len(mc.Conflicts) > 0) != c.conflict {
			t.Errorf("%s: %q with %d conflicts, want %q", c.name, got, len(mc.Conflicts), c.want)
		}
	}
}

// Lists of any shape: nothing that either side added or left alone is lost,
// nothing that either removed is there, unless it is a conflict.
func TestListKeepsWhatBothSidesDid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := smallSet().Draw(t, "base")
		edit := func(side string) []string {
			list := slices.Clone(base)
			for i := range rapid.IntRange(0, 3).Draw(t, side+" edits") {
				at := rapid.IntRange(0, len(list)).Draw(t, "at")
				if at < len(list) && rapid.Bool().Draw(t, "remove") {
					list = slices.Delete(list, at, at+1)
				} else {
					list = slices.Insert(list, at, side+string(rune('0'+i)))
				}
			}
			return list
		}
		local, remote := edit("L"), edit("R")
		mc := changed()
		merged := merge.ListParts(mc, 0, codec.String[string](), base, local, remote)
		if len(mc.Conflicts) > 0 {
			if !slices.Equal(merged, local) {
				t.Fatalf("a conflict gives %v", merged)
			}
			return
		}
		want := map[string]bool{}
		for _, e := range slices.Concat(base, local, remote) {
			inL, inR := slices.Contains(local, e), slices.Contains(remote, e)
			want[e] = inL && inR || !slices.Contains(base, e)
		}
		for e, there := range want {
			if n := count(merged, e); n > 1 || (n == 1) != there {
				t.Fatalf("%s is %d times in %v of base %v, local %v, remote %v", e, n, merged, base, local, remote)
			}
		}
	})
}

// edited draws a list that somebody made of another: additions, removals and moves.
func edited(t *rapid.T, list []string, side string) []string {
	list = slices.Clone(list)
	for i := range rapid.IntRange(0, 3).Draw(t, side+" edits") {
		at := rapid.IntRange(0, len(list)).Draw(t, "at")
		what := rapid.IntRange(0, 2).Draw(t, "what")
		switch {
		case at < len(list) && what == 0:
			list = slices.Delete(list, at, at+1)
		case at < len(list) && what == 1:
			e := list[at]
			list = slices.Delete(list, at, at+1)
			list = slices.Insert(list, rapid.IntRange(0, len(list)).Draw(t, "to"), e)
		default:
			list = slices.Insert(list, at, side+string(rune('0'+i)))
		}
	}
	return list
}

// Merging again what was merged before, with either side, doubles nothing and
// loses nothing that neither side removed.
func TestMergingAgain(t *testing.T) {
	rules := map[string]func(mc *merge.Context, base, local, remote []string) []string{
		"list": func(mc *merge.Context, b, l, r []string) []string {
			return merge.ListParts(mc, 0, codec.String[string](), b, l, r)
		},
		"text": func(mc *merge.Context, b, l, r []string) []string {
			text := func(lines []string) string { return strings.Join(lines, "\n") }
			return strings.Fields(merge.TextParts(mc, 0, text(b), text(l), text(r)))
		},
		"list by identity": func(mc *merge.Context, b, l, r []string) []string {
			same := func(s string) string { return s }
			return merge.ListByParts(mc, 0, codec.String[string](), same, b, l, r)
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		base := smallSet().Draw(t, "base")
		rule := rapid.SampledFrom([]string{"list", "text", "list by identity"}).Draw(t, "rule")
		local, remote := edited(t, base, "L"), edited(t, base, "R")
		once := rules[rule](changed(), base, local, remote)
		for _, again := range [][3][]string{{base, local, remote}, {base, once, remote}, {base, once, local}, {base, local, once}, {base, remote, once}} {
			mc := changed()
			merged := rules[rule](mc, again[0], again[1], again[2])
			whole := slices.Contains(mc.Conflicts, merge.Part{})
			for _, e := range slices.Concat(merged, once) {
				removed := count(base, e) > count(local, e) || count(base, e) > count(remote, e)
				if n := count(merged, e); n > 1 || n == 0 && !removed && !whole {
					t.Fatalf("%s is %d times in %v, which is %v merged again; base %v, local %v, remote %v", e, n, merged, once, again[0], again[1], again[2])
				}
			}
		}
	})
}

// FuzzText: what either side added is there, or it is a conflict and the local
// text is taken whole.
func FuzzText(f *testing.F) {
	f.Add("the quick fox", "the slow fox", "the quick dog")
	f.Add("one\ntwo\n", "one\nL\ntwo\n", "one\ntwo")
	f.Add("", "L", "R\r\n\xff")
	f.Fuzz(func(t *testing.T, base, local, remote string) {
		mc := changed()
		merged := merge.TextParts(mc, 0, base, local, remote)
		if slices.Contains(mc.Conflicts, merge.Part{}) {
			if merged != local {
				t.Errorf("a conflict gives %q", merged)
			}
			return
		}
		for word := range strings.FieldsSeq(local + " " + remote) {
			plain := func(r rune) bool { return r < 'a' || r > 'z' }
			if strings.IndexFunc(word, plain) < 0 && !strings.Contains(base, word) && !strings.Contains(merged, word) {
				t.Errorf("%q is lost in %q", word, merged)
			}
		}
		if utf8.ValidString(base) && utf8.ValidString(local) && utf8.ValidString(remote) && !utf8.ValidString(merged) {
			t.Errorf("%q is not UTF-8", merged)
		}
	})
}

// FuzzList: what both sides kept or one of them made is there, and no more often
// than both of them made it. Of a value that is there more than once each side may
// have taken another copy away.
func FuzzList(f *testing.F) {
	f.Add([]byte("abcde"), []byte("bcdea"), []byte("bcade"))
	f.Add([]byte("aab"), []byte("xaab"), []byte("aabx"))
	f.Fuzz(func(t *testing.T, base, local, remote []byte) {
		mc := changed()
		merged := merge.ListParts(mc, 0, codec.Uint[byte](), base, local, remote)
		if slices.Contains(mc.Conflicts, merge.Part{}) {
			if !slices.Equal(merged, local) {
				t.Errorf("a conflict gives %q", merged)
			}
			return
		}
		for _, e := range slices.Concat(base, local, remote, merged) {
			b, l, r, m := count(base, e), count(local, e), count(remote, e), count(merged, e)
			least, most := 0, b+max(0, l-b)+max(0, r-b)
			if b == 0 && max(l, r) > 0 || b == 1 && min(l, r) > 0 {
				least = 1
			}
			if m < least || m > most {
				t.Errorf("%q is %d times in %q, want from %d to %d", e, m, merged, least, most)
			}
		}
	})
}

type photo struct{ hash, caption, by string }

func photoCodec() codec.Codec[photo] {
	return codec.Struct(
		codec.At("hash", codec.String[string](), func(p *photo) *string { return &p.hash }),
		codec.At("caption", codec.String[string](), func(p *photo) *string { return &p.caption }),
		codec.At("by", codec.String[string](), func(p *photo) *string { return &p.by }),
	)
}

func TestListByIdentity(t *testing.T) {
	for _, c := range []struct {
		name                      string
		base, local, remote, want []photo
		conflicts                 []string
	}{
		{"fields of an element", []photo{{"1", "a", "x"}}, []photo{{"1", "L", "x"}}, []photo{{"1", "a", "R"}}, []photo{{"1", "L", "R"}}, nil},
		{"one field by both", []photo{{"1", "a", "x"}}, []photo{{"1", "L", "x"}}, []photo{{"1", "R", "y"}}, []photo{{"1", "L", "y"}}, []string{"1.caption"}},
		{"additions", []photo{{"1", "a", ""}}, []photo{{"1", "a", ""}, {"l", "", ""}}, []photo{{"r", "", ""}, {"1", "a", ""}}, []photo{{"r", "", ""}, {"1", "a", ""}, {"l", "", ""}}, nil},
		{"removed against edited", []photo{{"1", "a", ""}}, nil, []photo{{"1", "R", ""}}, nil, []string{"1"}},
		{"edited against removed", []photo{{"1", "a", ""}}, []photo{{"1", "L", ""}}, nil, []photo{{"1", "L", ""}}, []string{"1"}},
		{"added by both", nil, []photo{{"1", "L", ""}}, []photo{{"1", "R", ""}}, []photo{{"1", "L", ""}}, []string{"1"}},
		{"put in order here, edited and added there", []photo{{"1", "a", ""}, {"2", "", ""}}, []photo{{"2", "", ""}, {"1", "a", ""}, {"l", "", ""}}, []photo{{"1", "R", ""}, {"r", "", ""}, {"2", "", ""}}, []photo{{"2", "", ""}, {"1", "R", ""}, {"l", "", ""}, {"r", "", ""}}, nil},
		{"put in order there", []photo{{"1", "a", ""}, {"2", "", ""}}, []photo{{"1", "L", ""}, {"2", "", ""}}, []photo{{"2", "", ""}, {"1", "a", ""}}, []photo{{"2", "", ""}, {"1", "L", ""}}, nil},
		{"put in the same order", []photo{{"1", "a", ""}, {"2", "", ""}}, []photo{{"2", "", ""}, {"1", "L", ""}}, []photo{{"2", "", ""}, {"r", "", ""}, {"1", "a", ""}}, []photo{{"2", "", ""}, {"r", "", ""}, {"1", "L", ""}}, nil},
		{"put in two orders", []photo{{"1", "", ""}, {"2", "", ""}, {"3", "", ""}}, []photo{{"2", "", ""}, {"1", "", ""}, {"3", "", ""}}, []photo{{"3", "", ""}, {"1", "", ""}, {"2", "", ""}}, []photo{{"3", "", ""}, {"1", "", ""}, {"2", "", ""}}, []string{"order"}},
		{"put in order here, one removed there", []photo{{"1", "", ""}, {"2", "", ""}}, []photo{{"2", "", ""}, {"1", "", ""}}, []photo{{"2", "", ""}}, []photo{{"2", "", ""}}, nil},
		{"an identity twice", []photo{{"1", "a", ""}}, []photo{{"1", "a", ""}, {"1", "a", ""}, {"2", "", ""}}, []photo{{"0", "", ""}, {"1", "a", ""}}, []photo{{"0", "", ""}, {"1", "a", ""}, {"1", "a", ""}, {"2", "", ""}}, nil},
	} {
		mc := changed()
		merged := merge.ListByParts(mc, 0, photoCodec(), func(p photo) string { return p.hash }, c.base, c.local, c.remote)
		var conflicts []string
		for _, part := range mc.Conflicts {
			conflicts = append(conflicts, part.Part)
		}
		if !slices.Equal(merged, c.want) || !slices.Equal(conflicts, c.conflicts) {
			t.Errorf("%s: %v with conflicts %v, want %v with %v", c.name, merged, conflicts, c.want, c.conflicts)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name, base, local, remote, want string
		conflict                        bool
	}{
		{"different lines", "one\ntwo\nthree\n", "ONE\ntwo\nthree\n", "one\ntwo\nTHREE\n", "ONE\ntwo\nTHREE\n", false},
		{"lines added at the end", "one\n", "one\nlocal\n", "one\nremote\n", "one\nremote\nlocal\n", false},
		{"lines added after an open end", "one", "one\nlocal", "one\nremote", "one\nremote\nlocal", false},
		{"words of one line", "the quick fox", "the slow fox", "the quick dog", "the slow dog", false},
		{"the same word", "the quick fox", "the slow fox", "the lazy fox", "the slow fox", true},
		{"both from nothing", "", "local", "remote", "remote\nlocal", false},
		{"both from nothing, with ends", "", "local\n", "remote\n", "remote\nlocal\n", false},
		{"an end added, a line edited", "one\ntwo", "one\ntwo\n", "ONE\ntwo", "ONE\ntwo\n", false},
		{"emptied, a line added at the end", "one\n", "", "one\ntwo\n", "two\n", false},
		{"a line removed and one edited", "a\nb\nc\n", "b\nc\n", "a\nb\nC\n", "b\nC\n", false},
		{"merged again, beside a removal", "a\nb", "L\nM", "L\nb\nM", "L\nM", false},
		{"a line moved to two places", "a\nb\nc\nd\ne\n", "b\nc\nd\ne\na\n", "b\nc\na\nd\ne\n", "b\nc\nd\ne\na\n", true},
		{"a line moved to two places, and edits", "a\nb\nc\nd\ne\n", "b\nL\nc\nd\ne\na\n", "b\nc\na\nd\ne\nR\n", "b\nL\nc\nd\ne\nR\na\n", true},
		{"merged again by words", "a\nb\nc", "a\nX\nb\nY", "b\na\nX\nY", "b\na\nX\nY", false},
		{"a line removed, a word removed in it", "call Ann today\nbuy bolts\n", "buy bolts\n", "call Ann\nbuy bolts\n", "buy bolts\n", false},
		{"a word removed, and its line", "call Ann today\nbuy bolts\n", "call Ann\nbuy bolts\n", "buy bolts\n", "buy bolts\n", false},
		{"emptied, a word removed", "call Ann today", "", "call Ann", "", false},
		{"one space removed by both", "w1 w2\nw3 w4\n", "w1 w4\n", "w1 w2\nw4\n", "w1 w4\n", false},
		{"words with accents", "le café noir", "le café blanc", "un café noir", "un café blanc", false},
	} {
		mc := changed()
		if got := merge.TextParts(mc, 0, c.base, c.local, c.remote); got != c.want || (len(mc.Conflicts) > 0) != c.conflict {
			t.Errorf("%s: %q with %d conflicts, want %q", c.name, got, len(mc.Conflicts), c.want)
		}
	}
}

// The laws: an unchanged side gives the other, and merging the result again
// changes nothing.
func TestLawsOfParts(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab \n")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := text.Draw(t, "base"), text.Draw(t, "local"), text.Draw(t, "remote")
		merges := map[string]func(mc *merge.Context, base, local, remote string) string{
			"text": func(mc *merge.Context, b, l, r string) string { return merge.TextParts(mc, 0, b, l, r) },
			"list": func(mc *merge.Context, b, l, r string) string {
				split := func(s string) []string { return strings.Split(s, "")[:len(s)] }
				return strings.Join(merge.ListParts(mc, 0, codec.String[string](), split(b), split(l), split(r)), "")
			},
		}
		for name, do := range merges {
			if got := do(changed(), base, base, remote); got != remote {
				t.Fatalf("%s: unchanged locally gives %q, want %q", name, got, remote)
			}
			if got := do(changed(), base, local, base); got != local {
				t.Fatalf("%s: unchanged remotely gives %q, want %q", name, got, local)
			}
			once := do(changed(), base, local, remote)
			if again := do(changed(), remote, once, remote); again != once {
				t.Fatalf("%s: %q merged again, rebased, is %q", name, once, again)
			}
		}
	})
}
