package codec_test

import (
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model/codec"
)

// header is a map of lists with its own form.
type header map[string][]string

func (h header) MarshalJSON() ([]byte, error) { return json.Marshal(map[string][]string(h)) }
func (h *header) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, (*map[string][]string)(h))
}

func codecHeader() codec.Codec[header] { return codec.JSON[header](nil).CopiedBy(maps.Clone[header]) }

// broken can be written, but not read.
type broken struct{ n *int }

func (broken) MarshalText() ([]byte, error)     { return []byte("x"), nil }
func (*broken) UnmarshalText(text []byte) error { return errors.New("cannot") }

// day is a time with its own form.
type day struct{ time.Time }

func TestCopiesShareNothing(t *testing.T) {
	one := 1
	m := maybe{&one}
	if c := codec.JSON[maybe](nil).Clone(m); c.n == &one || *c.n != 1 {
		t.Errorf("%v is a copy of %v", c, m)
	}
	h := header{"a": {"b"}}
	if c := codecHeader().Clone(h); &c["a"][0] == &h["a"][0] || c["a"][0] != "b" {
		t.Errorf("%v is a copy of %v", c, h)
	}
	n := big.NewInt(7)
	c := codec.Ptr(codec.Text[big.Int](nil)).Clone(n)
	if n.SetInt64(8); c.Int64() != 7 {
		t.Errorf("%v after its original was changed", c)
	}
}

// A copy that lacks something is worse than none.
func TestCopiesLoseNothing(t *testing.T) {
	third, _, err := big.ParseFloat("0.333333333333333333333333333333333333333333333333", 10, 200, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	if c := codec.Ptr(codec.Text[big.Float](nil)).Clone(third); c.Cmp(third) != 0 {
		t.Errorf("%v is a copy of %v", c, third)
	}
	b := broken{new(int)}
	if c := codec.Text[broken](nil).Clone(b); c != b {
		t.Errorf("%v is a copy of %v", c, b)
	}
}

func TestPlainTypesAreCopiedByAssignment(t *testing.T) {
	addr, today := netip.MustParseAddr("fe80::1%eth0"), day{time.Now()}
	addrs, days := codec.Text[netip.Addr](nil), codec.JSON[day](nil)
	if n := testing.AllocsPerRun(10, func() { addrs.Clone(addr); days.Clone(today) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
