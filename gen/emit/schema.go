package emit

import "github.com/dave/jennifer/jen"

// schemaFile declares the package's Schema, to which the files of the models
// add them.
func (p *pkg) schemaFile() (File, error) {
	f := p.newFile(nil)
	name := "reset_schema.go"
	if p.schema.InTest {
		name = "reset_schema_test.go"
	}
	f.add(
		doc("%s is the models of this package; their files add them to it.", schemaVar),
		jen.Var().Id(schemaVar).Add(f.storePkg("Schema")))
	source, err := f.render("")
	return File{Name: name, Source: source}, err
}
