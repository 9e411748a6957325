package gentest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/aliases"
	"github.com/resetgen/resetgen/testdata/golden/bytes"
	"github.com/resetgen/resetgen/testdata/golden/collections"
	"github.com/resetgen/resetgen/testdata/golden/comments"
	"github.com/resetgen/resetgen/testdata/golden/embedded"
	inspect "github.com/resetgen/resetgen/testdata/golden/finding"
	"github.com/resetgen/resetgen/testdata/golden/floats"
	"github.com/resetgen/resetgen/testdata/golden/foreign"
	"github.com/resetgen/resetgen/testdata/golden/generics"
	"github.com/resetgen/resetgen/testdata/golden/jsonform"
	"github.com/resetgen/resetgen/testdata/golden/keys"
	"github.com/resetgen/resetgen/testdata/golden/manyfields"
	"github.com/resetgen/resetgen/testdata/golden/methodnames"
	"github.com/resetgen/resetgen/testdata/golden/nested"
	"github.com/resetgen/resetgen/testdata/golden/options"
	"github.com/resetgen/resetgen/testdata/golden/pointers"
	"github.com/resetgen/resetgen/testdata/golden/recursive"
	"github.com/resetgen/resetgen/testdata/golden/rules"
	"github.com/resetgen/resetgen/testdata/golden/scalars"
	"github.com/resetgen/resetgen/testdata/golden/sqlnull"
	"github.com/resetgen/resetgen/testdata/golden/text"
	"github.com/resetgen/resetgen/testdata/golden/times"
	"github.com/resetgen/resetgen/testdata/golden/tracking"
	"github.com/resetgen/resetgen/testdata/golden/twofiles"
)

// subjects are the models whose generated code is tested.
var subjects = []*subject{
	of(aliases.EntryRecords, aliases.DiffEntry, aliases.MergeEntry, &aliases.Schema),
	of(bytes.BlobRecords, bytes.DiffBlob, bytes.MergeBlob, &bytes.Schema),
	of(collections.AlbumRecords, collections.DiffAlbum, collections.MergeAlbum, &collections.Schema),
	of(comments.NoteRecords, comments.DiffNote, comments.MergeNote, &comments.Schema),
	of(embedded.TaskRecords, embedded.DiffTask, embedded.MergeTask, &embedded.Schema),
	of(embedded.JobRecords, embedded.DiffJob, embedded.MergeJob, &embedded.Schema),
	of(inspect.FindingRecords, inspect.DiffFinding, inspect.MergeFinding, &inspect.Schema),
	of(floats.SampleRecords, floats.DiffSample, floats.MergeSample, &floats.Schema),
	of(foreign.PlaceRecords, foreign.DiffPlace, foreign.MergePlace, &foreign.Schema),
	of(generics.ShelfRecords, generics.DiffShelf, generics.MergeShelf, &generics.Schema),
	of(jsonform.PaintRecords, jsonform.DiffPaint, jsonform.MergePaint, &jsonform.Schema),
	of(keys.ByStringRecords, keys.DiffByString, keys.MergeByString, &keys.Schema),
	of(keys.ByCodeRecords, keys.DiffByCode, keys.MergeByCode, &keys.Schema),
	of(keys.ByIntRecords, keys.DiffByInt, keys.MergeByInt, &keys.Schema),
	of(keys.ByUintRecords, keys.DiffByUint, keys.MergeByUint, &keys.Schema),
	of(keys.ByArrayRecords, keys.DiffByArray, keys.MergeByArray, &keys.Schema),
	of(keys.ByUUIDRecords, keys.DiffByUUID, keys.MergeByUUID, &keys.Schema),
	of(keys.ByTextRecords, keys.DiffByText, keys.MergeByText, &keys.Schema),
	of(keys.KeyOnlyRecords, keys.DiffKeyOnly, keys.MergeKeyOnly, &keys.Schema),
	of(manyfields.WideRecords, manyfields.DiffWide, manyfields.MergeWide, &manyfields.Schema),
	of(methodnames.ThingRecords, methodnames.DiffThing, methodnames.MergeThing, &methodnames.Schema),
	of(nested.CustomerRecords, nested.DiffCustomer, nested.MergeCustomer, &nested.Schema),
	of(options.SiteRecords, options.DiffSite, options.MergeSite, &options.Schema),
	of(pointers.PointerRecords, pointers.DiffPointer, pointers.MergePointer, &pointers.Schema),
	of(recursive.ForestRecords, recursive.DiffForest, recursive.MergeForest, &recursive.Schema),
	of(rules.OrderRecords, rules.DiffOrder, rules.MergeOrder, &rules.Schema),
	of(scalars.ScalarRecords, scalars.DiffScalar, scalars.MergeScalar, &scalars.Schema),
	of(sqlnull.RowRecords, sqlnull.DiffRow, sqlnull.MergeRow, &sqlnull.Schema),
	of(text.HostRecords, text.DiffHost, text.MergeHost, &text.Schema),
	of(times.VisitRecords, times.DiffVisit, times.MergeVisit, &times.Schema),
	of(tracking.BareRecords, tracking.DiffBare, tracking.MergeBare, &tracking.Schema),
	of(tracking.WholeRecords, tracking.DiffWhole, tracking.MergeWhole, &tracking.Schema),
	of(twofiles.PaymentRecords, twofiles.DiffPayment, twofiles.MergePayment, &twofiles.Schema),
}

// decide has the functions that the rules func:Name name.
var decide = map[string]any{"Longer": rules.Longer, "Concat": rules.Concat, "Mean": rules.Mean}

// subject is the generated code of one model, with its types taken away. Values
// of the model are passed as pointers to it.
type subject struct {
	name   string
	typ    reflect.Type // the annotated struct
	record reflect.Type
	info   *model.Info
	leaves []leaf

	diff  func(a, b reflect.Value) difference
	merge func(mc *merge.Context, base, local, remote reflect.Value) (reflect.Value, error)

	schema  *store.Schema
	replace func(tx *store.Tx, v reflect.Value) error
	get     func(tx *store.Tx, v reflect.Value) (reflect.Value, error) // what is stored under the key of v
}

// difference is a generated diff.
type difference struct {
	fields model.FieldSet
	apply  func(reflect.Value)
	diff   generatedDiff
}

// generatedDiff is what every generated diff offers.
type generatedDiff interface {
	fmt.Stringer
	json.Marshaler
	Empty() bool
}

type applier[T any] interface {
	generatedDiff
	Apply(*T)
}

func of[K, T, R any, D applier[T]](c *store.Collection[K, T, R], diff func(a, b *T) D,
	merge3 func(mc *merge.Context, base, local, remote *T) (T, error), schema *store.Schema) *subject {
	typ := reflect.TypeFor[T]()
	ptr := func(v reflect.Value) *T { return v.Interface().(*T) }
	s := &subject{
		name: typ.String(), typ: typ, record: reflect.TypeFor[R](), info: c.Model().Info, leaves: leavesOf(typ), schema: schema,
		diff: func(a, b reflect.Value) difference {
			d := diff(ptr(a), ptr(b))
			fields := reflect.ValueOf(d).FieldByName("Fields").Interface().(model.FieldSet)
			return difference{fields, func(v reflect.Value) { d.Apply(ptr(v)) }, d}
		},
		merge: func(mc *merge.Context, base, local, remote reflect.Value) (reflect.Value, error) {
			merged, err := merge3(mc, ptr(base), ptr(local), ptr(remote))
			return reflect.ValueOf(&merged), err
		},
		replace: func(tx *store.Tx, v reflect.Value) error { return c.Replace(tx, ptr(v)) },
	}
	s.get = func(tx *store.Tx, v reflect.Value) (reflect.Value, error) {
		r, err := c.Get(tx, s.key().of(v).Interface().(K))
		if err != nil {
			return v, err
		}
		plain := reflect.ValueOf(r).MethodByName("Plain").Call(nil)[0]
		found := reflect.New(typ)
		found.Elem().Set(plain)
		return found, nil
	}
	return s
}

// each runs a test for each subject.
func each(t *testing.T, test func(t *testing.T, s *subject)) {
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// TestMain makes every property a matter of a thousand rounds. A round that
// fails is printed with the seed that repeats it, so no files are written.
func TestMain(m *testing.M) {
	flag.Parse()
	set := func(name, value string) {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(value); err != nil {
				panic(err)
			}
		}
	}
	set("rapid.nofailfile", "true")
	if !testing.Short() {
		set("rapid.checks", "1000")
	}
	os.Exit(m.Run())
}
