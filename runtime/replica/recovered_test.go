package replica_test

import (
	"errors"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// A backup is not settled before what was recovered from it was sent, be it that the
// object is written again meanwhile.
func TestWrittenAgainBeforeItWasSent(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("", 2))
		backend.Reset("", remote.Operator)
		a.must(a.Download(t.Context())) // which starts over, and sends nothing
		a.set("x", write("", 4))
		a.must(a.Download(t.Context()))
		b := a.backups(1)[0]
		if b.Settled {
			t.Errorf("nothing was sent: %+v", b)
		}
		time.Sleep(time.Second)
		a.must(a.Restore(t.Context(), b))
		syncAll(a)
		a.has("x", "base", 3)
		if v := backend.Get(itemModel, key("x")).Field("count").Value.Int(); v != 3 {
			t.Errorf("the backend has %d", v)
		}
	})
}

// Nor while the backend refuses it.
func TestWrittenAgainAndRefused(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("", 2))
		a.must(a.ResetNow(t.Context()))
		backend.Refuse(func(string, *model.Patch) error { return errors.New("no") })
		a.must(a.Start())
		for range 2 {
			if err := a.WaitForUpload(t.Context()); err == nil {
				t.Error("it was not refused")
			}
			time.Sleep(time.Hour)
			if b := a.backups(1)[0]; b.Settled {
				t.Errorf("nothing of it has arrived: %+v", b)
			}
			a.set("x", write("", 4))
		}
		backend.Refuse(nil)
		syncAll(a)
		if b := a.backups(1)[0]; !b.Settled || b.TakenBack {
			t.Errorf("all of it has arrived: %+v", b)
		}
	})
}

// What was taken back before it was sent never reached the backend: where such a backup
// is restored, it is merged and sent again.
func TestRestoreOfWhatWasTakenBack(t *testing.T) {
	for name, do := range map[string]func(a *device){
		"discarded": func(a *device) { a.must(a.Discard(a.t.Context(), itemModel, key("x"))) },
		"set back":  func(a *device) { a.set("x", func(f *items.FieldItemRecord) { f.SetText("base"); f.AddCount(-2) }) },
		"deleted":   func(a *device) { a.delete("new") },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				syncAll(a, b)
				changed := "x"
				if name == "deleted" {
					changed = "new"
				}
				a.set(changed, write("mine", 2))
				a.must(a.ResetNow(t.Context()))
				do(a)
				syncAll(a, b)
				a.begin() // so that it has noted what there is to note
				a.Pause()
				a.clean()
				with := a.backups(1)[0]
				if !with.Settled || !with.TakenBack {
					t.Errorf("%+v", with)
				}
				time.Sleep(time.Second)
				a.must(a.Restore(t.Context(), with))
				syncAll(a, b, a)
				a.clean()
				v, _ := b.get(changed)
				if v.Text != "mine" || a.content() != b.content() {
					t.Errorf("after the restore one has\n%s\nand the other\n%s", a.content(), b.content())
				}
			})
		})
	}
}

// What was undone while it was on its way was taken back if it had not arrived.
func TestTakenBackWhileItWasSent(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			kind := memremote.LoseCall
			if arrived {
				kind = memremote.LoseAnswer
			}
			a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("", 2))
			a.must(a.ResetNow(t.Context()))
			backend.Inject(memremote.Fault{Call: memremote.Push, Kind: kind})
			if err := a.Upload(t.Context()); !errors.Is(err, memremote.ErrConnection) {
				t.Fatal(err)
			}
			a.set("x", write("", -2))
			syncAll(a, b)
			a.has("x", "base", 1)
			with := a.backups(1)[0]
			if !with.Settled || with.TakenBack == arrived {
				t.Errorf("arrived %v: %+v", arrived, with)
			}
			time.Sleep(time.Second)
			a.must(a.Restore(t.Context(), with))
			syncAll(a, b)
			if a.content() != b.content() {
				t.Errorf("arrived %v: one has\n%s\nand the other\n%s", arrived, a.content(), b.content())
			}
		})
	}
}

// What a second reset carries on from a first one is settled with it.
func TestTakenBackBeforeTheNextReset(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		a.set("new", write("mine", 2))
		a.must(a.ResetNow(t.Context()))
		a.delete("new")
		time.Sleep(time.Second)
		a.must(a.ResetNow(t.Context()))
		for _, b := range a.backups(2) {
			if b.Settled {
				t.Errorf("nothing was sent: %+v", b)
			}
		}
		syncAll(a)
		if all := a.backups(2); !all[0].Settled || !all[0].TakenBack || !all[1].Settled {
			t.Errorf("%+v\n%+v", all[0], all[1])
		}
	})
}
