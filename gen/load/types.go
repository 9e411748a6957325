package load

import (
	"errors"
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
)

const leaveOut = `leave it out with reset:"-"`

// errUnknown is the error about a type that does not compile.
var errUnknown = errors.New("its type is not known, because something that it needs does not compile or is not found")

// typeString spells a type for people: without the path of its package, and
// without the name of our own.
func (b *builder) typeString(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == b.pkg {
			return ""
		}
		return p.Name()
	})
}

// splits tells whether a struct type is tracked field by field where it is the
// type of a field, rather than stored whole.
func (b *builder) splits(t types.Type) bool {
	if _, ok := t.Underlying().(*types.Struct); !ok {
		return false
	}
	form, _, known := b.special(t)
	return !known && form == 0 && !containsItself(t)
}

// special finds the forms that a type has by its name or its methods, whatever
// it is made of.
func (b *builder) special(t types.Type) (form schema.Form, valueField *types.Var, known bool) {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || types.IsInterface(named) {
		return 0, nil, false
	}
	if pkg := named.Obj().Pkg(); pkg != nil {
		switch {
		case pkg.Path() == "time" && named.Obj().Name() == "Time":
			return schema.Time, nil, true
		case pkg.Path() == "database/sql" && strings.HasPrefix(named.Obj().Name(), "Null"):
			if v := nullValue(named); v != nil {
				return schema.SQLNull, v, true
			}
		}
	}
	switch {
	case marshals(named, "Text"):
		return schema.Text, nil, true
	case marshals(named, "JSON"):
		return schema.JSON, nil, true
	}
	return 0, nil, false
}

// nullValue is the field of a struct of database/sql that holds the value when
// Valid is set.
func nullValue(named *types.Named) *types.Var {
	st, ok := named.Underlying().(*types.Struct)
	if !ok || st.NumFields() != 2 || st.Field(1).Name() != "Valid" {
		return nil
	}
	return st.Field(0)
}

// classify finds the form of a type.
func (b *builder) classify(t types.Type) (*schema.Type, error) {
	if err := b.nameable(t); err != nil {
		return nil, err
	}
	if form, value, known := b.special(t); known {
		return b.classifySpecial(t, form, value)
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if _, isStruct := named.Underlying().(*types.Struct); !isStruct && b.endless(named) {
			return nil, fmt.Errorf("%s contains itself without a struct between, which cannot be stored; %s", b.typeString(t), leaveOut)
		}
		b.stack = append(b.stack, named)
		defer func() { b.stack = b.stack[:len(b.stack)-1] }()
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return b.classifyBasic(t, u)
	case *types.Pointer:
		return b.classifyPointer(t, u)
	case *types.Slice:
		if isByte(u.Elem()) {
			return &schema.Type{Go: t, Form: schema.Bytes}, nil
		}
		return b.classifyList(t, schema.Slice, u.Elem())
	case *types.Array:
		if isByte(u.Elem()) {
			return &schema.Type{Go: t, Form: schema.ByteArray, Equal: "=="}, nil
		}
		return b.classifyList(t, schema.Array, u.Elem())
	case *types.Map:
		return b.classifyMap(t, u)
	case *types.Struct:
		return b.classifyStruct(t, u)
	}
	return nil, b.notStorable(t)
}

// notStorable is the error about a kind of type that cannot be stored.
func (b *builder) notStorable(t types.Type) error {
	return fmt.Errorf("%s (%s) cannot be stored; %s", kindName(t.Underlying()), b.typeString(t), leaveOut)
}

// endless tells whether a type that is not a struct is being classified already
// and no struct, which can be stored by name, came between.
func (b *builder) endless(named *types.Named) bool {
	i := slices.IndexFunc(b.stack, func(n *types.Named) bool { return types.Identical(n, named) })
	return i >= 0 && !slices.ContainsFunc(b.stack[i:], func(n *types.Named) bool {
		_, isStruct := n.Underlying().(*types.Struct)
		return isStruct
	})
}

func (b *builder) classifySpecial(t types.Type, form schema.Form, value *types.Var) (*schema.Type, error) {
	switch form {
	case schema.Time:
		return &schema.Type{Go: t, Form: form, Equal: "Equal"}, nil
	case schema.SQLNull:
		elem, err := b.notNull(t, value.Type())
		return &schema.Type{Go: t, Form: form, ValueField: value.Name(), Elem: elem}, err
	}
	return &schema.Type{Go: t, Form: form, Equal: equality(types.Unalias(t).(*types.Named))}, nil
}

// basicForms has the basic types that can be stored.
var basicForms = map[types.BasicKind]schema.Form{
	types.Bool:    schema.Bool,
	types.Int:     schema.Int,
	types.Int8:    schema.Int,
	types.Int16:   schema.Int,
	types.Int32:   schema.Int,
	types.Int64:   schema.Int,
	types.Uint:    schema.Uint,
	types.Uint8:   schema.Uint,
	types.Uint16:  schema.Uint,
	types.Uint32:  schema.Uint,
	types.Uint64:  schema.Uint,
	types.Float32: schema.Float,
	types.Float64: schema.Float,
	types.String:  schema.String,
}

func (b *builder) classifyBasic(t types.Type, u *types.Basic) (*schema.Type, error) {
	form, ok := basicForms[u.Kind()]
	switch {
	case u.Kind() == types.Invalid:
		return nil, errUnknown
	case !ok:
		return nil, b.notStorable(t)
	case form == schema.Float: // NaN equals NaN for us
		return &schema.Type{Go: t, Form: form}, nil
	}
	return &schema.Type{Go: t, Form: form, Equal: "=="}, nil
}

func (b *builder) classifyPointer(t types.Type, u *types.Pointer) (*schema.Type, error) {
	if _, named := types.Unalias(t).(*types.Named); named {
		return nil, fmt.Errorf("%s is a pointer with a name, which cannot be stored; use %s itself, or %s", b.typeString(t), b.typeString(u), leaveOut)
	}
	elem, err := b.notNull(t, u.Elem())
	return &schema.Type{Go: t, Form: schema.Pointer, Elem: elem}, err
}

// notNull classifies what is inside of something that can be null: there is but
// one null to store.
func (b *builder) notNull(outer, inner types.Type) (*schema.Type, error) {
	elem, err := b.classify(inner)
	if err != nil {
		return nil, err
	}
	if elem.Form == schema.Pointer || elem.Form == schema.SQLNull {
		return nil, fmt.Errorf("%s can be null in two ways, of which only one could be stored; use %s", b.typeString(outer), b.typeString(inner))
	}
	return elem, nil
}

func (b *builder) classifyList(t types.Type, form schema.Form, elem types.Type) (*schema.Type, error) {
	e, err := b.classify(elem)
	return &schema.Type{Go: t, Form: form, Elem: e}, err
}

func (b *builder) classifyMap(t types.Type, u *types.Map) (*schema.Type, error) {
	key, err := b.classify(u.Key())
	if err != nil {
		return nil, err
	}
	switch key.Form {
	case schema.String, schema.Int, schema.Uint, schema.Text:
	default:
		return nil, fmt.Errorf("the keys of %s cannot be stored (allowed: strings, integers, types with MarshalText and UnmarshalText); %s", b.typeString(t), leaveOut)
	}
	elem, err := b.classify(u.Elem())
	return &schema.Type{Go: t, Form: schema.Map, Key: key, Elem: elem}, err
}

// classifyStruct describes a struct that is stored whole, in the spelling of this
// use of it.
func (b *builder) classifyStruct(t types.Type, u *types.Struct) (*schema.Type, error) {
	plain := types.Unalias(t)
	if b.nameable(plain) != nil {
		plain = t // an alias of what another package keeps to itself
	}
	whole, err := b.whole(plain, u)
	if err != nil || t == whole.Go || b.unfinished[whole] {
		return whole, err
	}
	spelled := *whole
	spelled.Go = t
	return &spelled, nil
}

// whole describes a struct once. One that contains itself is met again while its
// members are listed, and then stands for itself.
func (b *builder) whole(t types.Type, u *types.Struct) (*schema.Type, error) {
	if known, ok := b.known.At(t).(*schema.Type); ok {
		return known, nil
	}
	if hidden := hiddenField(u, b.pkg); hidden != "" {
		return nil, errors.New(b.hidden(t, hidden))
	}
	if !hasExported(u) {
		return nil, fmt.Errorf("no field of %s is exported, so nothing of it would be stored; %s", b.typeString(t), leaveOut)
	}
	whole := &schema.Type{Go: t, Form: schema.Struct, Recursive: containsItself(t)}
	b.known.Set(t, whole)
	b.unfinished[whole] = true
	defer delete(b.unfinished, whole)
	owner := map[string]string{}
	for i := range u.NumFields() {
		member, err := b.member(t, u, i)
		if err != nil {
			b.known.Delete(t)
			return nil, err
		}
		if member == nil {
			continue
		}
		folded := strings.ToLower(member.Name)
		if other := owner[folded]; other != "" {
			b.known.Delete(t)
			return nil, fmt.Errorf("the fields %s and %s of %s are both stored as %q; give one of them another name with reset:\"name=…\"",
				other, member.GoName, b.typeString(t), member.Name)
		}
		owner[folded] = member.GoName
		whole.Members = append(whole.Members, member)
	}
	return whole, nil
}

// member describes one field of a struct that is stored whole, or gives nil for
// one that is not stored.
func (b *builder) member(t types.Type, u *types.Struct, i int) (*schema.Member, error) {
	v, note := u.Field(i), b.notes.of(u, i)
	if v.Name() == "_" || note.opts.has("-") || !v.Exported() && !lends(v) {
		return nil, nil
	}
	b.misplace(t, v, note)
	m := &schema.Member{GoName: v.Name(), Name: snake(v.Name())}
	if opt := note.opts.get("name"); opt != nil {
		m.Name = opt.value
	}
	var err error
	if m.Type, err = b.classify(v.Type()); err != nil {
		if cause := b.cause(v.Type(), note); errors.Is(err, errUnknown) && cause != nil {
			err = fmt.Errorf("%s (%s)", cause.Msg, b.place(cause.Pos))
		}
		return nil, fmt.Errorf("the field %s of %s: %w", v.Name(), b.typeString(t), err)
	}
	return m, nil
}

// misplaced is an option on a field of a struct that is stored whole, where it
// says nothing.
type misplaced struct {
	owner types.Type
	v     *types.Var
	note  *annotation
	opt   *option
}

func (b *builder) misplace(owner types.Type, v *types.Var, note *annotation) {
	if !note.opts.base.IsValid() {
		return
	}
	for i := range note.opts.list {
		if opt := &note.opts.list[i]; opt.name != "name" {
			b.pending = append(b.pending, misplaced{types.Unalias(owner), v, note, opt})
		}
	}
}

// reportMisplaced reports options on structs that are only ever stored whole. A
// struct that is a model too, or is tracked field by field elsewhere, has them
// for that.
func (b *builder) reportMisplaced() {
	for _, p := range b.pending {
		if st, ok := p.owner.Underlying().(*types.Struct); ok {
			if own, promoted := b.keys(st); own || promoted != nil {
				continue
			}
		}
		if b.nested.At(p.owner) == nil {
			b.errorf(p.note.opts.pos(p.opt), "field %s: %s: %s is stored whole, in a list, a map or behind a pointer, where this says nothing (allowed: name, -)",
				p.v.Name(), p.opt, b.typeString(p.owner))
		}
	}
}
