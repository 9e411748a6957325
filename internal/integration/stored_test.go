package integration

import (
	"database/sql"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	goldenbytes "github.com/resetgen/resetgen/testdata/golden/bytes"
	"github.com/resetgen/resetgen/testdata/golden/collections"
	"github.com/resetgen/resetgen/testdata/golden/floats"
	"github.com/resetgen/resetgen/testdata/golden/jsonform"
	"github.com/resetgen/resetgen/testdata/golden/keys"
	"github.com/resetgen/resetgen/testdata/golden/nested"
	"github.com/resetgen/resetgen/testdata/golden/pointers"
	"github.com/resetgen/resetgen/testdata/golden/recursive"
	"github.com/resetgen/resetgen/testdata/golden/scalars"
	"github.com/resetgen/resetgen/testdata/golden/sqlnull"
	"github.com/resetgen/resetgen/testdata/golden/text"
	"github.com/resetgen/resetgen/testdata/golden/times"
)

// storedPage is the page that tells people what is in the file.
const storedPage = "../../runtime/store/sqlitestore/STORED.md"

// written writes an object with the value of a row of the page, and tells where its
// column is.
type written func(tx *store.Tx) (m *model.Info, column string, err error)

func scalar(column string, v scalars.Scalar) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = "x"
		return scalars.ScalarRecords.Model().Info, column, scalars.ScalarRecords.Replace(tx, &v)
	}
}

func visit(column string, v times.Visit) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = "x"
		return times.VisitRecords.Model().Info, column, times.VisitRecords.Replace(tx, &v)
	}
}

func blob(column string, v goldenbytes.Blob) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = [16]byte{1, 15: 255}
		return goldenbytes.BlobRecords.Model().Info, column, goldenbytes.BlobRecords.Replace(tx, &v)
	}
}

func pointer(column string, v pointers.Pointer) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = "x"
		return pointers.PointerRecords.Model().Info, column, pointers.PointerRecords.Replace(tx, &v)
	}
}

func null(column string, v sqlnull.Row) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = 1
		return sqlnull.RowRecords.Model().Info, column, sqlnull.RowRecords.Replace(tx, &v)
	}
}

func album(column string, v collections.Album) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = "x"
		return collections.AlbumRecords.Model().Info, column, collections.AlbumRecords.Replace(tx, &v)
	}
}

func sample(column string, v floats.Sample) written {
	return func(tx *store.Tx) (*model.Info, string, error) {
		v.ID = "x"
		return floats.SampleRecords.Model().Info, column, floats.SampleRecords.Replace(tx, &v)
	}
}

// forms are the values of the page's first table, by the text of its columns
// "field" and "value".
var forms = map[string]written{
	"bool | true":                                             scalar("bool", scalars.Scalar{Bool: true}),
	"bool | false":                                            scalar("bool", scalars.Scalar{}),
	"int, int8 … int64 | math.MinInt64":                       scalar("int64", scalars.Scalar{Int64: math.MinInt64}),
	"uint, uint8 … uint64 | math.MaxInt64":                    scalar("uint64", scalars.Scalar{Uint64: math.MaxInt64}),
	"uint, uint8 … uint64 | math.MaxInt64 + 1":                scalar("uint64", scalars.Scalar{Uint64: math.MaxInt64 + 1}),
	"uint, uint8 … uint64 | math.MaxUint64":                   scalar("uint64", scalars.Scalar{Uint64: math.MaxUint64}),
	"float64 | 1":                                             scalar("float64", scalars.Scalar{Float64: 1}),
	"float64 | 0.1":                                           scalar("float64", scalars.Scalar{Float64: 0.1}),
	"float64 | -0.0":                                          scalar("float64", scalars.Scalar{Float64: math.Copysign(0, -1)}),
	"float64 | +Inf":                                          scalar("float64", scalars.Scalar{Float64: math.Inf(1)}),
	"float64 | -Inf":                                          scalar("float64", scalars.Scalar{Float64: math.Inf(-1)}),
	"float64 | NaN":                                           scalar("float64", scalars.Scalar{Float64: math.NaN()}),
	"float32 | 0.1":                                           scalar("float32", scalars.Scalar{Float32: 0.1}),
	`string | ""`:                                             scalar("string", scalars.Scalar{}),
	`string | "it's ä"`:                                       scalar("string", scalars.Scalar{String: "it's ä"}),
	"[]byte | nil":                                            blob("data", goldenbytes.Blob{}),
	"[]byte | []byte{}":                                       blob("data", goldenbytes.Blob{Data: []byte{}}),
	"[]byte | []byte{0, 255}":                                 blob("data", goldenbytes.Blob{Data: []byte{0, 255}}),
	"[4]byte | {1, 2, 3, 4}":                                  blob("short", goldenbytes.Blob{Short: [4]byte{1, 2, 3, 4}}),
	"[16]byte as a key | {0: 1, 15: 255}":                     blob("id", goldenbytes.Blob{}),
	"time.Time | time.Time{}":                                 visit("began", times.Visit{}),
	"time.Time | the first of the year 0":                     visit("began", times.Visit{Began: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}),
	"time.Duration | time.Second":                             visit("lasted", times.Visit{Lasted: time.Second}),
	`a named type | Label("x")`:                               scalar("label", scalars.Scalar{Label: "x"}),
	"a pointer | nil":                                         pointer("name", pointers.Pointer{}),
	`a pointer | to ""`:                                       pointer("name", pointers.Pointer{Name: new(string)}),
	"sql.NullString | not valid":                              null("name", sqlnull.Row{Name: sql.NullString{String: "ignored"}}),
	`sql.NullString | valid, "x"`:                             null("name", sqlnull.Row{Name: sql.NullString{String: "x", Valid: true}}),
	"sql.NullTime | valid, time.Unix(0, 0)":                   null("due", sqlnull.Row{Due: sql.NullTime{Time: time.Unix(0, 0), Valid: true}}),
	"sql.Null[time.Duration] | valid, 1":                      null("every", sqlnull.Row{Every: sql.Null[time.Duration]{V: 1, Valid: true}}),
	"a slice | nil":                                           album("labels", collections.Album{}),
	"a slice | []int{}":                                       album("grid", collections.Album{Grid: [][]int{}}),
	`a slice | []string{"a", "\n"}`:                           album("labels", collections.Album{Labels: collections.Labels{"a", "\n"}}),
	"a map | nil":                                             album("index", collections.Album{}),
	"a slice of []byte | {{0, 255}, nil}":                     blob("chunks", goldenbytes.Blob{Chunks: [][]byte{{0, 255}, nil}}),
	"a slice of time.Time | time.Unix(0, 0)":                  visit("days", times.Visit{Days: []time.Time{time.Unix(0, 0)}}),
	"a struct behind a pointer | &Point{X: 1}":                pointer("where", pointers.Pointer{Where: &pointers.Point{X: 1}}),
	"time.Time | 12:30 and 1 ns on 29 February 2024 in UTC+1": visit("began", times.Visit{Began: time.Date(2024, 2, 29, 12, 30, 0, 1, time.FixedZone("", 3600))}),
	"time.Time | time.Unix(1, 0) with a monotonic reading": func(tx *store.Tx) (*model.Info, string, error) {
		now := time.Now()
		return visit("began", times.Visit{Began: now.Add(time.Unix(1, 0).Sub(now.Round(0)))})(tx)
	},
	`a type with MarshalText | netip.MustParseAddr("::1")`: func(tx *store.Tx) (*model.Info, string, error) {
		v := text.Host{Addr: netip.MustParseAddr("::1")}
		return text.HostRecords.Model().Info, "addr", text.HostRecords.Replace(tx, &v)
	},
	"a type with MarshalJSON | RGB(1, 2, 3)": func(tx *store.Tx) (*model.Info, string, error) {
		v := jsonform.Paint{ID: "x", Color: jsonform.RGB(1, 2, 3)}
		return jsonform.PaintRecords.Model().Info, "color", jsonform.PaintRecords.Replace(tx, &v)
	},
	"json.RawMessage | nil": func(tx *store.Tx) (*model.Info, string, error) {
		v := jsonform.Paint{ID: "x"}
		return jsonform.PaintRecords.Model().Info, "raw", jsonform.PaintRecords.Replace(tx, &v)
	},
	"a map | map[uint8]map[string]bool{2: nil, 10: {\"x\": true}}": album("by_month", collections.Album{ByMonth: map[uint8]map[string]bool{2: nil, 10: {"x": true}}}),
	"an array | [2][3]float64{{1}}":                                album("matrix", collections.Album{Matrix: [2][3]float64{{1}}}),
	"an array of structs | [4]Size{{Width: 1, Height: 2}}":         album("corners", collections.Album{Corners: [4]collections.Size{{Width: 1, Height: 2}}}),
	"a field of a nested struct | Home.Where.Lat = 0.5": func(tx *store.Tx) (*model.Info, string, error) {
		v := nested.Customer{ID: "x"}
		v.Home.Where.Lat = 0.5
		return nested.CustomerRecords.Model().Info, "home.where.lat", nested.CustomerRecords.Replace(tx, &v)
	},
}

// refusals are the values of the page's second table.
var refusals = map[string]written{
	"a string that is not valid UTF-8": scalar("string", scalars.Scalar{String: "\xff"}),
	"a time.Time after the year 9999":  visit("began", times.Visit{Began: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}),
	"a time.Time before the year 0":    visit("began", times.Visit{Began: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}),
	"NaN behind a pointer":             sample("maybe", floats.Sample{Maybe: pointTo(math.NaN())}),
	"NaN in a slice":                   sample("series", floats.Sample{Series: []float64{math.NaN()}}),
	"+Inf in a slice":                  sample("series", floats.Sample{Series: []float64{math.Inf(1)}}),
	"a struct that is part of itself": func(tx *store.Tx) (*model.Info, string, error) {
		v := recursive.Forest{ID: "x", Top: &recursive.Node{}}
		v.Top.Left = v.Top
		return nil, "", recursive.ForestRecords.Replace(tx, &v)
	},
	"an empty key": func(tx *store.Tx) (*model.Info, string, error) {
		return nil, "", scalars.ScalarRecords.Replace(tx, &scalars.Scalar{})
	},
	"a key of zero bytes": func(tx *store.Tx) (*model.Info, string, error) {
		return nil, "", keys.ByArrayRecords.Replace(tx, &keys.ByArray{})
	},
}

func pointTo[T any](v T) *T { return &v }

// The page says what is in the file: for each of its rows the value is written, and
// the column, the type and the text are as they stand there. Each case has a row.
func TestStoredForms(t *testing.T) {
	schema := store.Join(&scalars.Schema, &times.Schema, &goldenbytes.Schema, &pointers.Schema, &sqlnull.Schema, &collections.Schema,
		&floats.Schema, &text.Schema, &jsonform.Schema, &nested.Schema, &keys.Schema, &recursive.Schema)
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		db, err := open(t, d, path, schema, false)
		if err != nil {
			t.Fatal(err)
		}
		plain := readOnlyDB(t, d, path)
		seen := map[string]bool{}
		for _, row := range pageTable(t, "## Forms") {
			name := row[0] + " | " + row[2]
			put := forms[name]
			if seen[name] = true; put == nil {
				t.Errorf("the page has a row %q that is not tested", name)
				continue
			}
			var m *model.Info
			var column string
			update(t, db, func(tx *store.Tx) (err error) {
				m, column, err = put(tx)
				return err
			})
			var kind, is, shown string
			if err := plain.QueryRow(`SELECT i."type" FROM pragma_table_info(?) AS i WHERE i."name" = ?`, m.Name, column).Scan(&kind); err != nil {
				t.Fatal(name, err)
			}
			quoted := `"` + column + `"`
			if err := plain.QueryRow(`SELECT typeof(`+quoted+`), quote(`+quoted+`) FROM "`+m.Name+`" AS m`).Scan(&is, &shown); err != nil {
				t.Fatal(name, err)
			}
			if row[1] != kind && !strings.HasPrefix(row[1], "that of") && row[1] != "its own" || row[3] != is || row[4] != shown {
				t.Errorf("%s is %s, %s, %s; the page says %q", name, kind, is, shown, row[1:])
			}
		}
		for name := range forms {
			if !seen[name] {
				t.Errorf("the page has no row %q", name)
			}
		}
		seen = map[string]bool{}
		for _, row := range pageTable(t, "## What is refused") {
			put := refusals[row[0]]
			if seen[row[0]] = true; put == nil {
				t.Errorf("the page has a row %q that is not tested", row[0])
				continue
			}
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				_, _, err := put(tx)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), row[1]) {
				t.Errorf("%s gives %v; the page says %q", row[0], err, row[1])
			}
		}
		for name := range refusals {
			if !seen[name] {
				t.Errorf("the page has no row %q", name)
			}
		}
	})
}

// pageTable reads the cells of the table after a heading of the page.
func pageTable(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	_, after, ok := strings.Cut(string(read(t, storedPage)), heading+"\n")
	if !ok {
		t.Fatalf("the page has no heading %s", heading)
	}
	for line := range strings.Lines(after) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		line, isRow := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !isRow || strings.HasPrefix(line, "---") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSuffix(line, "|"), "|") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "`", ""))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 {
		t.Fatalf("there is no table after %s", heading)
	}
	return rows[1:]
}
