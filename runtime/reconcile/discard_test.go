package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// twoEdits is a backup in which a and b were changed and n was created, and a fresh
// copy.
func (w *world) twoEdits() (backup, fresh *store.Store) {
	w.Helper()
	backup = w.filled("backup", items.FieldItem{ID: "a", Ref: "b"}, items.FieldItem{ID: "b"})
	for _, id := range []string{"a", "b"} {
		w.set(backup, id, func(r *items.FieldItemRecord) { r.SetText("mine") })
	}
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "n", Text: "mine", Ref: "b"})
	})
	return backup, w.filled("fresh", items.FieldItem{ID: "a", Ref: "b"}, items.FieldItem{ID: "b"})
}

// A backup that cannot be read is discarded where that is the strategy: the fresh
// store stays as it is, to the last value, and the report says so.
func TestRecoverOrDiscard(t *testing.T) {
	for _, c := range []struct {
		on               operation
		err              error
		total            int
		unlisted, before bool // before: what a second time says
	}{
		{row, store.ErrCorrupt, 3, false, true},
		{row, store.ErrSchema, 3, false, true},
		{entries, store.ErrCorrupt, 1, true, true},
		{begin, store.ErrCorrupt, 0, true, false},
		{begin, store.ErrNotAStore, 0, true, false},
	} {
		t.Run(fmt.Sprintf("%s, %v", c.on, c.err), func(t *testing.T) {
			w := newWorld(t)
			fail := w.faulty("backup")
			backup, fresh := w.twoEdits()
			before, seq := w.content(fresh), fresh.Seq()
			fail[c.on] = fmt.Errorf("page 7: %w", c.err)

			if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(t.Context()); !errors.Is(err, c.err) {
				t.Errorf("recover: %v", err)
			}
			plan := reconcile.New(backup, fresh, reconcile.Options{Strategy: reconcile.RecoverOrDiscard})
			preview, err := plan.Preview(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			report, err := plan.Apply(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			preview.Applied = true
			if diff := cmp.Diff(asJSON(t, preview), asJSON(t, report)); diff != "" {
				t.Errorf("what was previewed is not what was done: %s", diff)
			}
			if !strings.Contains(report.FellBack, "page 7") || report.Strategy != reconcile.RecoverOrDiscard || !report.Applied {
				t.Errorf("%+v", report)
			}
			if report.Total != c.total || report.Count(merge.Dropped) != c.total || report.Unlisted != c.unlisted {
				t.Errorf("%d objects, %d dropped, unlisted: %t", report.Total, report.Count(merge.Dropped), report.Unlisted)
			}
			var text strings.Builder
			if err := report.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text.String(), "cannot be recovered") || !strings.Contains(text.String(), "page 7") ||
				strings.Contains(text.String(), "not be read to its end") != c.unlisted || !strings.Contains(asJSON(t, report), `"fell_back": "`) {
				t.Error(text.String())
			}
			if diff := cmp.Diff(before, w.content(fresh)); diff != "" || len(w.pending(fresh)) > 0 || fresh.Seq() < seq {
				t.Errorf("the fresh store has changed: %s %v", diff, w.pending(fresh))
			}
			if again := w.apply(backup, fresh, reconcile.Options{Strategy: reconcile.RecoverOrDiscard}); again.Before != c.before {
				t.Errorf("the second time: %+v", again)
			}
		})
	}
}

// Where the backup can be read, it is recovered.
func TestRecoverOrDiscardRecovers(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.twoEdits()
	report := w.apply(backup, fresh, reconcile.Options{Strategy: reconcile.RecoverOrDiscard})
	if report.FellBack != "" || report.Count(merge.Recovered) != 3 {
		t.Errorf("%+v", report)
	}
	if got := w.pending(fresh); len(got) != 4 {
		t.Errorf("unsynced is %v", got)
	}
}

// Nothing is discarded for what may be mended, or for what is not the backup's
// fault.
func TestRecoverOrDiscardDiscardsNothing(t *testing.T) {
	ours := errors.New("ours")
	for name, c := range map[string]struct {
		path      string
		on        operation
		err, want error
		o         reconcile.Options
	}{
		"an I/O error of the backup":     {path: "backup", on: row, err: syscall.EIO, want: syscall.EIO},
		"the backup cannot be opened":    {path: "backup", on: begin, err: fs.ErrPermission, want: fs.ErrPermission},
		"the fresh store is damaged":     {path: "fresh", on: row, err: store.ErrCorrupt, want: store.ErrCorrupt},
		"writing finds it damaged":       {path: "fresh", on: insert, err: store.ErrCorrupt, want: store.ErrCorrupt},
		"it is no store any more":        {path: "fresh", on: begin, err: store.ErrNotAStore, want: store.ErrNotAStore},
		"the disk is full":               {path: "fresh", on: commit, err: syscall.ENOSPC, want: syscall.ENOSPC},
		"the app ends it with our error": {want: store.ErrCorrupt, o: reconcile.Options{Each: func(*reconcile.Object) error { return store.ErrCorrupt }}},
		"the app ends it":                {want: ours, o: reconcile.Options{Each: func(*reconcile.Object) error { return ours }}},
		"damage met in a cancelled call": {path: "backup", on: row, err: errors.Join(store.ErrCorrupt, context.Canceled), want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fail := w.faulty(c.path)
			backup, fresh := w.twoEdits()
			before := w.content(fresh)
			fail[c.on] = c.err
			c.o.Strategy = reconcile.RecoverOrDiscard
			report, err := reconcile.New(backup, fresh, c.o).Apply(t.Context())
			if !errors.Is(err, c.want) || report != nil {
				t.Errorf("%v, %+v", err, report)
			}
			clear(fail)
			if diff := cmp.Diff(before, w.content(fresh)); diff != "" || len(w.pending(fresh)) > 0 {
				t.Errorf("the fresh store has changed: %s %v", diff, w.pending(fresh))
			}
			if got := w.apply(backup, fresh, reconcile.Options{}).Count(merge.Recovered); got != 3 {
				t.Errorf("%d objects recovered after all", got)
			}
		})
	}
}

// Nor for the end of a context, whatever its cause, or a guard.
func TestRecoverOrDiscardKeepsTheGuards(t *testing.T) {
	w := newWorld(t)
	fail := w.faulty("backup")
	backup, fresh := w.twoEdits()
	o := reconcile.Options{Strategy: reconcile.RecoverOrDiscard}

	ctx, cancel := context.WithCancelCause(t.Context())
	o.Each = func(*reconcile.Object) error { cancel(fmt.Errorf("because: %w", store.ErrCorrupt)); return nil }
	if report, err := reconcile.New(backup, fresh, o).Apply(ctx); err == nil {
		t.Errorf("a context that ended: %+v", report)
	}
	o.Each = nil
	incomplete := w.open("incomplete", &items.Schema)
	for _, on := range []operation{row, begin} {
		clear(fail)
		fail[on] = store.ErrCorrupt
		if _, err := reconcile.New(backup, incomplete, o).Apply(t.Context()); !errors.Is(err, reconcile.ErrIncomplete) {
			t.Errorf("an incomplete fresh store, and damage in %s: %v", on, err)
		}
	}
	if got := w.pending(fresh); len(got) > 0 {
		t.Errorf("%v is left", got)
	}
}

func TestUnreadable(t *testing.T) {
	for err, want := range map[error]bool{
		nil:                  false,
		store.ErrCorrupt:     true,
		store.ErrNotAStore:   true,
		store.ErrSchema:      true,
		store.ErrInUse:       false,
		store.ErrClosed:      false,
		store.ErrCutOpen:     false,
		store.ErrStoreCopied: false,
		fs.ErrNotExist:       false,
		syscall.ENOSPC:       false,
		context.Canceled:     false,
	} {
		if err != nil {
			err = fmt.Errorf("opening the store x: %w", err)
		}
		if got := reconcile.Unreadable(err); got != want {
			t.Errorf("%v: %t", err, got)
		}
	}
}

// Options that say nothing or two things are refused.
func TestBadOptions(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.twoEdits()
	for want, o := range map[string]reconcile.Options{
		"strategy 17":                     {Strategy: 17},
		"needs a function":                {Strategy: reconcile.Manual},
		"only the strategy manual":        {Manual: func(*reconcile.ByHand) error { return nil }},
		"Options.Keep is -1, less than 0": {Keep: -1},
	} {
		if _, err := reconcile.New(backup, fresh, o).Apply(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if _, err := reconcile.New(nil, fresh, reconcile.Options{}).Preview(t.Context()); err == nil {
		t.Error("no backup, and no error")
	}
	if got := w.pending(fresh); len(got) > 0 {
		t.Errorf("%v is left", got)
	}
	for _, s := range []reconcile.Strategy{reconcile.Recover, reconcile.Discard, reconcile.Overwrite, reconcile.RecoverOrDiscard, reconcile.Manual} {
		if parsed, err := reconcile.ParseStrategy(s.String()); parsed != s || err != nil {
			t.Errorf("%s becomes %s, %v", s, parsed, err)
		}
	}
	if _, err := reconcile.ParseStrategy("keep"); err == nil || !strings.Contains(err.Error(), "recover-or-discard") {
		t.Error(err)
	}
}

// Last has its say in the transaction: once, when all is done, and not in a preview
// or where there is nothing to do.
func TestLast(t *testing.T) {
	w := newWorld(t)
	fail := w.faulty("backup")
	backup, fresh := w.twoEdits()
	var calls []string
	enough := errors.New("enough")
	o := reconcile.Options{Strategy: reconcile.RecoverOrDiscard, Last: func(to, from *store.Tx, report *reconcile.Report) error {
		calls = append(calls, fmt.Sprintf("%d objects, from the backup: %t, applied: %t", report.Total, from != nil, report.Applied))
		return enough
	}}
	plan := reconcile.New(backup, fresh, o)
	if _, err := plan.Preview(t.Context()); err != nil || len(calls) > 0 {
		t.Errorf("the preview: %v, %q", err, calls)
	}
	if _, err := plan.Apply(t.Context()); !errors.Is(err, enough) || len(w.pending(fresh)) > 0 {
		t.Errorf("%v; %v is left", err, w.pending(fresh))
	}
	enough = nil
	fail[begin] = store.ErrCorrupt
	w.apply(backup, fresh, o)
	clear(fail)
	w.apply(backup, fresh, o)
	w.apply(backup, fresh, o)
	want := []string{"3 objects, from the backup: true, applied: true", "0 objects, from the backup: false, applied: true", "3 objects, from the backup: true, applied: true"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Error(diff)
	}
}
