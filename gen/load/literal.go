package load

import (
	"strconv"
	"strings"
)

// text is a string together with where each of its bytes stands in the source,
// so that an error inside of a tag, itself a string inside of a string, can
// point at the offending letter.
type text struct {
	s  string
	at []int // one for each byte of s, and one for its end
}

// plain is source text as it stands.
func plain(s string) text {
	t := text{s: s, at: make([]int, len(s)+1)}
	for i := range t.at {
		t.at[i] = i
	}
	return t
}

func (t text) from(i int) text       { return text{t.s[i:], t.at[i:]} }
func (t text) between(i, j int) text { return text{t.s[i:j], t.at[i : j+1]} }
func (t text) offset() int           { return t.at[0] }

// split cuts t at each separator.
func (t text) split(separator byte) []text {
	var parts []text
	for {
		i := strings.IndexByte(t.s, separator)
		if i < 0 {
			return append(parts, t)
		}
		parts = append(parts, t.between(0, i))
		t = t.from(i + 1)
	}
}

// cut is strings.Cut.
func (t text) cut(separator byte) (before, after text, found bool) {
	if i := strings.IndexByte(t.s, separator); i >= 0 {
		return t.between(0, i), t.from(i + 1), true
	}
	return t, t.from(len(t.s)), false
}

// trim is t without the spaces around it.
func (t text) trim() text {
	t = t.from(len(t.s) - len(strings.TrimLeft(t.s, " ")))
	return t.between(0, len(strings.TrimRight(t.s, " ")))
}

// unquote reads a Go string literal, raw or interpreted, that takes up all of t.
func (t text) unquote() (text, bool) {
	n := len(t.s)
	if n < 2 || t.s[0] != t.s[n-1] {
		return text{}, false
	}
	inner := t.between(1, n-1)
	switch t.s[0] {
	case '`':
		return inner, true
	case '"':
		if _, err := strconv.Unquote(t.s); err == nil {
			return inner.unescape(), true
		}
	}
	return text{}, false
}

// unescape resolves the escapes of an interpreted string that is known to be
// valid.
func (t text) unescape() text {
	var out strings.Builder
	var at []int
	rest := t
	for rest.s != "" {
		r, multibyte, tail, err := strconv.UnquoteChar(rest.s, '"')
		if err != nil {
			break
		}
		if multibyte {
			out.WriteRune(r)
		} else {
			out.WriteByte(byte(r))
		}
		for len(at) < out.Len() {
			at = append(at, rest.offset())
		}
		rest = rest.from(len(rest.s) - len(tail))
	}
	return text{out.String(), append(at, rest.offset())}
}
