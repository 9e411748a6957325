package merge

import (
	"strings"
	"unicode"
)

// TextParts is the rule text: as the rule list, by lines, and where both sides
// changed the same lines by the words in them. A line that both sides moved, each to
// another place, is a conflict in that line, and the local place stands. Where both
// changed the same words the local text is taken whole, and it is a conflict.
func TextParts[T ~string](c *Context, f int, base, local, remote T) T {
	return T(mergeWhole(c, f, string(base), string(local), string(remote)))
}

func mergeWhole(c *Context, f int, base, local, remote string) string {
	if takeLocal, done := oneSided(sameText, base, local, remote); done {
		return pick(takeLocal, local, remote)
	}
	m, ok := mergeSequence(content, lines(base), lines(local), lines(remote), mergeWords)
	if !ok {
		c.Conflict(f, "")
		return local
	}
	for _, line := range m.dropDoubles() {
		if part := content(line); part != "" {
			c.Conflict(f, part)
		}
	}
	merged := join(m.merged, ends(base, local, remote))
	noteMixed(c, f, sameText, merged, local, remote)
	return merged
}

func sameText(a, b string) bool { return a == b }

// mergeWords merges lines that both sides changed by their words.
func mergeWords(base, local, remote []string) ([]string, bool) {
	text := func(lines []string) []string { return words(strings.Join(lines, "")) }
	m, ok := mergeSequence(func(s string) string { return s }, text(base), text(local), text(remote), unresolved[string])
	if !ok {
		return nil, false
	}
	return lines(strings.Join(m.merged, "")), true
}

// content is a line without its end, so that a last line is the same line when
// others follow.
func content(line string) string { return strings.TrimSuffix(line, "\n") }

// join ends every line, the last one only if ended says so.
func join(lines []string, ended bool) string {
	var b strings.Builder
	for i, line := range lines {
		b.WriteString(content(line))
		if i < len(lines)-1 || ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// ends tells whether the last line of the merged text ends in a line feed.
func ends(base, local, remote string) bool {
	l, r := strings.HasSuffix(local, "\n"), strings.HasSuffix(remote, "\n")
	if local == "" || remote != "" && l == strings.HasSuffix(base, "\n") {
		return r
	}
	return l
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
