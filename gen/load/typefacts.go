package load

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// isByte tells whether t is byte itself: a list of a type made of byte is no
// list of bytes to Go's conversions.
func isByte(t types.Type) bool {
	basic, ok := types.Unalias(t).(*types.Basic)
	return ok && basic.Kind() == types.Uint8
}

// kindName says what a type is that cannot be stored.
func kindName(t types.Type) string {
	switch t := t.(type) {
	case *types.Chan:
		return "a channel"
	case *types.Signature:
		return "a function"
	case *types.Interface:
		return "an interface"
	case *types.Basic:
		switch {
		case t.Info()&types.IsComplex != 0:
			return "a complex number"
		case t.Kind() == types.UnsafePointer:
			return "an unsafe pointer"
		case t.Kind() == types.Uintptr:
			return "an address"
		}
	}
	return "a type of this kind"
}

// marshals tells whether a type brings the methods Marshal and Unmarshal of
// what. Methods that an embedded field lends do not count: they speak for that
// field only, and the others would be lost.
func marshals(named *types.Named, what string) bool {
	marshal, unmarshal := ownMethod(named, "Marshal"+what), ownMethod(named, "Unmarshal"+what)
	return marshal != nil && unmarshal != nil &&
		isSignature(marshal, "", "[]byte, error") && isSignature(unmarshal, "[]byte", "error")
}

// ownMethod finds a method that is declared for the type or its pointer.
func ownMethod(named *types.Named, name string) *types.Signature {
	obj, index, _ := types.LookupFieldOrMethod(named, true, named.Obj().Pkg(), name)
	if f, ok := obj.(*types.Func); ok && len(index) == 1 {
		return f.Signature()
	}
	return nil
}

func isSignature(s *types.Signature, params, results string) bool {
	return tupleString(s.Params()) == params && tupleString(s.Results()) == results && !s.Variadic()
}

func tupleString(t *types.Tuple) string {
	var list []string
	for v := range t.Variables() {
		list = append(list, strings.ReplaceAll(types.TypeString(types.Unalias(v.Type()), nil), "uint8", "byte"))
	}
	return strings.Join(list, ", ")
}

// equality is how values of a type that brings its own form compare.
func equality(named *types.Named) string {
	if equal := ownMethod(named, "Equal"); equal != nil && !isPointer(equal.Recv().Type()) && !equal.Variadic() &&
		equal.Params().Len() == 1 && types.Identical(equal.Params().At(0).Type(), named) && tupleString(equal.Results()) == "bool" {
		return "Equal"
	}
	if comparesByValue(named) {
		return "=="
	}
	return ""
}

// comparesByValue tells whether == sees all that makes a value up: not so
// through pointers, and NaN is not equal to itself.
func comparesByValue(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&(types.IsBoolean|types.IsInteger|types.IsString) != 0
	case *types.Array:
		return comparesByValue(u.Elem())
	}
	return false
}

// hiddenField names a field of a struct that generated code cannot reach
// because another package keeps it to itself, or gives "".
func hiddenField(st *types.Struct, from *types.Package) string {
	for v := range st.Fields() {
		if !v.Exported() && v.Name() != "_" && v.Pkg() != from {
			return v.Name()
		}
	}
	return ""
}

// lends tells whether a field has others, which may be exported even if it is
// not: it embeds a struct or a pointer to one.
func lends(v *types.Var) bool {
	if !v.Embedded() {
		return false
	}
	switch u := v.Type().Underlying().(type) {
	case *types.Struct:
		return true
	case *types.Pointer:
		st, ok := u.Elem().Underlying().(*types.Struct)
		return ok && hasExported(st)
	}
	return false
}

func hasExported(st *types.Struct) bool {
	for v := range st.Fields() {
		if v.Exported() || v.Embedded() && isStruct(v.Type()) {
			return true
		}
	}
	return false
}

// isStruct tells whether t is a struct or a pointer to one.
func isStruct(t types.Type) bool {
	t = t.Underlying()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem().Underlying()
	}
	_, ok := t.(*types.Struct)
	return ok
}

// hidden explains why a struct with such a field cannot be stored.
func (b *builder) hidden(t types.Type, field string) string {
	text := fmt.Sprintf("%s has fields that only its own package can reach (%s), so its content could not be kept; ", b.typeString(t), field)
	if named, ok := types.Unalias(t).(*types.Named); ok {
		for _, what := range []string{"Text", "JSON"} {
			if ownMethod(named, "Marshal"+what) != nil {
				return text + fmt.Sprintf("it has Marshal%s but not Unmarshal%s (to add that would do), or %s", what, what, leaveOut)
			}
		}
	}
	return text + leaveOut + ", or use a type of your own that has MarshalText and UnmarshalText"
}

// containsItself tells whether a struct type is part of its own content, through
// pointers, lists or maps.
func containsItself(t types.Type) bool {
	seen := map[types.Type]bool{}
	var reaches func(types.Type) bool
	reaches = func(u types.Type) bool {
		u = types.Unalias(u)
		if types.Identical(u, types.Unalias(t)) && len(seen) > 0 {
			return true
		}
		if seen[u] {
			return false
		}
		seen[u] = true
		return slices.ContainsFunc(parts(u), reaches)
	}
	return reaches(t)
}

// instances is how many instances of one generic type may lie within each other:
// more than anybody writes, and few enough that type arguments which double each
// time stay small.
const instances = 10

// expands finds a generic type whose content, followed through its fields, holds
// ever other instances of it, or gives nil. The compiler refuses such a type too,
// but go/types says so only of packages without other errors.
func expands(t types.Type) *types.Named {
	seen := map[types.Type]bool{}
	within := map[*types.Named]int{}
	var follow func(types.Type) *types.Named
	follow = func(t types.Type) *types.Named {
		t = types.Unalias(t)
		if seen[t] {
			return nil
		}
		seen[t] = true
		if named, ok := t.(*types.Named); ok && named.TypeArgs().Len() > 0 {
			origin := named.Origin()
			if within[origin]++; within[origin] > instances {
				return origin
			}
			defer func() { within[origin]-- }()
		}
		for _, part := range parts(t) {
			if endless := follow(part); endless != nil {
				return endless
			}
		}
		return nil
	}
	return follow(t)
}

// parts are the types that a type is made of.
func parts(t types.Type) []types.Type {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return []types.Type{u.Elem()}
	case *types.Slice:
		return []types.Type{u.Elem()}
	case *types.Array:
		return []types.Type{u.Elem()}
	case *types.Map:
		return []types.Type{u.Key(), u.Elem()}
	case *types.Struct:
		list := make([]types.Type, u.NumFields())
		for i := range list {
			list[i] = u.Field(i).Type()
		}
		return list
	}
	return nil
}

// nameable reports a type that generated code could not spell. An alias is spelled
// as such, whatever it stands for.
func (b *builder) nameable(t types.Type) error {
	var obj *types.TypeName
	var args *types.TypeList
	switch t := t.(type) {
	case *types.Alias:
		obj, args = t.Obj(), t.TypeArgs()
	case *types.Named:
		obj, args = t.Obj(), t.TypeArgs()
	default:
		return nil
	}
	for arg := range args.Types() {
		if err := b.nameable(arg); err != nil {
			return err
		}
	}
	switch {
	case obj.Pkg() == nil || obj.Pkg() == b.pkg:
		return nil
	case !obj.Exported():
		return fmt.Errorf("generated code could not name its type %s, which is not exported; %s", b.typeString(t), leaveOut)
	case !importable(obj.Pkg().Path(), strings.TrimSuffix(b.pkg.Path(), "_test")):
		return fmt.Errorf("generated code could not import %s for the type %s; %s", obj.Pkg().Path(), b.typeString(t), leaveOut)
	}
	return nil
}

// importable follows the go command's rule for folders named internal: what is
// below one can be imported from where that folder is, and from below there.
func importable(path, from string) bool {
	parent, _, found := cutLast(path+"/", "internal/")
	if !found {
		return true
	}
	return strings.HasPrefix(from+"/", parent) && parent != ""
}

// cutLast is strings.Cut at the last separator that begins an element of a path.
func cutLast(path, separator string) (before, after string, found bool) {
	for i := len(path); i >= 0; {
		i = strings.LastIndex(path[:i], separator)
		if i == 0 || i > 0 && path[i-1] == '/' {
			return path[:i], path[i+len(separator):], true
		}
		if i < 0 {
			break
		}
	}
	return path, "", false
}

// holdsLock tells whether values of the type must not be copied, by the rule that
// go vet goes by: a struct whose pointer has the methods Lock and Unlock, or
// anything that holds one.
func holdsLock(t types.Type) bool {
	seen := map[types.Type]bool{}
	var holds func(types.Type) bool
	holds = func(t types.Type) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		switch u := t.Underlying().(type) {
		case *types.Array:
			return holds(u.Elem())
		case *types.Struct:
			methods := types.NewMethodSet(types.NewPointer(t))
			if methods.Lookup(nil, "Lock") != nil && methods.Lookup(nil, "Unlock") != nil {
				return true
			}
			return slices.ContainsFunc(parts(u), holds)
		}
		return false
	}
	return holds(t)
}
