package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// CatalogFormat is the newest form of a Catalog that this version reads, and
// the one that it writes.
const CatalogFormat = 1

// Catalog is the description of its content that a store keeps: the models and
// fields that were ever written to it. It tells an older schema from a foreign
// one, and what a store should have from what it has lost.
type Catalog struct {
	// Models only ever grows: a model stays when the app no longer has it, and the
	// place of a model among them never changes, whatever it is called.
	Models []CatalogModel
}

// CatalogModel describes one model as it is stored.
type CatalogModel struct {
	Name  string
	Track model.Track
	Key   int // the place of the key

	// Fields only ever grows: a field stays, with its values, when the app no
	// longer has it, and the place of a field among them never changes.
	Fields []CatalogField
}

// CatalogField describes one field as it is stored.
type CatalogField struct {
	Name string
	Kind model.Kind
	Null bool
}

// Model finds the model with the stored name, or gives nil.
func (c *Catalog) Model(name string) *CatalogModel {
	for i := range c.Models {
		if c.Models[i].Name == name {
			return &c.Models[i]
		}
	}
	return nil
}

// place is the place of the field with the stored name, or -1.
func (m *CatalogModel) place(name string) int {
	return slices.IndexFunc(m.Fields, func(f CatalogField) bool { return f.Name == name })
}

func (m *CatalogModel) clone() *CatalogModel {
	c := *m
	c.Fields = slices.Clone(m.Fields)
	return &c
}

func (c *Catalog) names() []string {
	names := make([]string, len(c.Models))
	for i := range c.Models {
		names[i] = c.Models[i].Name
	}
	return names
}

// The written form of a catalog: kinds and tracking modes by name, so that
// people can read it and the numbers behind the names can change.
type (
	writtenCatalog struct {
		Format int            `json:"format"`
		Models []writtenModel `json:"models"`
	}
	writtenModel struct {
		Name   string         `json:"name"`
		Track  string         `json:"track"`
		Key    string         `json:"key"`
		Fields []writtenField `json:"fields"`
	}
	writtenField struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		Null bool   `json:"null,omitempty"`
	}
)

// Encode is the form of a catalog that stores keep.
func (c *Catalog) Encode() ([]byte, error) {
	w := writtenCatalog{Format: CatalogFormat, Models: make([]writtenModel, len(c.Models))}
	for i, m := range c.Models {
		fields := make([]writtenField, len(m.Fields))
		for p, f := range m.Fields {
			fields[p] = writtenField{Name: f.Name, Kind: f.Kind.String(), Null: f.Null}
		}
		w.Models[i] = writtenModel{Name: m.Name, Track: m.Track.String(), Key: m.Fields[m.Key].Name, Fields: fields}
	}
	return json.Marshal(w)
}

// ParseCatalog reads what Encode wrote. Its error wraps ErrSchema where a later
// version of this package wrote it, and ErrCorrupt where it makes no sense.
func ParseCatalog(text []byte) (*Catalog, error) {
	var w writtenCatalog
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("%w: the description of its content cannot be read: %w", ErrCorrupt, err)
	}
	if w.Format > CatalogFormat {
		return nil, fmt.Errorf("%w: it is in format %d and this version of the app reads format %d; update the app", ErrSchema, w.Format, CatalogFormat)
	}
	if w.Format < 1 {
		return nil, fmt.Errorf("%w: the description of its content has no format", ErrCorrupt)
	}
	c := &Catalog{Models: make([]CatalogModel, len(w.Models))}
	for i, m := range w.Models {
		if err := c.Models[i].read(m); err != nil {
			return nil, fmt.Errorf("%w: the description of its content: %s: %w", ErrCorrupt, m.Name, err)
		}
	}
	return c, nil
}

func (m *CatalogModel) read(w writtenModel) (err error) {
	m.Name, m.Fields = w.Name, make([]CatalogField, len(w.Fields))
	if m.Track, err = model.ParseTrack(w.Track); err != nil {
		return err
	}
	for p, f := range w.Fields {
		m.Fields[p] = CatalogField{Name: f.Name, Null: f.Null}
		if m.Fields[p].Kind, err = parseKind(f.Kind); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if m.Key = m.place(w.Key); m.Key < 0 {
		return fmt.Errorf("its key %q is not one of its fields", w.Key)
	}
	return nil
}

func parseKind(name string) (model.Kind, error) {
	for k := model.Bool; k <= model.JSON; k++ {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q is not a kind of value", name)
}

// distinct refuses names that differ only in case: not every store can tell
// them apart.
func distinct(what string, names []string) error {
	seen := make(map[string]string, len(names))
	for _, name := range names {
		folded := strings.ToLower(name)
		if other, ok := seen[folded]; ok {
			return fmt.Errorf("%w: it has the %s %q beside %q, and stores do not tell the case of letters apart; name the earlier one with reset:\"was=…\" or choose another name",
				ErrSchema, what, name, other)
		}
		seen[folded] = name
	}
	return nil
}
