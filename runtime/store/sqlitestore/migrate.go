package sqlitestore

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/store"
)

// migrate brings the file up to the schema in one transaction. It costs nothing
// when the file is up to date.
func migrate(c *conn, l *store.Layout) error {
	missing, surplus, err := indexes(c, l)
	if err != nil || l.Current() && len(missing)+len(surplus) == 0 {
		return err
	}
	return c.atomically(func() error { return apply(c, l) })
}

// apply makes the changes of migrate. Indexes that are not wanted go first, for
// they would keep columns from being changed.
func apply(c *conn, l *store.Layout) error {
	_, surplus, err := indexes(c, l)
	if err != nil {
		return err
	}
	for _, name := range surplus {
		if err := c.run("DROP INDEX " + quote(name)); err != nil {
			return err
		}
	}
	for i := range l.Models {
		for _, text := range steps(&l.Models[i]) {
			if err := c.run(text); err != nil {
				return fmt.Errorf("bringing the table %s up to date: %w", quote(l.Models[i].Info.Name), err)
			}
		}
		if err := convertColumns(c, &l.Models[i]); err != nil {
			return err
		}
	}
	missing, _, err := indexes(c, l)
	if err != nil {
		return err
	}
	for _, x := range missing {
		if err := x.create(c); err != nil {
			return err
		}
	}
	return writeCatalog(c, l.Catalog)
}

// steps is the statements that bring the table of a model up to date.
func steps(m *store.ModelLayout) []string {
	if m.Was == nil {
		return []string{createTable(m)}
	}
	s := &script{table: quote(m.Info.Name)}
	s.renameTable(m)
	s.renameColumns(m)
	s.allowNulls(m)
	for f := range m.Converted().All() { // convertColumns goes on from there
		s.setAside(m, f)
	}
	s.addColumns(m)
	s.changeTracking(m)
	return s.texts
}

// script collects the statements that change one table.
type script struct {
	table string
	texts []string
}

func (s *script) add(format string, args ...any) {
	s.texts = append(s.texts, fmt.Sprintf(format, args...))
}

func (s *script) alter(format string, args ...any) {
	s.add("ALTER TABLE %s %s", s.table, fmt.Sprintf(format, args...))
}

// draft is a name that nothing keeps. Names are changed by way of one: the new
// name may differ from the old in case only, or still be another column's.
func draft(n int) string { return quote(fmt.Sprintf("_reset_draft_%d", n)) }

func (s *script) renameTable(m *store.ModelLayout) {
	if m.Was.Name == m.Info.Name {
		return
	}
	s.add("ALTER TABLE %s RENAME TO %s", quote(m.Was.Name), draft(0))
	s.add("ALTER TABLE %s RENAME TO %s", draft(0), s.table)
	s.add(`UPDATE "_reset_entries" SET "model" = %s WHERE "model" = %s`, quoteText(m.Info.Name), quoteText(m.Was.Name))
}

func (s *script) renameColumns(m *store.ModelLayout) {
	var renamed []int
	for p, was := range m.Was.Fields {
		if was.Name != m.Now.Fields[p].Name {
			s.alter("RENAME COLUMN %s TO %s", quote(was.Name), draft(p))
			renamed = append(renamed, p)
		}
	}
	for _, p := range renamed {
		s.alter("RENAME COLUMN %s TO %s", draft(p), quote(m.Now.Fields[p].Name))
	}
}

// allowNulls replaces the columns of fields that can be null now: SQLite cannot
// take a NOT NULL back.
func (s *script) allowNulls(m *store.ModelLayout) {
	converted := m.Converted()
	for f, p := range m.Place {
		if p >= len(m.Was.Fields) || m.Was.Fields[p].Null || !m.Now.Fields[p].Null || converted.Has(f) {
			continue
		}
		s.setAside(m, f)
		s.add("UPDATE %s SET %s = %s", s.table, quote(m.Now.Fields[p].Name), draft(p))
		s.alter("DROP COLUMN %s", draft(p))
	}
}

// setAside gives the column of a field a draft's name, and puts an empty one in
// its place.
func (s *script) setAside(m *store.ModelLayout, f int) {
	p := m.Place[f]
	name := m.Now.Fields[p].Name
	for _, unique := range []bool{false, true} { // it would hold the old column; apply makes it again
		s.add("DROP INDEX IF EXISTS %s", quote(index{m.Info.Name, name, unique}.name()))
	}
	s.alter("RENAME COLUMN %s TO %s", quote(name), draft(p))
	s.alter("ADD COLUMN %s", define(m.Info, f))
}

func (s *script) addColumns(m *store.ModelLayout) {
	for f, p := range m.Place {
		if p >= len(m.Was.Fields) {
			s.alter("ADD COLUMN %s", define(m.Info, f))
		}
	}
}

// changeTracking removes the stamps that are not kept any more: they would be
// taken for those of later writes if they were kept again.
func (s *script) changeTracking(m *store.ModelLayout) {
	had, has := len(stampColumns(m.Was.Track)), len(stampColumns(m.Now.Track))
	all := stampColumns(0)
	for i := had; i > has; i-- {
		s.alter("DROP COLUMN %s", quote(all[i-1]))
	}
	for i := had; i < has; i++ {
		s.alter("ADD COLUMN %s", stampDefinitions[all[i]])
	}
}
