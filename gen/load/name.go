package load

import (
	"strings"
	"unicode"
)

// snake is the stored name of what is called name in Go: HTTPServer becomes
// http_server and ID becomes id.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && startsWord(runes, i) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// startsWord tells whether a word begins at the capital runes[i]: after a small
// letter or digit, or as the last capital before small letters.
func startsWord(runes []rune, i int) bool {
	before := runes[i-1]
	if !unicode.IsUpper(runes[i]) || before == '_' {
		return false
	}
	return !unicode.IsUpper(before) || i+1 < len(runes) && unicode.IsLower(runes[i+1])
}
