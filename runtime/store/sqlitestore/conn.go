package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/resetgen/resetgen/runtime/store"
)

// query is the text of a statement. Connections keep what they prepared for it
// by its address, unless it is for once.
type query struct {
	text string
	once bool
}

// conn is a connection to SQLite, used by one goroutine at a time.
type conn struct {
	raw     driver.Conn
	stmts   map[*query]*stmt
	updates map[updateKey]*query
	args    []driver.NamedValue // reused by exec
}

// stmt is a prepared statement.
type stmt struct {
	driver.Stmt
	rows []driver.Value // what a cursor reads into
	busy bool           // a cursor is open
}

// open opens a connection and runs the statements given.
func open(sqlite driver.Driver, uri string, setup ...string) (*conn, error) {
	raw, err := sqlite.Open(uri)
	if err != nil {
		return nil, classify(err)
	}
	c := &conn{raw: raw, stmts: map[*query]*stmt{}, updates: map[updateKey]*query{}}
	for _, text := range setup {
		if err := c.run(text); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return classify(errors.Join(append(errs, c.raw.Close())...))
}

// prepare gives the connection's statement for a query. A statement whose cursor
// is still open gets a companion, and a query that is for once a statement, that
// is closed with its cursor.
func (c *conn) prepare(q *query) (*stmt, error) {
	kept := c.stmts[q]
	if kept != nil && !kept.busy {
		return kept, nil
	}
	raw, err := c.raw.Prepare(q.text)
	if err != nil {
		return nil, classify(err)
	}
	s := &stmt{Stmt: raw}
	if kept == nil && !q.once {
		c.stmts[q] = s
	}
	return s, nil
}

// forget closes the statement of a query.
func (c *conn) forget(q *query) {
	if s := c.stmts[q]; s != nil {
		s.Close()
		delete(c.stmts, q)
	}
}

// exec runs a statement and tells how many rows it wrote.
func (c *conn) exec(q *query, args ...driver.Value) (int64, error) {
	s, err := c.prepare(q)
	if err != nil {
		return 0, err
	}
	c.args = named(c.args[:0], args)
	result, err := s.exec(c.args, args)
	if err != nil {
		return 0, classify(err)
	}
	return result.RowsAffected()
}

// run runs a statement that is not worth keeping.
func (c *conn) run(text string, args ...driver.Value) error {
	q := &query{text: text}
	defer c.forget(q)
	_, err := c.exec(q, args...)
	return err
}

// atomically runs do in a transaction.
func (c *conn) atomically(do func() error) error {
	if err := c.run(beginWrite.text); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = c.run(commit.text)
	}
	if err != nil {
		c.run(rollback.text) // which SQLite may have done already
	}
	return err
}

// one reads a single row into dest, and tells whether there is one.
func (c *conn) one(text string, args []driver.Value, dest ...*driver.Value) (bool, error) {
	q := &query{text: text}
	defer c.forget(q)
	cur, err := c.query(q, args...)
	if err != nil {
		return false, err
	}
	defer cur.close()
	values, err := cur.next()
	for i := range values {
		*dest[i] = values[i]
	}
	return values != nil, err
}

// strings reads the first column of all rows.
func (c *conn) strings(text string, args ...driver.Value) ([]string, error) {
	q := &query{text: text}
	defer c.forget(q)
	cur, err := c.query(q, args...)
	if err != nil {
		return nil, err
	}
	defer cur.close()
	var list []string
	for {
		values, err := cur.next()
		if err != nil || values == nil {
			return list, err
		}
		list = append(list, text0(values[0]))
	}
}

// text0 is a value as a string, whatever a damaged file holds.
func text0(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// cursor is a query under way.
type cursor struct {
	conn   *conn
	query  *query
	stmt   *stmt
	rows   driver.Rows
	closed bool
}

// query begins to read.
func (c *conn) query(q *query, args ...driver.Value) (*cursor, error) {
	s, err := c.prepare(q)
	if err != nil {
		return nil, err
	}
	rows, err := s.query(named(nil, args), args)
	if err != nil {
		if c.stmts[q] != s {
			s.Close()
		}
		return nil, classify(err)
	}
	s.busy = true
	if n := len(rows.Columns()); n != len(s.rows) {
		s.rows = make([]driver.Value, n)
	}
	return &cursor{conn: c, query: q, stmt: s, rows: rows}, nil
}

// next is the next row, which lasts until the row after it is read, or nil.
func (cur *cursor) next() ([]driver.Value, error) {
	if cur.closed {
		return nil, store.ErrTxDone
	}
	switch err := cur.rows.Next(cur.stmt.rows); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, classify(err)
	}
	return cur.stmt.rows, nil
}

func (cur *cursor) close() {
	if cur.closed {
		return
	}
	cur.closed = true
	cur.rows.Close() // what went wrong was told by next
	cur.stmt.busy = false
	if cur.conn.stmts[cur.query] != cur.stmt {
		cur.stmt.Close()
	}
}

func named(dst []driver.NamedValue, args []driver.Value) []driver.NamedValue {
	for i, v := range args {
		dst = append(dst, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return dst
}

// Statements run without a context: drivers watch one that can end by starting
// a goroutine for each statement. Transactions look at theirs between them.
var background = context.Background()

func (s *stmt) exec(named []driver.NamedValue, args []driver.Value) (driver.Result, error) {
	if with, ok := s.Stmt.(driver.StmtExecContext); ok {
		return with.ExecContext(background, named)
	}
	return s.Exec(args)
}

func (s *stmt) query(named []driver.NamedValue, args []driver.Value) (driver.Rows, error) {
	if with, ok := s.Stmt.(driver.StmtQueryContext); ok {
		return with.QueryContext(background, named)
	}
	return s.Query(args)
}
