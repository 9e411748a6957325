package memremote_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

func named(field string, v model.Value) model.Named { return model.Named{Name: field, Value: v} }

func text(s string) model.Value { return model.StringValue(s) }

func show(o *remote.Object) string { return fmt.Sprintf("%+v", o) }

// A writer that knows nothing of stamps leaves them as they are.
func TestSet(t *testing.T) {
	b := memremote.New(memremote.Options{})
	k := text("k")
	b.Set("note", k, 7, named("text", text("x")), named("n", model.IntValue(1)))
	b.Set("note", k, 0, named("text", text("y")), named("new", text("z")))
	first := b.Get("note", k)
	want := remote.Object{Model: "note", Key: k, Stamp: 7, Fields: []remote.Field{
		{Name: "text", Value: text("y"), Stamp: 7}, {Name: "n", Value: model.IntValue(1), Stamp: 7}, {Name: "new", Value: text("z")}}}
	if show(first) != show(&want) {
		t.Errorf("the object is %s, want %s", show(first), show(&want))
	}
	b.Set("note", k, 5, named("n", model.IntValue(2))) // of a clock that runs behind
	if now := b.Get("note", k); now.Stamp != 7 || now.Field("n").Stamp != 5 || now.Field("n").Value != model.IntValue(2) {
		t.Errorf("the object is %s", show(now))
	}
	if show(first) != show(&want) {
		t.Errorf("what was given out earlier became %s", show(first))
	}
}

func TestAdd(t *testing.T) {
	b := memremote.New(memremote.Options{})
	k := text("k")
	for _, n := range []int64{5, -7, math.MaxInt64, 0, 2} {
		must(t, b.Add("note", k, 3, "n", n))
	}
	if f := b.Get("note", k).Field("n"); f.Value != model.IntValue(math.MaxInt64) || f.Stamp != 3 {
		t.Errorf("the sum is %+v", f)
	}
	if err := b.Add("note", k, 4, "n", 1); err == nil {
		t.Error("an overflow is no error")
	}
	b.Set("note", k, 3, named("n", model.IntValue(math.MinInt64)), named("text", text("x")))
	if err := b.Add("note", k, 4, "n", -1); err == nil {
		t.Error("an overflow below is no error")
	}
	if err := b.Add("note", k, 4, "text", 1); err == nil {
		t.Error("adding to a text is no error")
	}
	if o := b.Get("note", k); o.Stamp != 3 || o.Field("n").Value != model.IntValue(math.MinInt64) {
		t.Errorf("what failed left %s", show(o))
	}
}

func TestDelete(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Set("note", text("k"), 1, named("text", text("x")))
	if !b.Delete("note", text("k"), 9) || b.Delete("note", text("k"), 9) || b.Delete("note", text("never"), 9) {
		t.Error("Delete does not tell whether it deleted something")
	}
	if o := b.Get("note", text("k")); o != nil || len(b.All()) != 0 || b.Position() != 2 {
		t.Errorf("after the deletion there is %v, and the history is at %d", o, b.Position())
	}
	for page, err := range b.Pull(t.Context(), "a", "") {
		must(t, err)
		if want := (remote.Object{Model: "note", Key: text("k"), Deleted: true, Stamp: 9}); len(page.Objects) != 1 || show(&page.Objects[0]) != show(&want) {
			t.Errorf("the page has %+v", page.Objects)
		}
	}
	// What comes after it has nothing of it.
	b.Set("note", text("k"), 10, named("n", model.IntValue(1)))
	if o := b.Get("note", text("k")); len(o.Fields) != 1 || o.Stamp != 10 {
		t.Errorf("the object that came after the deletion is %s", show(o))
	}
}

// follow pulls to the end.
func follow(t testing.TB, b *memremote.Backend, client string, cursor remote.Cursor) (remote.Cursor, int, error) {
	n := 0
	for page, err := range b.Pull(t.Context(), client, cursor) {
		if err != nil {
			return cursor, n, err
		}
		cursor, n = page.Cursor, n+len(page.Objects)
	}
	return cursor, n, nil
}

// A client that has seen all that was trimmed, or all that a restored backend has,
// goes on.
func TestNoReset(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Set("note", text("k"), 1)
	b.Set("note", text("l"), 1)
	cursor, _, err := follow(t, b, "a", "")
	must(t, err)
	b.Set("note", text("m"), 1)
	b.Trim(2)
	cursor, n, err := follow(t, b, "a", cursor)
	if err != nil || n != 1 {
		t.Errorf("after trimming to the cursor: %d objects, %v", n, err)
	}
	saved := b.Save()
	b.Set("note", text("n"), 1)
	b.Set("note", text("o"), 1)
	b.Restore(saved)
	b.Trim(3)
	b.Set("note", text("p"), 1)
	if _, n, err := follow(t, b, "a", cursor); err != nil || n != 1 {
		t.Errorf("after a restore to the cursor, and trimming: %d objects, %v", n, err)
	}
}

// Trimming part of the history keeps the rest, and only those start over who have
// not seen it.
func TestTrim(t *testing.T) {
	b := memremote.New(memremote.Options{})
	var cursors []remote.Cursor
	for i := range 6 {
		b.Set("note", noteKey(i), 1)
		c, _, err := follow(t, b, "a", "")
		must(t, err)
		cursors = append(cursors, c)
	}
	b.Delete("note", noteKey(0), 2)
	b.Trim(3)
	b.Trim(2) // which was trimmed already
	for i, c := range cursors {
		_, n, err := follow(t, b, "a", c)
		var reset *remote.ClientResetError
		switch seen := i + 1; {
		case seen < 3 && (!errors.As(err, &reset) || reset.Reason != remote.HistoryTrimmed):
			t.Errorf("a client that has seen %d gets %d objects, %v", seen, n, err)
		case seen >= 3 && (err != nil || n != 7-seen):
			t.Errorf("a client that has seen %d gets %d objects, %v; want %d", seen, n, err, 7-seen)
		}
	}
	conflicting := func() remote.Object {
		update := chunk("b", 0, b.Mark("b").N+1, 0, 0, 1)
		update.Patches[0].Change, update.Previous, update.PreviousDone = model.Updated, b.Mark("b").Nonce, b.Mark("b").Done
		answer, err := b.Push(t.Context(), update)
		must(t, err)
		return answer.Current[0]
	}
	if o := conflicting(); !o.Deleted || o.Stamp != 2 {
		t.Errorf("what was deleted is %s", show(&o))
	}
	b.Trim(100)
	if o := conflicting(); !o.Deleted || o.Stamp != 0 {
		t.Errorf("what was deleted and trimmed is %s", show(&o))
	}
	if b.Position() != 7 || len(b.All()) != 5 {
		t.Errorf("after trimming everything the history is at %d, and %d objects are left", b.Position(), len(b.All()))
	}
}

// A reset for everybody concerns those with an earlier cursor, until they come with
// a later one.
func TestResetEverybody(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Set("note", text("k"), 1)
	old, _, err := follow(t, b, "a", "")
	must(t, err)
	b.Reset("a", remote.SchemaChanged)
	b.Reset("", remote.Operator)
	for _, client := range []string{"a", "b"} {
		var reset *remote.ClientResetError
		if _, _, err := follow(t, b, client, old); !errors.As(err, &reset) || reset.Reason != remote.Operator {
			t.Errorf("client %s gets %v", client, err)
		}
		cursor, n, err := follow(t, b, client, "")
		if err != nil || n != 1 {
			t.Errorf("client %s, from the beginning: %d objects, %v", client, n, err)
		}
		_, _, err = follow(t, b, client, cursor)
		must(t, err)
	}
}

func TestForget(t *testing.T) {
	b := memremote.New(memremote.Options{})
	_, err := b.Push(t.Context(), chunk("a", 4, 3, 0, 0, 2))
	must(t, err)
	cursor, _, err := follow(t, b, "a", "")
	must(t, err)
	b.Forget("a")
	if m := b.Mark("a"); m.N != 0 || m.Client != "" {
		t.Errorf("the mark is %+v", m)
	}
	if _, _, err := follow(t, b, "a", cursor); err != nil {
		t.Errorf("the cursor gives %v", err)
	}
	_, err = b.Push(t.Context(), chunk("a", 0, 1, 0, 7, 1))
	must(t, err)
}

// Cursors that no backend gave are no reason to panic, or to go on.
func TestForeignCursor(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Set("note", text("k"), 1)
	for _, c := range []remote.Cursor{" ", "x", "1", "1.2.3", "1.2.3.", "-1.2.3.x", "99999999999999999999999.1.1.x", "1.0.0.other"} {
		var reset *remote.ClientResetError
		if _, n, err := follow(t, b, "a", c); !errors.As(err, &reset) || reset.Reason != remote.Recreated || n > 0 {
			t.Errorf("the cursor %q gives %d objects, %v", c, n, err)
		}
	}
}

// Whatever gives a client something to pull, or a reason to start over, ends its
// Watch; what does neither does not.
func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		happen func(b *memremote.Backend)
		ends   bool
	}{
		"push": {ends: true, happen: func(b *memremote.Backend) {
			_, err := b.Push(t.Context(), chunk("b", 0, 1, 0, 5, 1))
			must(t, err)
		}},
		"put":                  {ends: true, happen: func(b *memremote.Backend) { b.Set("note", text("k"), 1) }},
		"deleted":              {ends: true, happen: func(b *memremote.Backend) { b.Delete("note", noteKey(0), 1) }},
		"deleted nothing":      {happen: func(b *memremote.Backend) { b.Delete("note", text("never"), 1) }},
		"trimmed":              {happen: func(b *memremote.Backend) { b.Trim(1) }},
		"recreated":            {ends: true, happen: func(b *memremote.Backend) { b.Recreate(b.All()...) }},
		"restored":             {ends: true, happen: func(b *memremote.Backend) { b.Restore(memremote.New(memremote.Options{}).Save()) }},
		"reset":                {ends: true, happen: func(b *memremote.Backend) { b.Reset("a", remote.Operator) }},
		"another one's reset":  {happen: func(b *memremote.Backend) { b.Reset("b", remote.Operator) }},
		"settled":              {happen: func(b *memremote.Backend) { b.Settle(t.Context(), "a", 1) }},
		"another one is away":  {happen: func(b *memremote.Backend) { b.Offline("b") }},
		"a push was not taken": {happen: func(b *memremote.Backend) { b.Push(t.Context(), chunk("b", 0, 1, 3, 5, 1)) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := memremote.New(memremote.Options{})
			b.Set("note", noteKey(0), 1)
			cursor, _, err := follow(t, b, "a", "")
			must(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Watch(ctx, "a", cursor) }()
			synctest.Wait()
			c.happen(b)
			synctest.Wait()
			if (len(ended) > 0) != c.ends {
				t.Errorf("%s: Watch ended: %v, want %v", name, len(ended) > 0, c.ends)
			}
			cancel()
			if err := <-ended; (err == nil) != c.ends {
				t.Errorf("%s: Watch gave %v", name, err)
			}
		})
	}
}

// The latest four snapshots can be resumed. A place that is none of a snapshot's is
// not.
func TestSnapshotsKept(t *testing.T) {
	b := memremote.New(memremote.Options{SnapshotPage: 1})
	b.Set("note", text("k"), 1)
	b.Set("note", text("l"), 1)
	first := func(resume remote.Resume) remote.Resume {
		for page, err := range b.Snapshot(t.Context(), "a", resume) {
			must(t, err)
			return page.Resume
		}
		return remote.Resume{}
	}
	var resumes []remote.Resume
	for range 5 {
		resumes = append(resumes, first(remote.Resume{}))
	}
	for i := 4; i > 0; i-- {
		if r := first(resumes[i]); r.ID != resumes[i].ID || r.Page == resumes[i].Page {
			t.Errorf("snapshot %d is not resumed: %v after %v", i+1, r, resumes[i])
		}
	}
	if r := first(resumes[0]); r.ID == resumes[0].ID {
		t.Error("the oldest snapshot is still there")
	}
	latest := first(remote.Resume{})
	for _, page := range []string{"", "x", "-1", "3", "99999999999999999999"} {
		if r := first(remote.Resume{ID: latest.ID, Page: page}); r.ID == latest.ID {
			t.Errorf("a snapshot is resumed at page %q", page)
		}
	}
	keeps := first(remote.Resume{})
	b.Recreate(b.All()...)
	if r := first(keeps); r.ID == keeps.ID {
		t.Error("a snapshot outlives its backend")
	}
}

// A download that was interrupted by a reset begins anew: the cursor of the old one
// would be answered with the reset again.
func TestResetEndsSnapshots(t *testing.T) {
	b := memremote.New(memremote.Options{SnapshotPage: 1})
	b.Set("note", text("k"), 1)
	b.Set("note", text("l"), 1)
	var resume remote.Resume
	for page, err := range b.Snapshot(t.Context(), "a", remote.Resume{}) {
		must(t, err)
		resume = page.Resume
		break
	}
	b.Reset("a", remote.Operator)
	n := 0
	for page, err := range b.Snapshot(t.Context(), "a", resume) {
		must(t, err)
		if n += len(page.Objects); page.Last {
			_, _, err := follow(t, b, "a", page.Cursor)
			must(t, err)
		}
	}
	if n != 2 {
		t.Errorf("the download after the reset has %d objects, want 2", n)
	}
}

// A function that panics leaves the backend as it was.
func TestRefusePanics(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Refuse(func(_ string, p *model.Patch) error {
		if p.Key == noteKey(1) {
			panic("no")
		}
		return nil
	})
	func() {
		defer func() { recover() }()
		b.Push(t.Context(), chunk("a", 0, 1, 0, 0, 2))
		t.Error("the panic is gone")
	}()
	b.Refuse(nil)
	done(t, b, 0)
	if b.Position() != 0 {
		t.Error("part of the chunk was applied")
	}
}

// Put and Recreate keep what they are given, whatever becomes of the caller's
// slices.
func TestPutCopies(t *testing.T) {
	b := memremote.New(memremote.Options{})
	fields := []remote.Field{{Name: "text", Value: text("x"), Stamp: 1}}
	b.Put(remote.Object{Model: "note", Key: text("k"), Stamp: 1, Fields: fields})
	b.Put(remote.Object{Model: "note", Key: text("gone"), Deleted: true, Fields: fields})
	fields[0].Value = text("y")
	if f := b.Get("note", text("k")).Field("text"); f.Value != text("x") {
		t.Errorf("the backend's object became %v", f.Value)
	}
	for page, err := range b.Pull(t.Context(), "a", "") {
		must(t, err)
		if o := page.Objects[1]; !o.Deleted || o.Fields != nil {
			t.Errorf("a deleted object has fields: %+v", o)
		}
	}
}
