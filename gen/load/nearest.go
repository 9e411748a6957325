package load

import (
	"fmt"
	"strings"
)

// suggest ends a message about a word that is not one of those allowed: with
// the nearest of them, if one is near, and with all of them.
func suggest(word string, allowed []string) string {
	text := ""
	if near := nearest(word, allowed); near != "" {
		text = fmt.Sprintf("; did you mean %q?", near)
	}
	if len(allowed) == 0 {
		return text
	}
	return text + " (allowed: " + strings.Join(allowed, ", ") + ")"
}

// nearest is the candidate that takes the fewest edits to reach from word, or
// "" where all of them are another word altogether.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	length := len([]rune(word))
	if length == 0 {
		return ""
	}
	best, fewest := "", max(1, (length+1)/3)+1
	for _, c := range candidates {
		d := distance(word, strings.ToLower(c))
		if length > 1 && strings.HasPrefix(strings.ToLower(c), word) {
			d = 1 // cut short
		}
		if len(c) > 2 && strings.HasPrefix(word, strings.ToLower(c)) {
			d = 1 // drawn out
		}
		if d < fewest {
			best, fewest = c, d
		}
	}
	return best
}

// distance counts the edits that turn a into b: a letter inserted, removed or
// replaced, or two neighbours swapped.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	var before, above []int
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		before, above, row = above, row, make([]int, len(to)+1)
		row[0] = i + 1
		for j := range to {
			replaced := above[j]
			if from[i] != to[j] {
				replaced++
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(to)]
}
