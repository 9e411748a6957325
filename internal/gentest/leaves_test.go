package gentest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// leaf is a field of a model as the oracle finds it.
type leaf struct {
	path   []int
	goName string // in accessors
	key    bool
	rule   string // "local" where the tag says nothing
	by     string
	typ    reflect.Type
}

// of is the leaf of the model that v points to.
func (l *leaf) of(v reflect.Value) reflect.Value { return v.Elem().FieldByIndex(l.path) }

// key is the leaf that is the key.
func (s *subject) key() *leaf {
	for i := range s.leaves {
		if s.leaves[i].key {
			return &s.leaves[i]
		}
	}
	panic(s.name + " has no key")
}

// leavesOf lists the fields that are stored, those of nested structs included.
func leavesOf(t reflect.Type) []leaf {
	var leaves []leaf
	var walk func(t reflect.Type, path []int, name string)
	walk = func(t reflect.Type, path []int, name string) {
		for i := range t.NumField() {
			f := t.Field(i)
			at := append(path[:len(path):len(path)], i)
			switch {
			case !isStored(f):
			case f.Anonymous && splits(f.Type):
				walk(f.Type, at, name)
			case splits(f.Type):
				walk(f.Type, at, name+f.Name)
			default:
				leaves = append(leaves, newLeaf(f, at, name+f.Name))
			}
		}
	}
	walk(t, nil, "")
	return leaves
}

func newLeaf(f reflect.StructField, path []int, goName string) leaf {
	l := leaf{path: path, goName: goName, rule: "local", typ: f.Type}
	for option := range strings.SplitSeq(f.Tag.Get("reset"), ",") {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "key":
			l.key = true
		case "merge":
			l.rule = value
		case "by":
			l.by = value
		}
	}
	return l
}

// isStored tells whether a field of a struct is stored, or has fields that are.
func isStored(f reflect.StructField) bool {
	return f.Name != "_" && f.Tag.Get("reset") != "-" && (f.IsExported() || f.Anonymous && splits(f.Type))
}

// splits tells whether a type is a struct whose fields are tracked one by one.
func splits(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !isOpaque(t) && !isNull(t) && t != timeType && !reaches(t, t, map[reflect.Type]bool{})
}

var (
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[interface {
		encoding.TextMarshaler
		encoding.TextUnmarshaler
	}]()
	jsonType = reflect.TypeFor[interface {
		json.Marshaler
		json.Unmarshaler
	}]()
)

// isOpaque tells whether a type brings its own form.
func isOpaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t != timeType && (p.Implements(textType) || p.Implements(jsonType))
}

// isNull tells whether a type is one of database/sql that can be null.
func isNull(t reflect.Type) bool {
	return t.PkgPath() == "database/sql" && strings.HasPrefix(t.Name(), "Null")
}

// reaches tells whether values of type t can contain one of type of.
func reaches(t, of reflect.Type, seen map[reflect.Type]bool) bool {
	if t == of && len(seen) > 0 {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return reaches(t.Elem(), of, seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if reaches(f.Type, of, seen) {
				return true
			}
		}
	}
	return false
}

func TestInfoMatchesTheStruct(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		if len(s.info.Fields) != len(s.leaves) {
			t.Fatalf("%d fields in the Info, %d in the struct", len(s.info.Fields), len(s.leaves))
		}
		for i, l := range s.leaves {
			if l.key != (s.info.Key == i) {
				t.Errorf("field %s: key is %v, the Info's key is field %d", l.goName, l.key, s.info.Key)
			}
			rule, _, _ := strings.Cut(l.rule, ":")
			if diff := cmp.Diff(rule, s.info.Fields[i].Rule.String()); diff != "" {
				t.Errorf("rule of %s (-tag +Info):\n%s", l.goName, diff)
			}
		}
	})
}
