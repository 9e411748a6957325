package replica

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// form is a form of stored bytes: where they lie, and what is written of them again
// when they are read.
type form struct {
	note  string // in the store
	file  func(o *Options) string
	again func(r *Replica, tx *store.Tx) error
	seeds []string
}

var forms = []form{
	formOf(heldNote, []*remote.Object{{}}, []*remote.Object{{Model: "a", Key: model.StringValue("x"), Stamp: 1, Fields: []remote.Field{{Name: "f", Value: model.NullValue(), Stamp: stamp.At(time.Now())}}}}),
	formOf(untoldNote, []Merge{{}}, []Merge{{
		Model: "a", Key: model.StringValue("x"), Outcome: merge.Conflicted, Reason: "both",
		Conflicts: []merge.Conflict{{Field: "f", Base: model.TimeValue(time.Now()), Local: model.FloatValue(1.5), Result: model.JSONValue("[1]")}},
		Losses:    []merge.Loss{{Field: "f", Value: model.BytesValue([]byte{0xff})}},
	}}),
	formOf(recoveredNote, recovered{}, recovered{TakenBack: true, Objects: []recoveredObject{{}, {Model: "a", Key: model.IntValue(-1), Fields: []string{"f"}}}}),
	formOf(unknownNote, unknown{"field_item.more", "other"}),
	formOf(resumeNote, progress{}, progress{Resume: remote.Resume{ID: "a", Page: "b"}, Objects: 3}),

	{note: markName, again: func(r *Replica, tx *store.Tx) error {
		mark, err := markOf(tx)
		if err != nil {
			return err
		}
		return tx.SetMeta(markName, model.AppendMark(nil, &mark))
	}, seeds: []string{string(model.AppendMark(nil, &model.Mark{Client: "c", N: 1, Nonce: "n", Done: 1}))}},

	{file: (*Options).pendingFile, again: func(r *Replica, tx *store.Tx) error {
		p, err := readPending(&r.o)
		if err != nil {
			return err
		}
		return rewrite(r.o.pendingFile(), p)
	}, seeds: []string{`{"id":"0123456789abcdef","step":"moved","reason":"restored","began":"2026-01-01T00:00:00Z","attempts":1,"backup":"b","backups":["b"]}`}},

	{file: (*Options).outcomeFile, again: func(r *Replica, tx *store.Tx) error {
		o, err := r.readOutcome()
		if err != nil {
			return err
		}
		b, err := encode(o)
		return errors.Join(err, os.WriteFile(r.o.outcomeFile(), b, 0o600))
	}, seeds: []string{encoded(outcome{}), encoded(anOutcome())}},

	{file: func(o *Options) string { return manifestOf(o.backupDir() + "/b") }, again: func(r *Replica, tx *store.Tx) error {
		b, err := r.backup(context.Background(), "b")
		if err != nil {
			return err
		}
		b.arrived()
		return rewrite(manifestOf(b.Path), b)
	}, seeds: []string{`{"path":"b","made":"2026-01-01T00:00:00+01:00","last_synced":{"cut":1,"seq":2,"stamp":"never","wall":"2026-01-01T00:00:00Z"},"counts":[{"outcome":"kept","change":"deleted","write":"nothing","objects":1}]}`}},

	formOf(uncoveredNote, true, false),
	formOf(startOverNote, startOver{}, startOver{true, true, true}),
}

// formOf is the form of a note.
func formOf[T any](n note[T], seeds ...T) form {
	f := form{note: n.name, again: func(_ *Replica, tx *store.Tx) error {
		content, err := n.load(tx)
		if err != nil {
			return err
		}
		return n.save(tx, content)
	}}
	for _, seed := range seeds {
		f.seeds = append(f.seeds, encoded(seed))
	}
	return f
}

func encoded(content any) string {
	b, err := encode(content)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// FuzzDecode reads any bytes as what a replica keeps in notes in its store and in files
// beside it. A note that is refused is refused as damaged, and what is read is the same
// when it is written and read again.
func FuzzDecode(f *testing.F) {
	for i, form := range forms {
		for _, seed := range append(form.seeds, "null", "{}", "[null]", "") {
			f.Add(byte(i), []byte(seed))
		}
	}
	o := Options{Path: f.TempDir() + "/live"}
	if err := os.Mkdir(o.backupDir(), 0o700); err != nil {
		f.Fatal(err)
	}
	db, err := store.Open(f.Context(), memstore.New(), "db", &items.Schema, store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	r := &Replica{o: o}
	f.Fuzz(func(t *testing.T, i byte, b []byte) {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			form := &forms[int(i)%len(forms)]
			if err := form.write(&o, tx, b); err != nil {
				t.Fatal(err)
			}
			if err := form.again(r, tx); err != nil {
				if form.note != "" && !errors.Is(err, store.ErrCorrupt) {
					t.Error(err)
				}
				return nil
			}
			first := form.read(t, &o, tx)
			if err := form.again(r, tx); err != nil {
				t.Fatal(err)
			}
			if second := form.read(t, &o, tx); !bytes.Equal(first, second) {
				t.Errorf("%s became %s", first, second)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// rewrite is writeJSON for content that need not last.
func rewrite(path string, v any) error {
	text, err := json.Marshal(v)
	return errors.Join(err, os.WriteFile(path, text, 0o600))
}

func (f *form) write(o *Options, tx *store.Tx, b []byte) error {
	if f.note != "" {
		return tx.SetMeta(f.note, b)
	}
	return os.WriteFile(f.file(o), b, 0o600)
}

func (f *form) read(t *testing.T, o *Options, tx *store.Tx) (b []byte) {
	var err error
	if f.note != "" {
		b, err = tx.Meta(f.note)
	} else {
		b, err = os.ReadFile(f.file(o))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Text that says nothing is no record: without its step, its id or its report a reset
// would go on from anywhere.
func TestRecordsThatSayNothing(t *testing.T) {
	o := Options{Path: t.TempDir() + "/live"}
	r := &Replica{o: o}
	for _, text := range []string{"null", "{}", `{"id":"0123456789abcdef"}`, `{"id":"0123456789abcdef","step":"on"}`, `{"step":"downloaded"}`, encoded(outcome{})} {
		if err := errors.Join(os.WriteFile(o.pendingFile(), []byte(text), 0o600), os.WriteFile(o.outcomeFile(), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		if p, err := readPending(&o); err == nil || !strings.Contains(err.Error(), o.pendingFile()) {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
		if done, err := r.readOutcome(); err == nil || !strings.Contains(err.Error(), o.outcomeFile()) {
			t.Errorf("%s: %+v, %v", text, done, err)
		}
	}
}
