// Package forms has a field of each form, and the traps among them.
package forms

import (
	"database/sql"
	"encoding/json"
	"math/big"
	"net/netip"
	"time"

	"github.com/resetgen/resetgen/gen/load/testdata/forms/geo"
)

// Base brings the key to what embeds it, and is no model itself.
type Base struct {
	// ID names the object.
	ID      string `reset:"key"`
	Created time.Time
}

// Level has a text form.
type Level int

func (l Level) MarshalText() ([]byte, error)     { return nil, nil }
func (l *Level) UnmarshalText(text []byte) error { return nil }

// Half has but half of a text form, so that it is a number.
type Half int

func (h Half) MarshalText() ([]byte, error) { return nil, nil }

// Zoned embeds a type with a text form, which does not speak for Zone.
type Zoned struct {
	time.Time
	Zone string
}

// Money brings an Equal of its own.
type Money struct{ cents int64 }

func (m Money) MarshalJSON() ([]byte, error)     { return nil, nil }
func (m *Money) UnmarshalJSON(text []byte) error { return nil }
func (m Money) Equal(other Money) bool           { return m == other }

// Tree contains itself.
type Tree struct {
	Name string
	Kids []Tree
}

// Pair is generic.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Octet is made of byte, and a list of it is no list of bytes.
type Octet byte

// Handle is an alias.
type Handle = string

type hidden struct{ Depth int }

// Everything is the model.
type Everything struct {
	_ struct{} `reset:"track=object,was=all"`
	Base
	hidden
	On       bool
	Size     uint8
	Rate     float32
	Wait     time.Duration
	Name     Handle
	Blob     []byte
	Raw      json.RawMessage
	Octets   []Octet
	Sum      [4]byte
	Level    Level
	Half     Half
	Big      big.Int
	Addr     netip.Addr
	Site     *netip.AddrPort
	Money    Money
	Zoned    Zoned
	Many     []Zoned
	Maybe    *time.Time
	Null     sql.Null[Level]
	NullText sql.NullString
	Grid     [2][]int
	Index    map[Level][]string
	Tree     Tree
	Root     *Tree
	Pair     Pair[int, string]
	Pairs    []Pair[int, string]
	Where    geo.Point `reset:"name=place,was=position"`
	Path     geo.Path
	Inner    struct {
		Deep struct {
			Leaf string `reset:"was=blade"`
		}
	}
	Left chan int `reset:"-"`
	rest int
}

// View is around a model and no model.
type View struct {
	Everything
	Extra string
}
