package replica_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

var records = items.FieldItemRecords

func open(t *testing.T, disk *memstore.Disk, dir string, backend remote.Remote, change func(o *replica.Options)) *replica.Replica {
	t.Helper()
	o := replica.Options{Driver: disk, Path: filepath.Join(dir, "app.db"), Schema: &items.Schema, Remote: backend, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	r, err := replica.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func set(t *testing.T, r *replica.Replica, id string, do func(f *items.FieldItemRecord)) {
	t.Helper()
	err := r.Update(t.Context(), func(tx *store.Tx) error {
		f, err := records.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			f, err = records.New(tx, id)
		}
		if err != nil {
			return err
		}
		do(f)
		return records.Put(tx, f)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, r *replica.Replica, id string) (v items.FieldItem) {
	t.Helper()
	err := r.View(t.Context(), func(tx *store.Tx) error {
		f, err := records.Get(tx, id)
		if err == nil {
			v = f.Plain()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sync(t *testing.T, rs ...*replica.Replica) {
	t.Helper()
	for _, r := range rs {
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		if err := r.WaitForUpload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.WaitForDownload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoClients(t *testing.T) {
	backend := memremote.New(memremote.Options{})
	disk := memstore.New()
	a := open(t, disk, filepath.Join(t.TempDir(), "a"), backend, nil)
	b := open(t, disk, filepath.Join(t.TempDir(), "b"), backend, nil)
	set(t, a, "x", func(f *items.FieldItemRecord) { f.SetText("a"); f.AddCount(2) })
	sync(t, a, b)
	if got := get(t, b, "x"); got.Text != "a" || got.Count != 2 {
		t.Fatalf("%+v", got)
	}
	a.Pause()
	b.Pause()
	set(t, a, "x", func(f *items.FieldItemRecord) { f.SetOther("a"); f.AddCount(3) })
	set(t, b, "x", func(f *items.FieldItemRecord) { f.SetText("b"); f.AddCount(5) })
	sync(t, a, b, a)
	for _, r := range []*replica.Replica{a, b} {
		if got := get(t, r, "x"); got.Text != "b" || got.Other != "a" || got.Count != 10 {
			t.Errorf("%+v", got)
		}
	}
}

func TestReset(t *testing.T) {
	backend := memremote.New(memremote.Options{})
	disk := memstore.New()
	var report *replica.Report
	a := open(t, disk, t.TempDir(), backend, func(o *replica.Options) {
		o.After = func(_ context.Context, done *replica.Recovery) error { report = done.Report; return nil }
	})
	set(t, a, "x", func(f *items.FieldItemRecord) { f.SetText("a"); f.AddCount(2) })
	sync(t, a)
	a.Pause()
	set(t, a, "x", func(f *items.FieldItemRecord) { f.SetOther("a"); f.AddCount(3) })
	backend.Reset("", remote.Operator)
	sync(t, a)
	if report == nil || report.Total != 1 {
		t.Errorf("report: %+v", report)
	}
	if got := get(t, a, "x"); got.Text != "a" || got.Other != "a" || got.Count != 5 {
		t.Errorf("%+v", got)
	}
	backups, err := a.Backups(t.Context())
	if err != nil || len(backups) != 1 || !backups[0].Settled {
		t.Fatalf("%+v %v", backups, err)
	}
	if err := a.Verify(t.Context(), backups[0]); err != nil {
		t.Error(err)
	}
	if _, err := a.Preview(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Restore(t.Context(), backups[0]); err != nil {
		t.Fatal(err)
	}
	sync(t, a)
	if got := get(t, a, "x"); got.Text != "a" || got.Other != "a" || got.Count != 5 {
		t.Errorf("%+v", got)
	}
	if err := a.ResetNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Pause()
	removed, err := a.Prune(t.Context(), replica.Retention{})
	t.Log(removed, err)
}
