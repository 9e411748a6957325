package sqlitestore

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/store"
)

// convertColumns fills the columns of the fields whose kind has changed from
// those that steps set aside, and drops these. A column of a STRICT table cannot
// change its type in place.
func convertColumns(c *conn, m *store.ModelLayout) error {
	for f := range m.Converted().All() {
		if err := fillColumn(c, m, f); err != nil {
			return err
		}
		if err := c.run(fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", quote(m.Info.Name), draft(m.Place[f]))); err != nil {
			return fmt.Errorf("bringing the table %s up to date: %w", quote(m.Info.Name), err)
		}
	}
	return nil
}

// fillColumn converts the values of one field, row by row. It writes to rows that
// the cursor has passed, which does not disturb it: their keys stay.
func fillColumn(c *conn, m *store.ModelLayout, f int) error {
	p := m.Place[f]
	table, key := quote(m.Info.Name), quote(m.Now.Fields[m.Now.Key].Name)
	read := &query{text: fmt.Sprintf("SELECT %s, %s FROM %s ORDER BY 1", key, draft(p), table)}
	write := &query{text: fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", table, quote(m.Now.Fields[p].Name), key)}
	defer c.forget(read)
	defer c.forget(write)
	cur, err := c.query(read)
	if err != nil {
		return err
	}
	defer cur.close()
	keys, old := columnOf(m.Now.Fields[m.Now.Key].Kind, false), storedColumn(m, f)
	for {
		found, err := cur.next()
		if err != nil || found == nil {
			return err
		}
		k := keys.value(found[0])
		v, err := m.Convert(k, f, old.value(found[1]))
		if err != nil {
			return err
		}
		if _, err := c.exec(write, bind(v), bind(k)); err != nil {
			return err
		}
	}
}
