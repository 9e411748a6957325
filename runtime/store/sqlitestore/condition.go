package sqlitestore

import (
	"fmt"
	"strings"

	"github.com/resetgen/resetgen/runtime/store"
)

// condition makes an app's SQL expression part of a statement: in parentheses
// that it cannot leave, so that it stays an expression, which never writes. Names
// in double quotes get backticks, for SQLite takes "missing" for a text where
// there is no such column. The number of the question marks comes with it.
func condition(text string) (safe string, params int, err error) {
	var b strings.Builder
	b.WriteByte('(')
	depth := 0
	for rest := text; rest != ""; {
		n := token(rest)
		word := rest[:n]
		rest = rest[n:]
		switch c := word[0]; c {
		case '"':
			if name, ok := unquote(word); ok {
				word = "`" + strings.ReplaceAll(name, "`", "``") + "`"
				break
			}
			return "", 0, unclosed(word)
		case '\'', '`', '[':
			if _, ok := unquote(word); !ok {
				return "", 0, unclosed(word)
			}
		case '/':
			if n > 1 && (n < 4 || !strings.HasSuffix(word, "*/")) {
				return "", 0, unclosed(word)
			}
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return "", 0, fmt.Errorf("%w: a closing parenthesis has no opening one", store.ErrQuery)
			}
		case ';', 0:
			return "", 0, fmt.Errorf("%w: it is one expression and has no %q", store.ErrQuery, c)
		case '?', ':', '@', '#', '$':
			if params++; word != "?" {
				return "", 0, fmt.Errorf("%w: %s is no place for an argument; write ? for each, in their order", store.ErrQuery, word)
			}
		}
		b.WriteString(word)
	}
	if depth > 0 {
		return "", 0, fmt.Errorf("%w: %d parentheses are not closed", store.ErrQuery, depth)
	}
	if strings.TrimSpace(text) == "" {
		return "", 0, fmt.Errorf("%w: it is empty; All lists every object", store.ErrQuery)
	}
	b.WriteString("\n)") // which ends a comment to the end of the line
	return b.String(), params, nil
}

func unclosed(word string) error {
	return fmt.Errorf("%w: what begins with %.20q is not closed", store.ErrQuery, word)
}

// token is the length of the first token of an SQL text, as far as it matters
// where tokens end: names, quoted texts, comments and places of arguments are
// one; anything else is a byte.
func token(s string) int {
	switch c := s[0]; {
	case c == '\'' || c == '"' || c == '`':
		return quoted(s, c)
	case c == '[':
		return through(s, 1, "]")
	case strings.HasPrefix(s, "--"):
		return through(s, 2, "\n")
	case strings.HasPrefix(s, "/*"):
		return through(s, 2, "*/")
	case c == '?' || c == ':' || c == '@' || c == '#' || c == '$' || nameByte(c):
		n := 1
		for n < len(s) && nameByte(s[n]) {
			n++
		}
		return n
	}
	return 1
}

func nameByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// quoted is the length of a quoted text, in which the quote is doubled.
func quoted(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 == len(s) || s[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(s)
}

// through is the length of s up to and with end, which is looked for from a place
// on.
func through(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

// unquote is what a quoted token says, and whether it is closed.
func unquote(word string) (string, bool) {
	quote := word[:1]
	if quote == "[" {
		return "", strings.HasSuffix(word, "]")
	}
	inner := word[1:]
	if strings.Count(inner, quote)%2 == 0 {
		return "", false
	}
	return strings.ReplaceAll(inner[:len(inner)-1], quote+quote, quote), true
}
