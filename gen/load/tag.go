package load

import (
	"fmt"
	"strings"
)

// tagError is a mistake in the text of a tag, at an offset into its literal.
type tagError struct {
	offset int
	msg    string
}

func (e *tagError) Error() string { return e.msg }

func tagErrorf(at text, format string, args ...any) *tagError {
	return &tagError{offset: at.offset(), msg: fmt.Sprintf(format, args...)}
}

// findTag finds the value of the key reset in a struct tag, given as the string
// literal in the source. Go ignores a malformed tag without a word, and a field
// that its author believes annotated would be treated as if it were not: so a
// tag that mentions reset has to be well formed.
func findTag(literal string) (value text, found bool, err *tagError) {
	whole := plain(literal)
	tag, ok := whole.unquote()
	if !ok {
		return text{}, false, tagErrorf(whole, "the tag is not a Go string")
	}
	pairs, bad := splitTag(tag)
	if bad != nil && strings.Contains(strings.ToLower(bad.rest.s), tagKey) {
		return text{}, false, &bad.tagError
	}
	for _, p := range pairs {
		switch {
		case p.key.s == tagKey && found:
			return text{}, false, tagErrorf(p.key, "the tag has the key %s twice; join the options with commas", tagKey)
		case p.key.s == tagKey:
			value, found = p.value, true
		case strings.EqualFold(strings.Trim(p.key.s, ",;"), tagKey):
			return text{}, false, tagErrorf(p.key, "the tag has the key %q where %q is meant; keys are separated by a space", p.key.s, tagKey)
		}
	}
	return value, found, nil
}

// tagKey is the key under which struct tags speak to the generator.
const tagKey = "reset"

// pair is one key:"value" of a struct tag.
type pair struct{ key, value text }

// malformed is where a struct tag stops being one, and what is left of it.
type malformed struct {
	tagError
	rest text
}

// splitTag follows the convention that reflect.StructTag describes.
func splitTag(t text) ([]pair, *malformed) {
	var pairs []pair
	for {
		start := len(t.s) - len(strings.TrimLeft(t.s, " "))
		if t = t.from(start); t.s == "" {
			return pairs, nil
		}
		colon := strings.IndexFunc(t.s, func(r rune) bool { return r <= ' ' || r == ':' || r == '"' || r == 0x7f })
		if colon <= 0 || t.s[colon] != ':' || !strings.HasPrefix(t.s[colon+1:], `"`) {
			return pairs, &malformed{*tagErrorf(t, `the struct tag is malformed here; write key:"value" pairs separated by spaces, as in reset:"key"`), t}
		}
		end := closingQuote(t.s, colon+2)
		if end < 0 {
			return pairs, &malformed{*tagErrorf(t, "the struct tag is malformed here; the closing quote is missing"), t}
		}
		value, ok := t.between(colon+1, end+1).unquote()
		if !ok {
			return pairs, &malformed{*tagErrorf(t, "the struct tag is malformed here; the value is not a Go string"), t}
		}
		pairs = append(pairs, pair{t.between(0, colon), value})
		t = t.from(end + 1)
	}
}

// closingQuote is the index of the quote that ends the string whose content
// begins at i, or -1.
func closingQuote(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
