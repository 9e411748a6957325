package codec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// Map is a map, stored as a JSON object with its keys in order; nil and empty
// are equal, and come back as nil. Keys are strings, integers or types with a
// text form.
func Map[M ~map[K]V, K comparable, V any](key Codec[K], elem Codec[V]) Codec[M] {
	return whole(
		func(a, b M) bool {
			if len(a) != len(b) {
				return false
			}
			for k, va := range a {
				if vb, ok := b[k]; !ok || !elem.equal(va, vb) {
					return false
				}
			}
			return true
		},
		func(v M) M {
			if v == nil {
				return nil
			}
			c := make(M, len(v))
			for k, e := range v {
				c[k] = elem.Clone(e)
			}
			return c
		},
		func(b []byte, v M) ([]byte, error) {
			type member struct {
				name string
				key  K
			}
			members := make([]member, 0, len(v))
			for k := range v {
				value, err := key.store(k)
				if err != nil {
					return b, fmt.Errorf("key %v: %w", k, err)
				}
				members = append(members, member{name: memberName(value), key: k})
			}
			slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
			b = append(b, '{')
			for i, m := range members {
				if i > 0 {
					if m.name == members[i-1].name {
						return b, fmt.Errorf("two keys have the text %q", m.name)
					}
					b = append(b, ',')
				}
				b = append(appendString(b, m.name), ':')
				var err error
				if b, err = elem.append(b, v[m.key]); err != nil {
					return b, fmt.Errorf("key %q: %w", m.name, err)
				}
			}
			return append(b, '}'), nil
		},
		func(raw []byte, dst *M) error {
			var parts map[string]json.RawMessage
			if err := parseJSON(raw, &parts); err != nil {
				return err
			}
			var m M
			if len(parts) > 0 {
				m = make(M, len(parts))
			}
			for name, part := range parts {
				var k K
				if err := loadMemberName(name, key, &k); err != nil {
					return fmt.Errorf("key %q: %w", name, err)
				}
				var e V
				if err := elem.parse(part, &e); err != nil {
					return fmt.Errorf("key %q: %w", name, err)
				}
				m[k] = e
			}
			*dst = m
			return nil
		})
}

func memberName(v model.Value) string {
	if v.Kind() == model.String {
		return v.Text()
	}
	return v.String()
}

func loadMemberName[K any](name string, key Codec[K], dst *K) error {
	if key.kind == model.String {
		return key.load(model.StringValue(name), dst)
	}
	return key.parse([]byte(name), dst)
}
