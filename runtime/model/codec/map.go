package codec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// Map is a map, stored as a JSON object with its keys in order; nil and empty
// are equal, and come back as nil. Keys are strings, integers or types with a
// text form.
func Map[M ~map[K]V, K comparable, V any](key Codec[K], elem Codec[V]) Codec[M] {
	c := whole(
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
				if elem.clone != nil {
					e = elem.clone(e)
				}
				c[k] = e
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
					return b, within(fmt.Sprintf("key %v", k), err)
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
					return b, within(fmt.Sprintf("key %q", m.name), err)
				}
			}
			return append(b, '}'), nil
		},
		func(p piece, dst *M) error {
			members, err := lastOfEach(p)
			if err != nil {
				return err
			}
			var m M
			if len(members) > 0 {
				m = make(M, len(members))
			}
			for name, part := range members {
				var k K
				if err := loadMemberName(name, key, &k); err != nil {
					return within(fmt.Sprintf("key %q", name), err)
				}
				var e V
				if err := elem.parse(part, &e); err != nil {
					return within(fmt.Sprintf("key %q", name), err)
				}
				m[k] = e
			}
			*dst = m
			return nil
		})
	if elem.ends != nil {
		c.ends = func(v M, in int) bool {
			for _, e := range v {
				if !elem.ends(e, in) {
					return false
				}
			}
			return true
		}
	}
	return c
}

// lastOfEach is the members of an object; of those with one name, the last.
func lastOfEach(p piece) (map[string]piece, error) {
	part, n, err := p.object()
	if err != nil {
		return nil, err
	}
	members := make(map[string]piece, n)
	for range n {
		name, err := part.name()
		if err != nil {
			return nil, err
		}
		value := part.next()
		members[string(name)] = value
		part = value.next()
	}
	return members, nil
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
	return key.parse(uncut(name), dst)
}
