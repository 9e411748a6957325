package scenario

import (
	"slices"
	"testing"
)

// The fields that scenarios can name are those of each model.
func TestFields(t *testing.T) {
	names := []string{"id"}
	for _, f := range fields {
		names = append(names, f.name)
	}
	for model, from := range tables {
		var want []string
		for _, f := range from.info().Fields {
			want = append(want, f.Name)
		}
		if from.info().GoName != model || !slices.Equal(names, want) {
			t.Errorf("%s has the fields %q, and scenarios can name %q", model, want, names)
		}
	}
}
