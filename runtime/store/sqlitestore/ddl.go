package sqlitestore

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// quote makes a name part of a statement.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteText makes a string part of a statement.
func quoteText(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

var columnTypes = [...]string{
	model.Bool: "INTEGER", model.Int: "INTEGER", model.Uint: "ANY", model.Float: "REAL",
	model.String: "TEXT", model.Bytes: "BLOB", model.Time: "TEXT", model.JSON: "TEXT",
}

// The columns of the stamps. A NULL in _stamps means that all fields were
// written when the object was.
const (
	stampColumn  = "_stamp"
	stampsColumn = "_stamps"
)

var stampDefinitions = map[string]string{
	stampColumn:  `"_stamp" INTEGER NOT NULL DEFAULT 0`,
	stampsColumn: `"_stamps" BLOB`,
}

// stampColumns lists the columns that a model has for its stamps.
func stampColumns(t model.Track) []string {
	all := []string{stampColumn, stampsColumn}
	switch t {
	case model.TrackJournal:
		return nil
	case model.TrackObject:
		return all[:1]
	}
	return all
}

// createTable makes the table of a model. Integer keys are what SQLite numbers
// its rows by; tables with other keys are kept in their order.
func createTable(m *store.ModelLayout) string {
	key := &m.Info.Fields[m.Info.Key]
	columns := make([]string, 0, len(m.Info.Fields)+3)
	for f := range m.Info.Fields {
		if f == m.Info.Key && rowNumber(key.Kind) {
			columns = append(columns, quote(key.Name)+" INTEGER PRIMARY KEY")
		} else {
			columns = append(columns, define(m.Info, f))
		}
	}
	for _, name := range stampColumns(m.Info.Track) {
		columns = append(columns, stampDefinitions[name])
	}
	options := "STRICT"
	if !rowNumber(key.Kind) {
		columns = append(columns, "PRIMARY KEY ("+quote(key.Name)+")")
		options = "STRICT, WITHOUT ROWID"
	}
	return "CREATE TABLE " + quote(m.Info.Name) + " (\n\t" + strings.Join(columns, ",\n\t") + "\n) " + options
}

func rowNumber(k model.Kind) bool { return k == model.Int || k == model.Uint }

// define is the column of a field. Its default serves rows that are written by a
// version of the app that does not know the field.
func define(m *model.Info, f int) string {
	field := &m.Fields[f]
	column := quote(field.Name) + " " + columnTypes[field.Kind]
	if field.Null || field.Zero.IsAbsent() {
		return column
	}
	if field.Kind != model.Float { // a NULL is a NaN
		column += " NOT NULL"
	}
	return column + " DEFAULT " + literal(bind(field.Zero))
}

func literal(v driver.Value) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'e', -1, 64)
	case string:
		return quoteText(v)
	case []byte:
		return "X'" + hex.EncodeToString(v) + "'"
	}
	return "NULL"
}

// index is an index on the column of a field.
type index struct {
	model, field string
	unique       bool
}

const indexPrefix = "_reset_index"

// name tells everything about the index, so that the file's indexes can be
// compared with those that are wanted by their names alone.
func (x index) name() string {
	kind := ""
	if x.unique {
		kind = "_unique"
	}
	return indexPrefix + kind + " " + x.model + " " + x.field
}

func (x index) create(c *conn) error {
	kind := "INDEX"
	if x.unique {
		kind = "UNIQUE INDEX"
	}
	err := c.run(fmt.Sprintf("CREATE %s %s ON %s (%s)", kind, quote(x.name()), quote(x.model), quote(x.field)))
	if errors.Is(err, store.ErrConstraint) {
		return fmt.Errorf("%w: %s.%s cannot be unique, several objects have the same value: %w", store.ErrSchema, x.model, x.field, err)
	}
	return err
}

// indexes compares the indexes that the schema wants with those that are there.
func indexes(c *conn, l *store.Layout) (missing []index, surplus []string, err error) {
	have, err := c.strings(`SELECT s."name" FROM "sqlite_schema" AS s WHERE s."type" = 'index' AND substr(s."name", 1, ?) = ?`,
		int64(len(indexPrefix)), indexPrefix)
	if err != nil {
		return nil, nil, err
	}
	kept := map[string]bool{}
	for i := range l.Models {
		for _, x := range wanted(&l.Models[i]) {
			if kept[x.name()] = slices.Contains(have, x.name()); !kept[x.name()] {
				missing = append(missing, x)
			}
		}
	}
	for _, name := range have {
		if !kept[name] {
			surplus = append(surplus, name)
		}
	}
	return missing, surplus, nil
}

func wanted(m *store.ModelLayout) []index {
	var list []index
	for f := range m.Info.Fields {
		if field := &m.Info.Fields[f]; f != m.Info.Key && (field.Index || field.Unique || field.Ref != "") {
			list = append(list, index{m.Info.Name, field.Name, field.Unique})
		}
	}
	return list
}
