// Package text has types that bring their own text form, a key among them.
package text

import (
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Level is compared by ==.
type Level struct{ n int }

func (l Level) MarshalText() ([]byte, error) { return []byte(strings.Repeat("*", l.n)), nil }

func (l *Level) UnmarshalText(text []byte) error {
	if strings.Trim(string(text), "*") != "" {
		return fmt.Errorf("%q is not a level", text)
	}
	l.n = len(text)
	return nil
}

// Quotas is a map that is written as one line of text.
type Quotas map[string]int

func (q Quotas) MarshalText() ([]byte, error) {
	var words []string
	for name, n := range q {
		words = append(words, fmt.Sprintf("%s=%d", name, n))
	}
	slices.Sort(words)
	return []byte(strings.Join(words, " ")), nil
}

func (q *Quotas) UnmarshalText(text []byte) error {
	*q = Quotas{}
	for word := range strings.FieldsSeq(string(text)) {
		name, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		(*q)[name] = n
	}
	return nil
}

// LevelOf is the level n.
func LevelOf(n int) Level { return Level{n} }

// Name is compared by its method Equal.
type Name struct{ S string }

func (n Name) Equal(m Name) bool { return strings.EqualFold(n.S, m.S) }

func (n Name) MarshalText() ([]byte, error) { return []byte(n.S), nil }

func (n *Name) UnmarshalText(text []byte) error { n.S = string(text); return nil }

type Host struct {
	Addr    netip.Addr `reset:"key"`
	Gateway netip.Addr
	Level   Level
	Name    Name
	Serial  big.Int
	Limit   *big.Int
	Peers   []netip.Addr         `reset:"merge=set"`
	Routes  map[netip.Addr]Level `reset:"merge=map"`
	Aliases map[string]Name
	Served  net.IP
	Blocked []net.IP `reset:"merge=set"`
	Quotas  Quotas
}
