package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// tx is a transaction, which has a connection for itself.
type tx struct {
	engine  *engine
	conn    *conn // nil once the transaction has ended
	write   bool
	broken  error // a write failed in a way that may have undone the earlier ones
	cursors map[*cursor]bool
	args    []driver.Value // reused by writes
}

// begin begins the transaction. One that reads looks at something at once, for
// SQLite fixes what it sees only then.
func (t *tx) begin() error {
	if t.write {
		_, err := t.conn.exec(beginWrite)
		return err
	}
	if _, err := t.conn.exec(beginRead); err != nil {
		return err
	}
	cur, err := t.conn.query(look)
	if err != nil {
		return err
	}
	cur.close()
	return nil
}

func (t *tx) check(write bool) error {
	switch {
	case t.conn == nil:
		return store.ErrTxDone
	case write && !t.write:
		return store.ErrReadOnly
	case t.broken != nil:
		return fmt.Errorf("the transaction has failed already: %w", t.broken)
	}
	return nil
}

// wrote judges the error of a write. What a constraint refuses leaves the
// transaction as it was. After anything else SQLite may have rolled it back, and
// later writes would each be a transaction of their own.
func (t *tx) wrote(err error) error {
	if err != nil && !errors.Is(err, store.ErrConstraint) {
		t.broken = err
	}
	return t.engine.named(err)
}

func (t *tx) exec(q *query, args ...driver.Value) (int64, error) {
	n, err := t.conn.exec(q, args...)
	return n, t.wrote(err)
}

// query begins to read; the cursor does not outlive the transaction.
func (t *tx) query(q *query, args ...driver.Value) (*cursor, error) {
	cur, err := t.conn.query(q, args...)
	if err != nil {
		return nil, t.engine.named(err)
	}
	t.keep(cur)
	return cur, nil
}

func (t *tx) keep(cur *cursor) {
	if t.cursors == nil {
		t.cursors = map[*cursor]bool{}
	}
	t.cursors[cur] = true
}

func (t *tx) done(cur *cursor) {
	cur.close()
	delete(t.cursors, cur)
}

// one reads at most one row, and hands it to use.
func (t *tx) one(q *query, use func(found []driver.Value) error, args ...driver.Value) error {
	if err := t.check(false); err != nil {
		return err
	}
	cur, err := t.conn.query(q, args...)
	if err != nil {
		return t.engine.named(err)
	}
	defer cur.close()
	found, err := cur.next()
	if err == nil && found != nil {
		err = use(found)
	}
	return t.engine.named(err)
}

// each reads any number of rows.
func (t *tx) each(q *query, use func(found []driver.Value) (more bool, err error), args ...driver.Value) error {
	if err := t.check(false); err != nil {
		return err
	}
	cur, err := t.query(q, args...)
	if err != nil {
		return err
	}
	defer t.done(cur)
	for {
		found, err := cur.next()
		if err != nil || found == nil {
			return t.engine.named(err)
		}
		if more, err := use(found); err != nil || !more {
			return t.engine.named(err)
		}
	}
}

// Get implements store.EngineTx.
func (t *tx) Get(m *model.Info, key model.Value) (row *model.Row, err error) {
	table, err := t.engine.table(m)
	if err != nil || !table.exists {
		return nil, err
	}
	err = t.one(table.get, func(found []driver.Value) (err error) {
		row, err = table.row(found)
		return err
	}, bind(key))
	return row, err
}

// Rows implements store.EngineTx.
func (t *tx) Rows(m *model.Info) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		table, err := t.engine.table(m)
		if err == nil && table.exists {
			err = t.each(table.rows, func(found []driver.Value) (bool, error) {
				row, err := table.row(found)
				return err == nil && yield(row, nil), err
			})
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Insert implements store.EngineTx.
func (t *tx) Insert(m *model.Info, key model.Value, row *model.Row) error {
	return t.refused(m, row, t.insert(m, key, row))
}

func (t *tx) insert(m *model.Info, key model.Value, row *model.Row) error {
	table, err := t.writable(m)
	if err != nil {
		return err
	}
	args, err := table.appendFields(t.args[:0], row, model.FirstFields(len(m.Fields)))
	if err != nil {
		return err
	}
	args[m.Key] = bind(key)
	t.args = table.appendStamps(args, row, nil)
	_, err = t.exec(table.insert, t.args...)
	return err
}

// Replace implements store.EngineTx. It is there to fill stores, so it takes the
// object for new first: an INSERT that is ready for one that is not costs more.
func (t *tx) Replace(m *model.Info, key model.Value, row *model.Row) error {
	refused := t.insert(m, key, row)
	if !errors.Is(refused, store.ErrConstraint) {
		return refused
	}
	err := t.Update(m, key, row, model.FirstFields(len(m.Fields)))
	if errors.Is(err, store.ErrNotFound) { // it was not for its key that it was refused
		return t.refused(m, row, refused)
	}
	return err
}

// refused says of a row that was refused because another object has the same value
// which field that is and which object.
func (t *tx) refused(m *model.Info, row *model.Row, err error) error {
	var f *failure
	if !errors.As(err, &f) || !strings.Contains(f.err.Error(), "UNIQUE constraint failed") {
		return err
	}
	for i := range m.Fields {
		field := &m.Fields[i]
		switch {
		case !strings.HasSuffix(message(f.err), " "+m.Name+"."+field.Name):
		case i == m.Key:
			return fmt.Errorf("%w: there is an object with this key", store.ErrConstraint)
		default:
			other := "another object"
			q := fmt.Sprintf("SELECT t.%s FROM %s AS t WHERE t.%s = ?", quote(m.Fields[m.Key].Name), quote(m.Name), quote(field.Name))
			t.one(&query{text: q, once: true}, func(found []driver.Value) error { // which is only more to say
				other = columnOf(m.Fields[m.Key].Kind, false).value(found[0]).String()
				return nil
			}, bind(row.Values[i]))
			return fmt.Errorf("%w: %s.%s must be unique, and %s has the value %v already", store.ErrConstraint, m.Name, field.Name, other, row.Values[i])
		}
	}
	return err
}

// message is what SQLite says, without the code that some drivers append.
func message(err error) string {
	if coded, ok := err.(interface{ Code() int }); ok {
		return strings.TrimSuffix(err.Error(), fmt.Sprintf(" (%d)", coded.Code()))
	}
	return err.Error()
}

func (t *tx) writable(m *model.Info) (*table, error) {
	if err := t.check(true); err != nil {
		return nil, err
	}
	return t.engine.table(m)
}

// Update implements store.EngineTx.
func (t *tx) Update(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet) error {
	table, err := t.writable(m)
	if err != nil {
		return err
	}
	old, err := t.oldStamps(table, key)
	if err != nil {
		return err
	}
	fields.Remove(m.Key)
	if fields.Empty() && len(table.stamps) == 0 {
		return nil
	}
	args, err := table.appendFields(t.args[:0], row, fields)
	if err != nil {
		return err
	}
	t.args = append(table.appendStamps(args, row, old), bind(key))
	n, err := t.exec(t.conn.update(table, fields), t.args...)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return t.refused(m, row, err)
}

// oldStamps reads the stamps of an object where it may have some that its row
// does not.
func (t *tx) oldStamps(table *table, key model.Value) (old []stamp.Stamp, err error) {
	if table.oldStamps == nil || len(table.layout.Unknown) == 0 {
		return nil, nil
	}
	err = t.one(table.oldStamps, func(found []driver.Value) (err error) {
		_, old, err = table.readStamps(found)
		return err
	}, bind(key))
	return old, err
}

// Delete implements store.EngineTx.
func (t *tx) Delete(m *model.Info, key model.Value) error {
	table, err := t.writable(m)
	if err != nil {
		return err
	}
	_, err = t.exec(table.delete, bind(key))
	return err
}

// Commit implements store.EngineTx.
func (t *tx) Commit() error {
	if err := t.check(true); err != nil {
		return err
	}
	t.closeCursors()
	if _, err := t.exec(commit); err != nil {
		return errors.Join(err, t.discard())
	}
	return t.release()
}

// Rollback implements store.EngineTx.
func (t *tx) Rollback() error {
	if t.conn == nil {
		return nil
	}
	t.closeCursors()
	if t.broken != nil {
		return t.discard()
	}
	if _, err := t.exec(rollback); err != nil {
		return errors.Join(err, t.discard())
	}
	return t.release()
}

func (t *tx) closeCursors() {
	for cur := range t.cursors {
		t.done(cur)
	}
}

// release gives the connection back.
func (t *tx) release() error {
	c := t.conn
	t.conn = nil
	return t.engine.give(c, t.write)
}

// discard ends the transaction by closing its connection, whatever state that is
// in.
func (t *tx) discard() error {
	c := t.conn
	t.conn = nil
	return c.close()
}
