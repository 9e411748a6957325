package replica_test

import (
	"slices"
	"testing"
	"testing/synctest"

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
