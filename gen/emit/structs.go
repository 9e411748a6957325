package emit

import (
	"go/types"
	"strings"
	"unicode"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/resetgen/resetgen/gen/schema"
)

// structs are the codecs of the structs that a file's fields hold whole: a
// function each, declared once in the package. The files that are part of every
// build come first and share theirs with all others; a file that some builds
// leave out keeps what it adds to itself, under names that end in its own.
type structs struct {
	file *file
	own  typeutil.Map // the functions that only this file may call: their types to their names
	todo []structType // named, but not declared yet
}

type structType struct {
	*schema.Type
	name string
}

// codecOf is the expression that makes the codec of t. Inside itself, a type's
// codec cannot be made before it is there: Lazy puts that off.
func (s *structs) codecOf(t *schema.Type, place string, inside *schema.Type) *jen.Statement {
	name := s.name(t, place)
	if inside != nil && inside.Recursive && t.Recursive {
		return s.file.codecPkg("Lazy").Call(jen.Id(name))
	}
	return jen.Id(name).Call()
}

// name is the function that makes the codec of t, which is declared at the end
// of this file unless another one has it.
func (s *structs) name(t *schema.Type, place string) string {
	shared := &s.file.pkg.shared
	for _, known := range []*typeutil.Map{shared, &s.own} {
		if name, ok := known.At(t.Go).(string); ok {
			return name
		}
	}
	name, known := "codec"+speak(t.Go, s.file.pkg.schema.Types, place), shared
	if s.file.src.Narrow {
		name, known = name+"_"+identifier(strings.TrimSuffix(s.file.src.Name, ".go")), &s.own
	}
	name = s.file.pkg.declare(name)
	known.Set(t.Go, name)
	s.todo = append(s.todo, structType{t, name})
	return name
}

// structCodecs declares the functions, and those that they call in turn.
func (f *file) structCodecs() {
	for len(f.structs.todo) > 0 {
		next := f.structs.todo[0]
		f.structs.todo = f.structs.todo[1:]
		f.structCodec(next)
	}
}

func (f *file) structCodec(t structType) {
	members := make([]jen.Code, len(t.Members))
	for i, member := range t.Members {
		place := strings.TrimPrefix(t.name, "codec") + member.GoName
		field := jen.Func().Params(jen.Id("v").Op("*").Add(f.typ(t.Go))).Op("*").Add(f.typ(member.Type.Go)).
			Add(body(jen.Return(jen.Op("&").Add(at("v", member.GoName)))))
		members[i] = f.codecPkg("At").Call(jen.Lit(member.Name), f.codecOf(member.Type, place, t.Type), field)
	}
	result := f.codecPkg("Struct").Add(args(members...))
	if len(members) == 0 {
		result = f.codecPkg("Struct").Types(f.typ(t.Go)).Call()
	}
	f.add(
		doc("%s is how %s is stored inside of lists, maps and pointers.", t.name, f.described(t.Go)),
		jen.Func().Id(t.name).Params().Add(f.codecPkg("Codec")).Types(f.typ(t.Go)).Block(jen.Return(result)))
}

// described is a type in a comment.
func (f *file) described(t types.Type) string {
	if _, nameless := t.(*types.Struct); nameless {
		return "a struct without a name"
	}
	return a(f.typeString(t))
}

// speak is a type's name as part of another name: Photo, GeoPoint, BoxOfString.
// What has no name is called after its place.
func speak(t types.Type, home *types.Package, place string) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return upper(t.Name())
	case *types.Pointer:
		return speak(t.Elem(), home, place) + "Pointer"
	case *types.Slice:
		return speak(t.Elem(), home, place) + "List"
	case *types.Array:
		return speak(t.Elem(), home, place) + "Array"
	case *types.Map:
		return speak(t.Elem(), home, place) + "By" + speak(t.Key(), home, place)
	case *types.Named:
		name := upper(t.Obj().Name())
		if pkg := t.Obj().Pkg(); pkg != nil && pkg != home {
			name = upper(pkg.Name()) + name
		}
		for i := range t.TypeArgs().Len() {
			link := "And"
			if i == 0 {
				link = "Of"
			}
			name += link + speak(t.TypeArgs().At(i), home, place)
		}
		return name
	}
	return place
}

// identifier is s with every rune that cannot be part of a name replaced.
func identifier(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, s)
}
