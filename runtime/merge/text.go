package merge

import (
	"strings"
	"unicode"
)

// TextParts is the rule text: as the rule list, by lines, and where both sides
// changed the same lines by the words in them. Where both changed the same words
// the local text is taken whole, and it is a conflict.
func TextParts[T ~string](c *Context, f int, base, local, remote T) T {
	return T(mergeWhole(c, f, string(base), string(local), string(remote)))
}

func mergeWhole(c *Context, f int, base, local, remote string) string {
	if takeLocal, done := oneSided(func(a, b string) bool { return a == b }, base, local, remote); done {
		return pick(takeLocal, local, remote)
	}
	merged, ok := mergeText(base, local, remote, lines, mergeWords)
	if !ok {
		c.Conflict(f, "")
		return local
	}
	c.Mixed.Add(f)
	return merged
}

// mergeText merges texts cut into parts.
func mergeText(base, local, remote string, cut func(string) []string, resolve func(base, local, remote []string) ([]string, bool)) (string, bool) {
	merged, ok := mergeSequence(func(s string) string { return s }, cut(base), cut(local), cut(remote), resolve)
	return strings.Join(merged, ""), ok
}

// mergeWords merges lines that both sides changed by their words.
func mergeWords(base, local, remote []string) ([]string, bool) {
	merged, ok := mergeText(strings.Join(base, ""), strings.Join(local, ""), strings.Join(remote, ""), words, unresolved[string])
	return []string{merged}, ok
}

// lines cuts a text after each line feed. A last line without one is a line.
func lines(s string) []string {
	parts := strings.SplitAfter(s, "\n")
	if parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// words cuts a text into runs of letters and digits, and single other
// characters, so that the parts joined are the text.
func words(s string) []string {
	var parts []string
	start := 0
	inWord := false
	for i, r := range s {
		isWord := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		if i > start && !(inWord && isWord) {
			parts = append(parts, s[start:i])
			start = i
		}
		inWord = isWord
	}
	if start < len(s) {
		parts = append(parts, s[start:])
	}
	return parts
}
