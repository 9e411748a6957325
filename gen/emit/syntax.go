package emit

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// The pieces of Go from which the rest is built.

// typ is a type as the user wrote it.
func (f *file) typ(t types.Type) *jen.Statement { return jen.Id(f.typeString(t)) }

// doc is a comment, broken into lines.
func doc(format string, args ...any) jen.Code {
	return lines(wrap(fmt.Sprintf(format, args...)))
}

// lines is a comment as it is.
func lines(text string) *jen.Statement {
	s := jen.Null()
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if i > 0 {
			s.Line()
		}
		if line != "" && !strings.HasPrefix(line, "\t") { // a tab begins a block of code
			line = " " + line
		}
		s.Comment("//" + line)
	}
	return s
}

// wrap breaks text between words.
func wrap(text string) string {
	const width = 80 - len("// ")
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
		case column+1+len(word) > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// at is v.Where.Lat.
func at(v, selector string) *jen.Statement { return jen.Id(v).Dot(selector) }

// pair is name: value.
func pair(name string, value jen.Code) jen.Code { return jen.Id(name).Op(":").Add(value) }

// pairs is a composite literal's body on one line.
func pairs(items ...jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ", "}, items...)
}

// block is a composite literal's body with an item to a line.
func block(items ...jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, items...)
}

// args are a call's arguments, one to a line.
func args(items ...jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "(", Close: ")", Separator: ",", Multi: true}, items...)
}

// body is a function's body on one line.
func body(statements ...jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "{ ", Close: " }", Separator: "; "}, statements...)
}

// pointer is *name.
func pointer(name string) *jen.Statement { return jen.Op("*").Id(name) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
