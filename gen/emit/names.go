package emit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/resetgen/resetgen/gen/schema"
)

// schemaVar is the variable that every package with models declares.
const schemaVar = "Schema"

// model is a model that code is being generated for.
type model struct {
	*file
	*schema.Model
}

// The names of what is generated for a model. What an unexported model gets is
// unexported too.

func (m model) record() string      { return m.GoName + schema.RecordSuffix }
func (m model) collection() string  { return m.GoName + "Records" }
func (m model) diff() string        { return m.GoName + schema.DiffSuffix }
func (m model) diffFunc() string    { return like(m.GoName, "Diff") }
func (m model) mergeFunc() string   { return like(m.GoName, "Merge") }
func (m model) info() string        { return "info" + upper(m.GoName) }
func (m model) conversions() string { return "conversions" + upper(m.GoName) }
func (m model) encode() string      { return "encode" + upper(m.GoName) }
func (m model) decode() string      { return "decode" + upper(m.GoName) }

// The names of what is generated for a field.

func (m model) index(f *schema.Field) string { return m.ofField("field", f) }
func (m model) codec(f *schema.Field) string { return m.ofField("codec", f) }
func (m model) elem(f *schema.Field) string  { return m.ofField("elem", f) } // the codec of a list's or map's elements
func (m model) key(f *schema.Field) string   { return m.ofField("key", f) }  // the codec of a map's keys

func (m model) ofField(what string, f *schema.Field) string {
	return what + upper(m.GoName) + "_" + f.GoName
}

// names lists the names that are declared for a model.
func names(s *schema.Model) []string {
	m := model{Model: s}
	list := []string{m.record(), m.collection(), m.diff(), m.diffFunc(), m.mergeFunc(), m.info(), m.encode(), m.decode()}
	if m.converts() {
		list = append(list, m.conversions())
	}
	for _, f := range m.Fields {
		list = append(list, m.index(f), m.codec(f), m.elem(f), m.key(f))
	}
	return list
}

// Clash is a name that would be generated for two models.
type Clash struct {
	Name       string
	Model, For *schema.Model // For has the name already
}

// Clashes finds models whose generated names clash, as those of models do that
// differ in the case of their first letter only: one clash of any two.
func Clashes(p *schema.Package) []Clash {
	var list []Clash
	owner := map[string]*schema.Model{}
	for _, f := range p.Files {
		for _, m := range f.Models {
			told := map[*schema.Model]bool{m: true}
			for _, name := range names(m) {
				switch other := owner[name]; {
				case other == nil:
					owner[name] = m
				case !told[other]:
					told[other] = true
					list = append(list, Clash{name, m, other})
				}
			}
		}
	}
	return list
}

// like is prefix and name as one name, exported if name is.
func like(name, prefix string) string {
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsUpper(first) {
		prefix = strings.ToLower(prefix)
	}
	return prefix + upper(name)
}

// upper is s with its first letter in upper case.
func upper(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// a is name with its article.
func a(name string) string {
	if strings.ContainsAny(name[:1], "AEIOaeio") {
		return "an " + name
	}
	return "a " + name
}
