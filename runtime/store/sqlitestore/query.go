package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Query implements store.Querier. In the order of the keys an object is met once,
// also where the caller writes to what the condition is about.
func (t *tx) Query(m *model.Info, where string, args []any) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		if err := t.queryEach(m, where, args, func(row *model.Row) bool { return yield(row, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (t *tx) queryEach(m *model.Info, where string, args []any, use func(*model.Row) bool) error {
	safe, params, err := condition(where)
	if err != nil {
		return err
	}
	if params != len(args) {
		return fmt.Errorf("%w: it takes %d arguments, by its question marks, and there are %d", store.ErrQuery, params, len(args))
	}
	bound := make([]driver.Value, len(args))
	for i, arg := range args {
		if bound[i], err = argument(arg); err != nil {
			return err
		}
	}
	table, err := t.engine.table(m)
	if err != nil || !table.exists {
		return err
	}
	if err := t.check(false); err != nil {
		return err
	}
	cur, err := t.conn.query(&query{text: table.where(safe), once: true}, bound...)
	if err != nil {
		return t.engine.named(blame(err))
	}
	t.keep(cur)
	defer t.done(cur)
	for {
		found, err := cur.next()
		switch {
		case errors.Is(err, store.ErrTxDone):
			return err
		case err != nil:
			return t.engine.named(blame(err))
		case found == nil:
			return nil
		}
		row, err := table.row(found)
		if err != nil || !use(row) {
			return t.engine.named(err)
		}
	}
}

// where is the statement that reads the objects for which a condition holds. In
// it fields have the names that the app gives them, also where the file is older:
// then one that is lacking has its zero value.
func (t *table) where(condition string) string {
	names := append(columnNames(t.layout.Was), t.stray...)
	source, key := quote(t.layout.Was.Name), names[t.layout.Was.Key]
	if !t.sameNames() {
		source, names = t.renamed(names)
		key = names[t.layout.Was.Key]
	}
	alias := quote(t.layout.Info.Name)
	for i, name := range names {
		names[i] = alias + "." + quote(name)
	}
	return fmt.Sprintf("SELECT %s FROM %s AS %s WHERE %s ORDER BY %s.%s", strings.Join(names, ", "), source, alias, condition, alias, quote(key))
}

// sameNames tells whether the file has every field, by the name that the app has
// for it. It has not where an earlier version of the app wrote it and it is only
// read.
func (t *table) sameNames() bool {
	for f, p := range t.layout.Place {
		if p >= len(t.fields) || t.layout.Was.Fields[p].Name != t.layout.Info.Fields[f].Name {
			return false
		}
	}
	return true
}

// renamed is the table with a column for each field by the name in the app, and
// the columns that are there by names that nothing else has.
func (t *table) renamed(names []string) (source string, drafts []string) {
	var columns []string
	for i, name := range names {
		drafts = append(drafts, fmt.Sprintf("_reset_column_%d", i))
		columns = append(columns, "s."+quote(name)+" AS "+quote(drafts[i]))
	}
	for f, p := range t.layout.Place {
		field := &t.layout.Info.Fields[f]
		column := literal(bind(field.Zero))
		if p < len(t.fields) {
			column = "s." + quote(t.layout.Was.Fields[p].Name)
		}
		columns = append(columns, column+" AS "+quote(field.Name))
	}
	return fmt.Sprintf("(SELECT %s FROM %s AS s)", strings.Join(columns, ", "), quote(t.layout.Was.Name)), drafts
}
