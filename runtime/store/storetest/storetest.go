// Package storetest is what every store.Driver must pass.
package storetest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Harness is a driver under test and a place where it has no store yet.
type Harness struct {
	Driver store.Driver
	Path   string

	// Kill ends everything that is open at a path as the end of the process
	// would, or makes a copy of what that would leave, and gives the path of what
	// is left. The stores that were open are closed afterwards; what that answers
	// does not count. Nil skips the tests that need it.
	Kill func(t testing.TB, path string) (left string)

	// Plant puts a value (nil, an int64, a float64, a string or bytes) into a
	// field of an object, whether it fits or not. The store is closed. Nil skips
	// the tests that need it.
	Plant func(t testing.TB, path string, m *model.Info, key model.Value, field string, value any)

	now func() time.Time // the clock of whole stores; nil is that of the system
}

// Run tests a driver, and its store.Files if it has them; fresh makes a harness of its
// own for each test.
func Run(t *testing.T, fresh func(t testing.TB) Harness) {
	tests := []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"Objects", testObjects},
		{"RowsAreTheCallers", testOwnership},
		{"KeyOrder", testKeyOrder},
		{"Kinds", testKinds},
		{"Stamps", testStamps},
		{"ManyUpdates", testManyUpdates},
		{"Holding", testHolding},
		{"Entries", testEntries},
		{"EntriesInOrder", testEntriesInOrder},
		{"EntriesOfUnknownModels", testEntriesOfUnknownModels},
		{"Meta", testMeta},
		{"Constraints", testConstraints},
		{"Unstorable", testUnstorable},
		{"Isolation", testIsolation},
		{"ConcurrentViews", testConcurrentViews},
		{"IteratorsNest", testNestedIterators},
		{"IteratorsEndWithTheTransaction", testIteratorsEnd},
		{"Rollback", testRollback},
		{"RollbackLeavesNoTrace", testNoTrace},
		{"FailedWrite", testFailedWrite},
		{"Reconcile", testReconcile},
		{"Reopen", testReopen},
		{"Kill", testKill},
		{"ReadOnly", testReadOnly},
		{"InUse", testInUse},
		{"Ended", testEnded},
		{"Misfits", testMisfits},
		{"AddedField", testAddedField},
		{"AddedModel", testAddedModel},
		{"RemovedField", testRemovedField},
		{"RenamedField", testRenamedField},
		{"RenamedModel", testRenamedModel},
		{"NullableField", testNullableField},
		{"ChangedTracking", testChangedTracking},
		{"ChangedUnique", testChangedUnique},
		{"Converted", testConverted},
		{"ConvertedMany", testConvertedMany},
		{"ConvertedNot", testConvertedNot},
		{"RefusedSchemas", testRefusedSchemas},
		{"Link", withFiles(testLink)},
		{"Copy", withFiles(testCopy)},
		{"Replace", withFiles(testReplace)},
		{"Remove", withFiles(testRemove)},
		{"Checksum", withFiles(testChecksum)},
		{"Claim", withFiles(testClaim)},
		{"FilesInUse", withFiles(testFilesInUse)},
		{"FilesMissing", withFiles(testFilesMissing)},
		{"FilesAfterKill", withFiles(testFilesAfterKill)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, fresh(t)) })
	}
	t.Run("StateMachine", func(t *testing.T) { testMachine(t, fresh) })
}

// info is a hand-made model; its first field is the key.
func info(name string, track model.Track, fields ...model.Field) *model.Info {
	return &model.Info{Name: name, GoName: name, Track: track, Fields: fields}
}

var zeros = map[model.Kind]model.Value{
	model.Bool: model.BoolValue(false), model.Int: model.IntValue(0), model.Uint: model.UintValue(0),
	model.Float: model.FloatValue(0), model.String: model.StringValue(""), model.Bytes: model.BytesValue(nil),
	model.Time: model.TimeValue(year1), model.JSON: model.JSONValue("[]"),
}

func field(name string, kind model.Kind) model.Field {
	return model.Field{Name: name, Kind: kind, Zero: zeros[kind]}
}

func nullable(name string, kind model.Kind) model.Field {
	return model.Field{Name: name, Kind: kind, Null: true, Zero: model.NullValue()}
}

func unique(f model.Field) model.Field {
	f.Unique = true
	return f
}

func was(f model.Field, names ...string) model.Field {
	f.Was = names
	return f
}

func schemaOf(infos ...*model.Info) *store.Schema {
	s := &store.Schema{}
	for _, m := range infos {
		s.Add(&merge.Model{Info: m})
	}
	return s
}

// row is a row with the values given, in the order of the fields.
func row(m *model.Info, values ...model.Value) *model.Row {
	r := model.NewRow(m)
	copy(r.Values, values)
	return r
}

func str(s string) model.Value { return model.StringValue(s) }
func num(n int64) model.Value  { return model.IntValue(n) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func (h Harness) open(s *store.Schema, readOnly bool) (store.Engine, error) {
	return h.Driver.Open(context.Background(), h.Path, s, store.DriverOptions{ReadOnly: readOnly, Logger: quiet})
}

// mustOpen opens a store that the end of the test closes, if the test does not.
func (h Harness) mustOpen(t testing.TB, infos ...*model.Info) store.Engine {
	t.Helper()
	e, err := h.open(schemaOf(infos...), false)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (h Harness) mustOpenReadOnly(t testing.TB, infos ...*model.Info) store.Engine {
	t.Helper()
	e, err := h.open(schemaOf(infos...), true)
	if err != nil {
		t.Fatalf("opening to read: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// with opens the store, runs do in one transaction that commits, and closes it.
func (h Harness) with(t testing.TB, infos []*model.Info, do func(tx store.EngineTx)) {
	t.Helper()
	e, err := h.open(schemaOf(infos...), false)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	update(t, e, do)
	mustClose(t, e)
}

func mustClose(t testing.TB, e store.Engine) {
	t.Helper()
	must(t, "closing", e.Close())
}

func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

func begin(t testing.TB, e store.Engine, write bool) store.EngineTx {
	t.Helper()
	tx, err := e.Begin(context.Background(), write)
	must(t, "beginning a transaction", err)
	return tx
}

// update runs do in a transaction that commits.
func update(t testing.TB, e store.Engine, do func(tx store.EngineTx)) {
	t.Helper()
	tx := begin(t, e, true)
	defer tx.Rollback()
	do(tx)
	must(t, "committing", tx.Commit())
}

// view runs do in a transaction that reads.
func view(t testing.TB, e store.Engine, do func(tx store.EngineTx)) {
	t.Helper()
	tx := begin(t, e, false)
	defer func() { must(t, "ending a transaction", tx.Rollback()) }()
	do(tx)
}

func get(t testing.TB, tx store.EngineTx, m *model.Info, key model.Value) *model.Row {
	t.Helper()
	r, err := tx.Get(m, key)
	must(t, "reading", err)
	return r
}

// keys lists the keys of a model as the store lists them.
func keys(t testing.TB, tx store.EngineTx, m *model.Info) []model.Value {
	t.Helper()
	var list []model.Value
	for r, err := range tx.Rows(m) {
		must(t, "listing", err)
		list = append(list, r.Values[m.Key])
	}
	return list
}

// wantRow compares the values of an object, nil for none.
func wantRow(t testing.TB, tx store.EngineTx, m *model.Info, key model.Value, want ...model.Value) *model.Row {
	t.Helper()
	r := get(t, tx, m, key)
	switch {
	case r == nil && want == nil:
	case r == nil:
		t.Fatalf("%s %v is not there", m.Name, key)
	case want == nil:
		t.Fatalf("%s %v is there: %v", m.Name, key, r.Values)
	default:
		for f := range want {
			if r.Values[f].Kind() != want[f].Kind() || !r.Values[f].Equal(want[f]) {
				t.Errorf("%s %v: %s is the %s %v, want the %s %v", m.Name, key, m.Fields[f].Name,
					r.Values[f].Kind(), r.Values[f], want[f].Kind(), want[f])
			}
		}
	}
	return r
}
