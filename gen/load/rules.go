package load

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
	"github.com/resetgen/resetgen/runtime/model"
)

// apply gives the leaf what its tag says and reports what does not go with its
// type. References are looked up later, when all models are known.
func (l *leaf) apply(field *schema.Field) {
	opts := &l.note.opts
	if opts.has("key") && l.isKey() {
		l.applyKey(field)
	}
	if opt := opts.get("merge"); opt != nil {
		l.applyMerge(field, opt)
	}
	if opt := opts.get("by"); opt != nil {
		l.applyBy(field, opt)
	}
	if opt := opts.get("ref"); opt != nil {
		l.applyRef(field, opt)
	}
	if opt := opts.get("index"); opt != nil {
		field.Index = l.indexable(field, opt)
	}
	if opt := opts.get("unique"); opt != nil {
		field.Unique = l.indexable(field, opt)
	}
	if opt := opts.get("convert"); opt != nil {
		l.applyConvert(field, opt)
	}
}

// isKey tells whether the tag speaks of this model's key: the key of a model
// that is nested in another is an ordinary field there.
func (l *leaf) isKey() bool { return l.at.goName == "" }

func (l *leaf) applyKey(field *schema.Field) {
	opt := l.note.opts.get("key")
	if other := l.model.Key; other != nil {
		l.rejectOption(opt, "a model has one key, and %s is that of %s already", other.Selector, l.model.GoName)
		return
	}
	l.model.Key = field
	switch t := field.Type; {
	case t.Form == schema.String || t.Form == schema.Int || t.Form == schema.Uint || t.Form == schema.Text:
	case t.Form == schema.ByteArray && t.Go.Underlying().(*types.Array).Len() == 16:
	default:
		l.rejectOption(opt, "%s cannot be a key (allowed: a string, an integer, [16]byte, a type with MarshalText and UnmarshalText)", l.typeString(t.Go))
	}
	if merge := l.note.opts.get("merge"); merge != nil {
		l.rejectOption(merge, "a key never changes, so there is nothing to merge")
	}
}

// need says what a rule asks of a type.
type need struct {
	forms []schema.Form
	text  string
}

var needs = map[model.Rule]need{
	model.Max:     orderedNeed,
	model.Min:     orderedNeed,
	model.Counter: {[]schema.Form{schema.Int, schema.Uint, schema.Float}, "an integer or a float"},
	model.Set:     {[]schema.Form{schema.Slice}, sliceText},
	model.Map:     {[]schema.Form{schema.Map}, "a map"},
	model.List:    {[]schema.Form{schema.Slice}, sliceText},
	model.Text:    {[]schema.Form{schema.String}, "a string"},
}

const sliceText = "a slice, but not one of bytes"

var orderedNeed = need{
	[]schema.Form{schema.Int, schema.Uint, schema.Float, schema.String, schema.Time},
	"an integer, a float, a string, a time.Time or a time.Duration",
}

func (l *leaf) applyMerge(field *schema.Field, opt *option) {
	field.Rule, field.Func, _ = parseRule(opt.value)
	if need, ok := needs[field.Rule]; ok && !slices.Contains(need.forms, field.Type.Form) {
		l.rejectOption(opt, "the rule needs %s, and the field is %s", need.text, l.typeString(field.Type.Go))
	}
	if field.Rule == model.Newest && l.model.Track == model.TrackJournal {
		l.rejectOption(opt, "the rule compares stamps, which %s does not keep with track=journal (allowed: track=field, track=object)", l.model.GoName)
	}
	if field.Rule == model.Func {
		t := l.typeString(field.Type.Go)
		want := fmt.Sprintf("func %s(base, local, remote %s) (%s, error)", field.Func, t, t)
		l.function(opt, field.Func, want, func(s *types.Signature) bool { return isMerge(s, field.Type.Go) })
	}
}

// function finds the function of the app's that an option names, and makes sure
// that generated code can call it: want spells the signature that fits tests. It
// is nil where the option was rejected.
func (l *leaf) function(opt *option, name, want string, fits func(*types.Signature) bool) *types.Func {
	if l.at.anchor.IsValid() {
		l.rejectOption(opt, "a %s function has to be of the model's own package", opt.name)
		return nil
	}
	obj := l.pkg.Scope().Lookup(name)
	f, ok := obj.(*types.Func)
	switch {
	case obj == nil:
		l.rejectOption(opt, "the package has no function %s; declare %s", name, want)
	case !ok:
		l.rejectOption(opt, "%s is not a function; declare %s", name, want)
	case !fits(f.Signature()):
		l.rejectOption(opt, "%s does not fit (%s); the field needs %s", name, l.place(f.Pos()), want)
	case l.reachable(opt, f):
		return f
	}
	return nil
}

func isMerge(s *types.Signature, t types.Type) bool {
	for v := range s.Params().Variables() {
		if !types.Identical(v.Type(), t) {
			return false
		}
	}
	return s.Params().Len() == 3 && gives(s, t)
}

func isConvert(s *types.Signature, t types.Type) bool { return s.Params().Len() == 1 && gives(s, t) }

// gives tells whether a plain function has the results (t, error).
func gives(s *types.Signature, t types.Type) bool {
	results := s.Results()
	return results.Len() == 2 && !s.Variadic() && s.TypeParams().Len() == 0 &&
		types.Identical(results.At(0).Type(), t) && types.Identical(results.At(1).Type(), types.Universe.Lookup("error").Type())
}

// applyRef makes the field hold the key of a model. Which model, and whether its
// key is of this kind, is looked up later, as far as the model is known.
func (l *leaf) applyRef(field *schema.Field, opt *option) {
	switch kind, _ := field.Type.Kind(); kind {
	case model.String, model.Int, model.Uint, model.Bytes:
		field.Ref = opt.value
		field.Index = true
		l.refs = append(l.refs, reference{l, field, opt})
	case model.JSON:
		l.rejectOption(opt, "%s is stored as JSON text, which cannot be the key of an object", l.typeString(field.Type.Go))
	default:
		l.rejectOption(opt, "%s is stored as a %s, which no key is", l.typeString(field.Type.Go), kind)
	}
}

// applyConvert finds out what type the field had before: the parameter of its
// function says.
func (l *leaf) applyConvert(field *schema.Field, opt *option) {
	if field == l.model.Key {
		l.rejectOption(opt, "a key keeps its type, so there is nothing to convert")
		return
	}
	name, _ := parseConvert(opt.value)
	t := l.typeString(field.Type.Go)
	want := fmt.Sprintf("func %s(old X) (%s, error), where X is the earlier type", name, t)
	f := l.function(opt, name, want, func(s *types.Signature) bool { return isConvert(s, field.Type.Go) })
	if f == nil {
		return
	}
	old := f.Signature().Params().At(0).Type()
	from, err := l.classify(old)
	if err != nil {
		l.rejectOption(opt, "%s reads what was never stored (%s): %s", name, l.place(f.Pos()), strings.TrimSuffix(err.Error(), "; "+leaveOut))
		return
	}
	was, _ := from.Kind()
	if now, _ := field.Type.Kind(); now == was {
		l.rejectOption(opt, "%s and %s are both stored as %s, so %s would never be called; remove the option", l.typeString(old), t, now, name)
		return
	}
	field.Convert = &schema.Conversion{Func: name, From: from}
}

// reachable makes sure that the function is part of every build that the model is
// part of, or reports that it is not.
func (l *leaf) reachable(opt *option, f *types.Func) bool {
	s := l.unit.sourceOf(f.Pos())
	_, elsewhere := l.unit.leftOut(l.workspace)[f.Name()]
	switch {
	case s == nil:
	case s.isTest() && !l.source.isTest():
		l.rejectOption(opt, "%s is declared in a test file (%s), and the model is not", f.Name(), l.place(f.Pos()))
		return false
	case s.isNarrow() && !l.source.isNarrow() && !elsewhere:
		l.rejectOption(opt, "%s is declared in a file that some builds leave out (%s), and the model is in all; declare it for the other builds too", f.Name(), l.place(f.Pos()))
		return false
	}
	return true
}

// applyBy finds the member that tells the elements of a list apart.
func (l *leaf) applyBy(field *schema.Field, opt *option) {
	if field.Rule != model.List {
		l.rejectOption(opt, "it names what tells the elements of a list apart, so it needs merge=list")
		return
	}
	if field.Type.Form != schema.Slice {
		return // reported with the rule
	}
	elem := field.Type.Elem
	if elem.Form != schema.Struct {
		l.rejectOption(opt, "the elements have to be structs that are stored whole, and %s is not", l.typeString(elem.Go))
		return
	}
	var allowed []string
	for _, m := range elem.Members {
		if identifies(m.Type) {
			allowed = append(allowed, m.GoName)
			if m.GoName == opt.value {
				field.By = m
			}
		}
	}
	if field.By == nil {
		l.rejectOption(opt, "%s has no such field that is a string, an integer, an array of bytes or a comparable type with a text form%s",
			l.typeString(elem.Go), suggest(opt.value, allowed))
	}
}

// identifies tells whether values of the type can tell elements apart.
func identifies(t *schema.Type) bool {
	switch t.Form {
	case schema.String, schema.Int, schema.Uint, schema.ByteArray:
		return true
	case schema.Text:
		return comparesByValue(t.Go)
	}
	return false
}

// indexable checks a field that the store is to index.
func (l *leaf) indexable(field *schema.Field, opt *option) bool {
	kind, _ := field.Type.Kind()
	switch {
	case field == l.model.Key:
		l.rejectOption(opt, "the key is unique and indexed anyway")
	case kind == model.JSON:
		l.rejectOption(opt, "%s is stored as JSON text, which cannot be indexed", l.typeString(field.Type.Go))
	default:
		return true
	}
	return false
}
