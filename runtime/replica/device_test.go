package replica_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var records = items.FieldItemRecords

const itemModel = "field_item"

func key(id string) model.Value { return model.StringValue(id) }

// device is a client with a disk of its own, and what it was told.
type device struct {
	*replica.Replica
	t       testing.TB
	disk    *memstore.Disk
	options replica.Options

	mu      sync.Mutex
	reports []*replica.Report
	merged  []replica.Merge
	steps   []replica.Step
	gaveUp  []error
}

// prepare makes a device that is not open yet. change, if set, has the last word on
// its options.
func prepare(t testing.TB, backend remote.Remote, change func(*replica.Options)) *device {
	t.Helper()
	d := &device{t: t, disk: memstore.New()}
	d.options = replica.Options{
		Driver: d.disk, Path: filepath.Join(t.TempDir(), "app.db"), Schema: &items.Schema, Remote: backend,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	d.options.After = func(_ context.Context, done *replica.Recovery) error {
		d.note(func() { d.reports = append(d.reports, done.Report) })
		return nil
	}
	d.options.Merged = func(_ context.Context, merged []replica.Merge) {
		d.note(func() { d.merged = append(d.merged, merged...) })
	}
	d.options.OnStep = func(s replica.Step) { d.note(func() { d.steps = append(d.steps, s) }) }
	d.options.Fallback = func(_ context.Context, err error) { d.note(func() { d.gaveUp = append(d.gaveUp, err) }) }
	if change != nil {
		change(&d.options)
	}
	return d
}

func newDevice(t testing.TB, backend remote.Remote, change func(*replica.Options)) *device {
	t.Helper()
	d := prepare(t, backend, change)
	d.open()
	return d
}

func (d *device) note(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

func (d *device) open() {
	d.t.Helper()
	if err := d.tryOpen(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) tryOpen() error {
	r, err := replica.Open(context.Background(), d.options)
	if err != nil {
		return err
	}
	d.Replica = r
	d.t.Cleanup(func() { r.Close() })
	return nil
}

// reopen is a restart of the app. change, if set, is an update of the app.
func (d *device) reopen(change func(*replica.Options)) {
	d.t.Helper()
	d.must(d.Close())
	if change != nil {
		change(&d.options)
	}
	d.open()
}

func (d *device) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// set writes one object, which is made where there is none.
func (d *device) set(id string, do func(f *items.FieldItemRecord)) {
	d.t.Helper()
	d.must(d.trySet(id, do))
}

func (d *device) trySet(id string, do func(f *items.FieldItemRecord)) error {
	return d.Update(context.Background(), func(tx *store.Tx) error { return put(tx, id, do) })
}

func put(tx *store.Tx, id string, do func(f *items.FieldItemRecord)) error {
	f, err := records.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		f, err = records.New(tx, id)
	}
	if err != nil {
		return err
	}
	do(f)
	return records.Put(tx, f)
}

func (d *device) delete(id string) {
	d.t.Helper()
	d.must(d.Update(context.Background(), func(tx *store.Tx) error { return records.Delete(tx, id) }))
}

// get is an object, and whether it is there.
func (d *device) get(id string) (v items.FieldItem, ok bool) {
	d.t.Helper()
	err := d.View(context.Background(), func(tx *store.Tx) error {
		f, err := records.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if ok = err == nil; ok {
			v = f.Plain()
		}
		return err
	})
	d.must(err)
	return v, ok
}

// has checks the text and the count of an object.
func (d *device) has(id, text string, count int64) {
	d.t.Helper()
	if got, ok := d.get(id); !ok || got.Text != text || got.Count != count {
		d.t.Errorf("%s is %v %q %d, want %q %d", id, ok, got.Text, got.Count, text, count)
	}
}

func (d *device) lacks(id string) {
	d.t.Helper()
	if got, ok := d.get(id); ok {
		d.t.Errorf("%s is there: %q %d", id, got.Text, got.Count)
	}
}

// client is the id under which the backend knows the device.
func (d *device) client() (id string) {
	d.t.Helper()
	d.must(d.View(context.Background(), func(tx *store.Tx) error {
		id, _ = tx.Ledger().Client()
		return nil
	}))
	return id
}

// unsynced names the objects with unsynced changes.
func (d *device) unsynced() (names []string) {
	d.t.Helper()
	d.must(d.View(context.Background(), func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			names = append(names, fmt.Sprintf("%s %s", e.Change, e.Key.Text()))
		}
		return nil
	}))
	return names
}

func (d *device) clean() {
	d.t.Helper()
	if left := d.unsynced(); len(left) > 0 {
		d.t.Errorf("unsynced: %q", left)
	}
}

// syncAll has each device in turn send and take over everything, and pauses it.
func syncAll(devices ...*device) {
	for _, d := range devices {
		d.t.Helper()
		d.must(d.Start())
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		d.must(d.WaitForUpload(ctx))
		d.must(d.WaitForDownload(ctx))
		cancel()
		d.Pause()
	}
}

// begin starts the session and lets every goroutine of the bubble go on until it waits.
func (d *device) begin() {
	d.t.Helper()
	d.must(d.Start())
	synctest.Wait()
}

// state checks what the session is about.
func (d *device) state(want replica.State) {
	d.t.Helper()
	if got := d.Status(); got.State != want {
		d.t.Fatalf("the state is %v (%v, step %q), want %v", got.State, got.Err, got.Step, want)
	}
}

// report is that of the only reset.
func (d *device) report() *replica.Report {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.reports) != 1 {
		d.t.Fatalf("%d resets were reported, want 1", len(d.reports))
	}
	return d.reports[0]
}

// backups lists them; there must be n.
func (d *device) backups(n int) []*replica.Backup {
	d.t.Helper()
	all, err := d.Backups(context.Background())
	d.must(err)
	if len(all) != n {
		d.t.Fatalf("there are %d backups, want %d", len(all), n)
	}
	for _, b := range all {
		d.must(d.Verify(context.Background(), b))
	}
	return all
}

// content is everything that a device has, for people and to compare.
func (d *device) content() string {
	d.t.Helper()
	var lines []string
	d.must(d.View(context.Background(), func(tx *store.Tx) error {
		for f, err := range records.All(tx) {
			if err != nil {
				return err
			}
			v := f.Plain()
			slices.Sort(v.Tags)
			lines = append(lines, fmt.Sprintf("%+v", v))
		}
		return nil
	}))
	return strings.Join(lines, "\n")
}

// world is a test in a bubble, with a backend in it.
func world(t *testing.T, do func(t *testing.T, backend *memremote.Backend)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(t, memremote.New(memremote.Options{})) })
}

// text and count of an object in one.
func write(text string, count int64) func(f *items.FieldItemRecord) {
	return func(f *items.FieldItemRecord) {
		if text != "" {
			f.SetText(text)
		}
		if count != 0 {
			f.AddCount(count)
		}
	}
}
