package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/merge"
)

// Schema is the models of an app: what generated code declares for each package.
// The zero Schema has no models.
type Schema struct {
	models []*merge.Model // by stored name
}

// Add adds a model. Generated code calls it while the program starts.
func (s *Schema) Add(m *merge.Model) {
	i, _ := slices.BinarySearchFunc(s.models, m.Info.Name, byName)
	s.models = slices.Insert(s.models, i, m)
}

func byName(m *merge.Model, name string) int { return strings.Compare(m.Info.Name, name) }

// Join is the schema of an app whose models are spread over several packages.
func Join(schemas ...*Schema) *Schema {
	joined := &Schema{}
	for _, s := range schemas {
		for _, m := range s.models {
			joined.Add(m)
		}
	}
	return joined
}

// Models lists the models in the order of their stored names. The slice is the
// schema's own.
func (s *Schema) Models() []*merge.Model { return s.models }

// Model finds the model with the stored name, now or earlier, or gives nil.
func (s *Schema) Model(name string) *merge.Model {
	if i, ok := slices.BinarySearchFunc(s.models, name, byName); ok {
		return s.models[i]
	}
	for _, m := range s.models {
		if slices.Contains(m.Info.Was, name) {
			return m
		}
	}
	return nil
}

// check finds what the generator cannot, because it sees one package at a time.
func (s *Schema) check() error {
	if s == nil || len(s.models) == 0 {
		return fmt.Errorf("%w: it has no models", ErrSchema)
	}
	owner := map[string]*merge.Model{}
	for _, m := range s.models {
		for _, name := range append([]string{m.Info.Name}, m.Info.Was...) {
			folded := strings.ToLower(name)
			if other := owner[folded]; other != nil {
				return fmt.Errorf("%w: the models %s and %s are both stored as %q; give one of them another name with reset:\"name=…\"",
					ErrSchema, other.Info.GoName, m.Info.GoName, name)
			}
			owner[folded] = m
		}
	}
	for _, m := range s.models {
		for _, f := range m.Info.Fields {
			if f.Ref == "" {
				continue
			}
			to := s.Model(f.Ref)
			if to == nil {
				return fmt.Errorf("%w: %s.%s refers to the model %q, which is not part of the schema; store.Join the schemas of all packages",
					ErrSchema, m.Info.Name, f.Name, f.Ref)
			}
			if key := to.Info.Fields[to.Info.Key]; key.Kind != f.Kind {
				return fmt.Errorf("%w: %s.%s is a %s and refers to %s, whose key is a %s",
					ErrSchema, m.Info.Name, f.Name, f.Kind, f.Ref, key.Kind)
			}
		}
	}
	return nil
}
