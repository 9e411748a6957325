package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/resetgen/resetgen/runtime/store"
)

// bookkeeping makes the tables that every store has besides those of its models.
var bookkeeping = []string{
	fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	`CREATE TABLE "_reset_meta" ("name" TEXT NOT NULL PRIMARY KEY, "value" BLOB NOT NULL, "sum" INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
	`CREATE TABLE "_reset_entries" ("model" TEXT NOT NULL, "key" ANY NOT NULL, "change" TEXT NOT NULL, "seq" INTEGER NOT NULL, "content" BLOB NOT NULL, "sum" INTEGER NOT NULL,
		PRIMARY KEY ("model", "key")) STRICT, WITHOUT ROWID`,
}

// catalogName is the name of the description of the content in the bookkeeping.
const catalogName = "catalog"

const (
	readMeta  = `SELECT m."value", m."sum" FROM "_reset_meta" AS m WHERE m."name" = ?`
	writeMeta = `INSERT INTO "_reset_meta" ("name", "value", "sum") VALUES (?, ?, ?)
		ON CONFLICT ("name") DO UPDATE SET "value" = excluded."value", "sum" = excluded."sum"`
)

func readCatalog(c *conn) (*store.Catalog, error) {
	var version, found, sum driver.Value
	if _, err := c.one("PRAGMA user_version", nil, &version); err != nil {
		return nil, err
	}
	if v, _ := version.(int64); v > store.CatalogFormat {
		return nil, fmt.Errorf("%w: it is in format %d and this version of the app reads format %d; update the app", store.ErrSchema, v, store.CatalogFormat)
	}
	ok, err := c.one(readMeta, []driver.Value{catalogName}, &found, &sum)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: the description of its content is missing", store.ErrCorrupt)
	}
	text, err := checkedMeta(catalogName, found, sum)
	if err != nil {
		return nil, err
	}
	return store.ParseCatalog(text)
}

func writeCatalog(c *conn, catalog *store.Catalog) error {
	text, err := catalog.Encode()
	if err != nil {
		return err
	}
	if err := c.run(fmt.Sprintf("PRAGMA user_version = %d", store.CatalogFormat)); err != nil {
		return err
	}
	return c.run(writeMeta, catalogName, text, checksum(catalogName, text))
}

// entriesColumns lists the columns of the table of the entries.
var entriesColumns = []string{"model", "key", "change", "seq", "content", "sum"}

// verify finds tables and columns that the file should have and has not. SQLite
// reads them by name and takes "missing" in quotes for a text.
func verify(c *conn, catalog *store.Catalog) error {
	if err := verifyEntries(c, catalog); err != nil {
		return err
	}
	for _, m := range catalog.Models {
		if err := verifyTable(c, m.Name, columnNames(&m)); err != nil {
			return err
		}
	}
	return nil
}

// damage is the error that quick_check's text about a table means.
func damage(table, text string) error {
	if code := unreadPage.FindStringSubmatch(text); code != nil { // which may be the disk
		n, _ := strconv.Atoi(code[1])
		return classify(&coded{n, text})
	}
	return fmt.Errorf("%w: the table %s: %s", store.ErrCorrupt, quote(table), text)
}

// unreadPage is what quick_check says of a page that it could not read, with the result
// code of SQLite.
var unreadPage = regexp.MustCompile(`unable to get the page. error code=(\d+)`)

// verifyEntries looks through the whole table of the entries, which is as large as
// what is unsynced. An entry that is damaged is noticed when it is read, one that
// cannot be found any more is not.
func verifyEntries(c *conn, catalog *store.Catalog) error {
	const table = "_reset_entries"
	if err := verifyTable(c, table, entriesColumns); err != nil {
		return err
	}
	var found driver.Value
	if _, err := c.one("PRAGMA quick_check("+quote(table)+")", nil, &found); err != nil {
		return err
	}
	if text := text0(found); text != "ok" {
		return damage(table, text)
	}
	models, err := c.strings(`SELECT DISTINCT e."model" FROM "_reset_entries" AS e`)
	if err != nil {
		return err
	}
	for _, name := range models {
		if catalog.Model(name) == nil {
			return fmt.Errorf("%w: there are entries of a model %q, which the store does not have", store.ErrCorrupt, name)
		}
	}
	return nil
}

func verifyTable(c *conn, table string, want []string) error {
	have, err := columns(c, table)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return fmt.Errorf("%w: the table %s is missing", store.ErrCorrupt, quote(table))
	}
	for _, name := range want {
		if !slices.Contains(have, name) {
			return fmt.Errorf("%w: the column %s of the table %s is missing", store.ErrCorrupt, quote(name), quote(table))
		}
	}
	return nil
}

// columns lists the columns of a table.
func columns(c *conn, table string) ([]string, error) {
	return c.strings(`SELECT i."name" FROM pragma_table_info(?) AS i`, table)
}

// columnNames lists the columns that a model has: those of its fields in the
// order of their places, then those of its stamps.
func columnNames(m *store.CatalogModel) []string {
	names := make([]string, 0, len(m.Fields)+2)
	for _, f := range m.Fields {
		names = append(names, f.Name)
	}
	return append(names, stampColumns(m.Track)...)
}
