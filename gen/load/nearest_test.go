package load

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"text", "text", 0},
		{"txt", "text", 1},
		{"kye", "key", 1},
		{"objct", "object", 1},
		{"local", "remote", 6},
		{"größe", "grösse", 2},
	} {
		for _, got := range []int{distance(c.a, c.b), distance(c.b, c.a)} {
			if got != c.want {
				t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	rules := append(mergeRules, names(fieldRules)...)
	for word, want := range map[string]string{
		"txt":     "text",
		"TEXT":    "text",
		"kye":     "key",
		"remot":   "remote",
		"uniq":    "unique",
		"count":   "counter",
		"bag":     "",
		"longest": "",
		"":        "",
		"x":       "-",
	} {
		if got := nearest(word, rules); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
