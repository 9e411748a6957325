package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// piece is one value in a JSON text. The text is cut into its values once, so
// that what is inside of a value is not looked through again for each level.
type piece struct {
	of *pieces
	i  int
}

type pieces struct {
	text  []byte
	cuts  []cut // a list or object before what is in it; a member's name before its value
	depth int   // how many lists and objects lie inside each other
}

type cut struct {
	from, to int
	next     int // the first cut that is not inside of this one
}

// cutUp is the one value that a text holds, which is known to be valid JSON.
func cutUp(text []byte) piece {
	all := &pieces{text: text}
	var open []int
	for i := 0; i < len(text); {
		switch text[i] {
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		case '[', '{':
			open = append(open, len(all.cuts))
			all.depth = max(all.depth, len(open))
			all.cuts = append(all.cuts, cut{from: i})
			i++
		case ']', '}':
			i++
			c := &all.cuts[open[len(open)-1]]
			c.to, c.next = i, len(all.cuts)
			open = open[:len(open)-1]
		default:
			to := scalarEnd(text, i)
			all.cuts = append(all.cuts, cut{i, to, len(all.cuts) + 1})
			i = to
		}
	}
	return piece{of: all}
}

// uncut is a text that is taken for one value with nothing inside.
func uncut(text string) piece {
	return piece{of: &pieces{text: []byte(text), cuts: []cut{{0, len(text), 1}}}}
}

// scalarEnd is the end of the string, number or word that begins at i.
func scalarEnd(text []byte, i int) int {
	inString := text[i] == '"'
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case !inString && strings.IndexByte(" \t\n\r,:]}", c) >= 0:
			return i
		case inString && c == '"':
			return i + 1
		case c == '\\':
			i++
		}
	}
	return len(text)
}

// text is the value as it is written.
func (p piece) text() []byte {
	c := p.of.cuts[p.i]
	return p.of.text[c.from:c.to]
}

func (p piece) isNull() bool { return string(p.text()) == "null" }

// next is the value after p and all that is inside of it.
func (p piece) next() piece { return piece{p.of, p.of.cuts[p.i].next} }

// list is the first of the n elements of a list.
func (p piece) list() (first piece, n int, err error) { return p.enter('[', "a list") }

// object is the name of the first of the n members of an object; the value
// comes next, and then the name of the next.
func (p piece) object() (first piece, n int, err error) {
	first, n, err = p.enter('{', "an object")
	return first, n / 2, err
}

func (p piece) enter(bracket byte, wanted string) (first piece, n int, err error) {
	if text := p.text(); p.isNull() {
		return p, 0, errNull
	} else if len(text) == 0 || text[0] != bracket {
		return p, 0, fmt.Errorf("%s where %s belongs", shorten(text), wanted)
	}
	first = piece{p.of, p.i + 1}
	for e, end := first, p.next(); e.i < end.i; e = e.next() {
		n++
	}
	return first, n, nil
}

// name is the name of a member.
func (p piece) name() ([]byte, error) {
	text := p.text()
	for _, c := range text {
		if c == '\\' || c >= 0x80 { // bytes that are no UTF-8 are replaced
			var name string
			err := json.Unmarshal(text, &name)
			return []byte(name), err
		}
	}
	return text[1 : len(text)-1], nil
}

var errNull = errors.New("null where a value belongs")

// shorten keeps messages to a line.
func shorten(text []byte) string {
	const most = 40
	if len(text) <= most {
		return string(text)
	}
	return strings.ToValidUTF8(string(text[:most]), "") + "…"
}
