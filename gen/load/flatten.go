package load

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
	"github.com/resetgen/resetgen/runtime/model"
)

// flattener lists the leaves of one model.
type flattener struct {
	*builder
	model  *schema.Model
	source *source
	origin []token.Pos  // where each of model.Fields is declared
	split  []types.Type // the structs on the way to the leaves
	before int          // how many errors there were when the walk began
}

// trail is how the walk got to a struct.
type trail struct {
	selector string   // "Where.", or "" for the model itself
	goName   string   // "Where"
	name     string   // "where."
	was      []string // earlier forms of name

	// Of a struct of another package, which has no place in the source: the field
	// through which the walk left the package.
	anchor token.Pos
	left   string // its name
}

// fields lists the leaves among the fields of st. It gives up at more than a
// model can have, for structs in structs soon make more than anybody can wait
// for.
func (f *flattener) fields(st *types.Struct, at trail) {
	for i := range st.NumFields() {
		if len(f.model.Fields)+len(f.errs)-f.before > model.MaxFields {
			return
		}
		f.field(st.Field(i), f.notes.of(st, i), at)
	}
}

func (f *flattener) field(v *types.Var, note *annotation, at trail) {
	pos := v.Pos()
	subject := "field " + v.Name()
	if at.anchor.IsValid() {
		pos = at.anchor
		subject = fmt.Sprintf("field %s: its field %s", at.left, strings.TrimPrefix(at.selector+v.Name(), at.left+"."))
	}
	l := &leaf{flattener: f, v: v, note: note, at: at, pos: pos, subject: subject}
	st, isStruct := v.Type().Underlying().(*types.Struct)
	switch {
	case holdsLock(v.Type()):
		f.errorf(pos, "%s: %s must not be copied, and records copy the whole struct; keep it outside of the model, or make the field a pointer that is not exported", subject, f.typeString(v.Type()))
	case v.Name() == "_" || note.opts.has("-"):
	case !v.Exported() && !lends(v):
		if note.tagged {
			f.errorf(note.opts.base, "%s: it is not exported, so it is not stored and its tag says nothing; export it or remove the tag", subject)
		}
	case v.Embedded() && isPointer(v.Type()):
		f.errorf(pos, `%s: an embedded pointer may be nil and then has no fields to promote; embed %s itself, give the field a name, or leave it out with reset:"-"`,
			subject, f.typeString(v.Type().(*types.Pointer).Elem()))
	case expands(v.Type()) != nil:
		l.reject("%s holds ever other instances of itself, without end; %s", f.typeString(expands(v.Type())), leaveOut)
	case isStruct && f.splits(v.Type()):
		l.inside(st)
	default:
		l.add()
	}
}

func isPointer(t types.Type) bool {
	_, ok := t.(*types.Pointer)
	return ok
}

// leaf is a field of the walk: one of the model's, or a struct on the way there.
type leaf struct {
	*flattener
	v       *types.Var
	note    *annotation
	at      trail
	pos     token.Pos
	subject string
}

// reject reports the field at its place.
func (l *leaf) reject(format string, args ...any) {
	l.errorf(l.pos, "%s: %s", l.subject, fmt.Sprintf(format, args...))
}

// rejectOption reports one option of the field's tag at its place.
func (l *leaf) rejectOption(opt *option, format string, args ...any) {
	pos := l.pos
	if l.note.opts.base.IsValid() {
		pos = l.note.opts.pos(opt)
	}
	l.errorf(pos, "%s: %s: %s", l.subject, opt, fmt.Sprintf(format, args...))
}

// inside goes on with the fields of a struct that is not a leaf.
func (l *leaf) inside(st *types.Struct) {
	for i := range l.note.opts.list {
		opt := &l.note.opts.list[i]
		switch {
		case l.v.Embedded():
			l.rejectOption(opt, "an embedded struct only lends its fields, so this says nothing; put it on the fields (allowed: -)")
		case opt.name != "name" && opt.name != "was":
			l.rejectOption(opt, "the fields of a struct are tracked by themselves, so this belongs on them (allowed: name, was, -)")
		}
	}
	if hidden := hiddenField(st, l.pkg); hidden != "" {
		l.reject("%s", l.hidden(l.v.Type(), hidden))
		return
	}
	if !hasExported(st) {
		l.reject("no field of %s is exported, so nothing of it would be stored; %s", l.typeString(l.v.Type()), leaveOut)
		return
	}
	l.nested.Set(types.Unalias(l.v.Type()), true)
	l.split = append(l.split, l.v.Type())
	l.fields(st, l.into())
}

// into is the way to the struct's fields.
func (l *leaf) into() trail {
	to := l.at
	to.selector += l.v.Name() + "."
	if !l.v.Embedded() {
		to.goName += l.v.Name()
		to.name, to.was = l.stored()
		to.name += "."
		to.was = slices.Clone(to.was)
		for i := range to.was {
			to.was[i] += "."
		}
	}
	if !to.anchor.IsValid() && l.notes.fields[firstField(l.v.Type())] == nil {
		to.anchor, to.left = l.pos, l.v.Name()
	}
	return to
}

// firstField is where the first field of a struct is declared.
func firstField(t types.Type) token.Pos { return t.Underlying().(*types.Struct).Field(0).Pos() }

// stored is the stored name of the field and its earlier ones.
func (l *leaf) stored() (name string, was []string) {
	own := snake(l.v.Name())
	if opt := l.note.opts.get("name"); opt != nil {
		own = opt.value
	}
	for _, prefix := range append([]string{l.at.name}, l.at.was...) {
		for _, name := range append([]string{own}, l.note.opts.values("was")...) {
			was = append(was, prefix+name)
		}
	}
	return was[0], was[1:]
}

// add makes the field a leaf of the model.
func (l *leaf) add() {
	t, err := l.classify(l.v.Type())
	if err != nil {
		if cause := l.cause(l.v.Type(), l.note); errors.Is(err, errUnknown) && cause != nil {
			l.errorf(cause.Pos, "%s: %s", l.subject, cause.Msg)
			return
		}
		l.reject("%v", err)
		return
	}
	name, was := l.stored()
	field := &schema.Field{
		Selector: l.at.selector + l.v.Name(),
		GoName:   l.at.goName + l.v.Name(),
		Name:     name,
		Was:      was,
		Doc:      l.note.doc(),
		Type:     t,
		Pos:      l.place(l.pos),
	}
	if why := unfit(name); why != "" {
		l.reject("its stored name would be %q, but %s; give it one with reset:\"name=…\"", name, why)
	}
	l.apply(field)
	l.model.Fields = append(l.model.Fields, field)
	l.origin = append(l.origin, l.pos)
}

// finish checks what concerns all leaves of the model together.
func (f *flattener) finish(pos token.Pos) {
	m := f.model
	if m.Key == nil && len(f.errs) == f.before {
		f.errorf(pos, `model %s: no field that is stored is the key; tag one with reset:"key"`, m.GoName)
	}
	if len(m.Fields) > model.MaxFields {
		f.errorf(pos, "model %s: it has more than %d fields, those of nested structs included, and that is the limit; store some of them whole, behind a pointer",
			m.GoName, model.MaxFields)
	}
	f.storedNames()
	f.accessors()
	for _, t := range f.holds() {
		f.sameInAllBuilds(pos, t)
		if f.spellable(t.Underlying()) && f.spellable(t) {
			m.Holds = append(m.Holds, t)
		}
	}
}

// storedNames reports fields that would be stored under one name. Case does not
// tell names apart: in SQL it does not either.
func (f *flattener) storedNames() {
	owner := map[string]int{}
	for i, field := range f.model.Fields {
		for _, name := range append([]string{field.Name}, field.Was...) {
			folded := strings.ToLower(name)
			if other, taken := owner[folded]; !taken {
				owner[folded] = i
			} else if other != i {
				f.errorf(f.origin[i], "field %s: it is stored as %q, as is %s of %s (%s); give one of them another name with reset:\"name=…\"",
					field.Selector, name, f.model.Fields[other].Selector, f.model.GoName, f.place(f.origin[other]))
			}
		}
	}
}

// accessors reports fields whose methods on the record would have one name.
func (f *flattener) accessors() {
	owner := map[string]int{"Plain": -1}
	for i, field := range f.model.Fields {
		list := methods(field, field == f.model.Key)
		clash := slices.IndexFunc(list, func(method string) bool { _, taken := owner[method]; return taken })
		for _, method := range list {
			if _, taken := owner[method]; !taken {
				owner[method] = i
			}
		}
		if clash < 0 {
			continue
		}
		method := list[clash]
		if other := owner[method]; other < 0 {
			f.errorf(f.origin[i], "field %s: its method %s clashes with the record's own; rename the field (reset:\"name=%s\" keeps its stored name)",
				field.Selector, method, field.Name)
		} else {
			f.errorf(f.origin[i], "field %s: its method %s clashes with that of %s of %s (%s); rename one of them, or leave it out with reset:\"-\"",
				field.Selector, method, f.model.Fields[other].Selector, f.model.GoName, f.place(f.origin[other]))
		}
	}
}

// methods lists the names of the methods that a field has on the record.
func methods(f *schema.Field, key bool) []string {
	if key {
		return []string{f.GoName}
	}
	list := []string{f.GoName, "Set" + f.GoName, "Touch" + f.GoName}
	switch f.Parts() {
	case schema.Amounts:
		list = append(list, "Add"+f.GoName)
	case schema.Elements:
		list = append(list, "Add"+f.GoName, "Remove"+f.GoName)
	case schema.Keys:
		list = append(list, "Put"+f.GoName, "Delete"+f.GoName)
	}
	return list
}
