package replica_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

func TestTransfers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{SnapshotPage: 2, Page: 2})
		a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 2 })
		type told struct{ always, once []replica.Transfer }
		var up, down told
		listen := func(into *[]replica.Transfer) func(replica.Transfer) {
			return func(tr replica.Transfer) { *into = append(*into, tr) }
		}
		stops := []func(){
			a.OnUpload(replica.Indefinitely, listen(&up.always)), a.OnUpload(replica.CurrentOnly, listen(&up.once)),
			a.OnDownload(replica.Indefinitely, listen(&down.always)), a.OnDownload(replica.CurrentOnly, listen(&down.once)),
		}
		complete := func(all []replica.Transfer) (n int) {
			for _, tr := range all {
				if tr.TransferComplete() {
					n++
					if tr.Objects != tr.Total {
						t.Errorf("complete: %+v", tr)
					}
				}
			}
			return n
		}
		for i, id := range []string{"a", "b", "c", "d", "e"} {
			a.set(id, write(id, int64(i)+1))
		}
		a.begin()
		a.Pause()
		if last := up.always[len(up.always)-1]; complete(up.always) != 1 || last != (replica.Transfer{Objects: 5, Total: 5, Complete: true}) {
			t.Errorf("told of uploads %+v", up.always)
		}
		backend.Set(itemModel, key("z"), 1)
		a.set("a", write("again", 0))
		a.begin()
		a.Pause()
		if complete(up.always) != 2 || complete(up.once) != 1 || !up.once[len(up.once)-1].Complete {
			t.Errorf("told of uploads %+v, once %+v", up.always, up.once)
		}
		backend.Reset("", remote.Operator)
		before := complete(down.always)
		a.begin()
		a.Pause()
		if complete(down.always) <= before || complete(down.once) != 1 {
			t.Errorf("told of downloads %+v, once %+v", down.always, down.once)
		}
		for _, stop := range stops {
			stop()
			stop() // does nothing
		}
		seen := slices.Clone(up.always)
		a.set("a", write("more", 0))
		a.begin()
		if !slices.Equal(seen, up.always) {
			t.Error("told after it was stopped")
		}
	})
}

// That a transfer is complete is told also to those who are slow, each time.
func TestSlowListener(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		goOn := make(chan struct{})
		complete := 0
		defer a.OnUpload(replica.Indefinitely, func(tr replica.Transfer) {
			<-goOn
			if tr.Complete {
				complete++
			}
		})()
		for range 5 {
			a.set("x", write("", 1))
			syncAll(a)
		}
		close(goOn)
		synctest.Wait()
		if complete != 5 {
			t.Errorf("told of %d complete uploads of 5", complete)
		}
	})
}

// slow is a backend each of whose calls and pages takes a second, so that every step is
// told, and a device whose chunks are of two objects.
func slow(t *testing.T, do func(t *testing.T, a *device, backend *memremote.Backend)) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{SnapshotPage: 2, Page: 2, Latency: func(string, memremote.Call) time.Duration { return time.Second }})
		a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 2 })
		do(t, a, backend)
	})
}

// quiet lets every listener hear what there is to tell.
func quiet() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func five(do func(id string)) {
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		do(id)
	}
}

// told checks what a listener was told. That the last object has arrived and that the
// transfer is complete may be told in one.
func told(t *testing.T, what string, got []replica.Transfer, want ...replica.Transfer) {
	t.Helper()
	got = slices.Clone(got)
	for i := len(got) - 1; i > 0; i-- {
		if got[i].Complete && got[i-1] == (replica.Transfer{Objects: got[i].Objects, Total: got[i].Total}) {
			got = slices.Delete(got, i-1, i)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: told of\n%+v, want\n%+v", what, got, want)
	}
}

// An upload that fails is not complete. The next one begins at none, and is the one
// that those who listen to one only are told of to its end.
func TestTransferFails(t *testing.T) {
	slow(t, func(t *testing.T, a *device, backend *memremote.Backend) {
		syncAll(a)
		five(func(id string) { a.set(id, write(id, 1)) })
		var always, once []replica.Transfer
		defer a.OnUpload(replica.Indefinitely, func(tr replica.Transfer) { always = append(always, tr) })()
		defer a.OnUpload(replica.CurrentOnly, func(tr replica.Transfer) { once = append(once, tr) })()
		backend.Inject(memremote.Fault{Call: memremote.Push, After: 1})
		if err := a.Upload(t.Context()); !errors.Is(err, memremote.ErrConnection) {
			t.Fatal(err)
		}
		quiet()
		failed := []replica.Transfer{{Total: 5}, {Objects: 2, Total: 5}}
		told(t, "failed", always, failed...)
		told(t, "failed, once", once, failed...)
		a.must(a.Upload(t.Context())) // the two that arrived are settled
		quiet()
		all := append(failed, replica.Transfer{Total: 3}, replica.Transfer{Objects: 2, Total: 3},
			replica.Transfer{Objects: 3, Total: 3, Complete: true})
		told(t, "again", always, all...)
		told(t, "again, once", once, all...)
		a.set("a", write("more", 1))
		a.must(a.Upload(t.Context()))
		quiet()
		told(t, "another", always, append(all, replica.Transfer{Total: 1}, replica.Transfer{Objects: 1, Total: 1, Complete: true})...)
		told(t, "another, once", once, all...)
	})
}

// Who begins to listen in the middle is told the rest; who stops is told no more.
func TestListenInTheMiddle(t *testing.T) {
	slow(t, func(t *testing.T, a *device, backend *memremote.Backend) {
		syncAll(a)
		five(func(id string) { a.set(id, write(id, 1)) })
		var stopped, late []replica.Transfer
		steps := make(chan replica.Transfer, 10)
		stop := a.OnUpload(replica.Indefinitely, func(tr replica.Transfer) { steps <- tr })
		uploaded := make(chan error, 1)
		go func() { uploaded <- a.Upload(t.Context()) }()
		stopped = append(stopped, <-steps, <-steps)
		stop()
		defer a.OnUpload(replica.CurrentOnly, func(tr replica.Transfer) { late = append(late, tr) })()
		a.must(<-uploaded)
		quiet()
		told(t, "stopped", stopped, replica.Transfer{Total: 5}, replica.Transfer{Objects: 2, Total: 5})
		if len(steps) > 0 {
			t.Errorf("told of %+v after it was stopped", <-steps)
		}
		told(t, "late", late, replica.Transfer{Objects: 4, Total: 5}, replica.Transfer{Objects: 5, Total: 5, Complete: true})
		a.set("a", write("more", 1))
		a.must(a.Upload(t.Context()))
		quiet()
		told(t, "stopped", stopped, replica.Transfer{Total: 5}, replica.Transfer{Objects: 2, Total: 5})
		if len(steps) > 0 {
			t.Errorf("told of %+v after it was stopped", <-steps)
		}
		told(t, "late", late, replica.Transfer{Objects: 4, Total: 5}, replica.Transfer{Objects: 5, Total: 5, Complete: true})
	})
}

// A download that is interrupted goes on where it was, and never goes back.
func TestDownloadProgress(t *testing.T) {
	slow(t, func(t *testing.T, a *device, backend *memremote.Backend) {
		five(func(id string) {
			backend.Set(itemModel, key(id), 1, model.Named{Name: "text", Value: model.StringValue(id)})
		})
		var down []replica.Transfer
		defer a.OnDownload(replica.Indefinitely, func(tr replica.Transfer) { down = append(down, tr) })()
		backend.Inject(memremote.Fault{Call: memremote.Snapshot, After: 2})
		if err := a.Download(t.Context()); !errors.Is(err, memremote.ErrConnection) {
			t.Fatal(err)
		}
		quiet()
		told(t, "interrupted", down, replica.Transfer{Objects: 4, Total: 5})
		a.must(a.Download(t.Context()))
		quiet()
		told(t, "gone on", down[:1], replica.Transfer{Objects: 4, Total: 5})
		if last := down[len(down)-1]; last != (replica.Transfer{Objects: 5, Total: 5, Complete: true}) {
			t.Errorf("in the end it is told of %+v", last)
		}
		for i := 1; i < len(down); i++ {
			if down[i].Objects < down[i-1].Objects || down[i-1].Complete {
				t.Errorf("told of %+v after %+v", down[i], down[i-1])
			}
		}
		five(a.delete)
		told(t, "nobody asked", down[len(down)-1:], replica.Transfer{Objects: 5, Total: 5, Complete: true})
		backend.Set(itemModel, key("z"), 2)
		down = nil
		a.must(a.Download(t.Context()))
		quiet()
		if len(down) == 0 || down[len(down)-1] != (replica.Transfer{Objects: 1, Total: 1, Complete: true}) {
			t.Errorf("the next one tells of %+v", down)
		}
	})
}

// A transfer is complete when all of it is settled: not when something of it was
// refused, or has to be sent again.
func TestTransferOfWhatIsNotTaken(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		refuses := true
		backend.Refuse(func(_ string, p *model.Patch) error {
			if refuses && p.Key.Text() == "refused" {
				return errors.New("not now")
			}
			return nil
		})
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a, b)
		var up []replica.Transfer
		defer a.OnUpload(replica.Indefinitely, func(tr replica.Transfer) { up = append(up, tr) })()
		var once []replica.Transfer
		defer a.OnUpload(replica.CurrentOnly, func(tr replica.Transfer) { once = append(once, tr) })()
		a.set("refused", write("mine", 1))
		a.begin()
		if slices.ContainsFunc(up, replica.Transfer.TransferComplete) || len(up) == 0 {
			t.Errorf("refused, and told of %+v", up)
		}
		a.Pause()
		b.set("x", write("theirs", 2))
		syncAll(b)
		a.set("x", write("mine", 4))
		up = nil
		a.must(a.Upload(t.Context())) // which meets a conflict, for it has not pulled
		synctest.Wait()
		var complete []int
		for i, tr := range up {
			if tr.Complete {
				complete = append(complete, i)
			}
		}
		if !slices.Equal(complete, []int{len(up) - 1}) {
			t.Errorf("in conflict, and told of %+v", up)
		}
		seen := len(once)
		refuses = false
		a.must(a.Retry(t.Context(), itemModel, key("refused")))
		a.must(a.Upload(t.Context()))
		synctest.Wait()
		if last := up[len(up)-1]; !last.Complete {
			t.Errorf("retried, and told of %+v", up)
		}
		if len(once) != seen || !once[len(once)-1].Complete {
			t.Errorf("told once of %+v", once)
		}
	})
}

// A preview downloads too, but that is nothing to tell.
func TestTransferOfPreview(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		told := 0
		defer a.OnDownload(replica.CurrentOnly, func(replica.Transfer) { told++ })()
		if _, err := a.Preview(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if told > 0 {
			t.Errorf("told %d times", told)
		}
		a.must(a.ResetNow(t.Context()))
		synctest.Wait()
		if told == 0 {
			t.Error("never told of the fresh copy of a reset")
		}
	})
}
