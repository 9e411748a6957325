package replica_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	inspect "github.com/resetgen/resetgen/testdata/golden/finding"
)

// An app opens a replica, writes whether it is online or not, and is brought
// through a client reset with what it wrote.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "replica")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend := memremote.New(memremote.Options{}) // your backend, by its remote.Remote

	r, err := replica.Open(ctx, replica.Options{
		Driver: memstore.New(), // or sqlitestore.Driver{Name: "sqlite"}
		Path:   filepath.Join(dir, "app.db"),
		Schema: &inspect.Schema,
		Remote: backend,
		After: func(_ context.Context, done *replica.Recovery) error {
			fmt.Printf("start over: %s; to upload %d, failed %d\n", done.Saved.Reason, done.Report.Unsynced, done.Report.Failed)
			return nil
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	write := func(do func(f *inspect.FindingRecord)) {
		err := r.Update(ctx, func(tx *store.Tx) error {
			f, err := inspect.FindingRecords.Get(tx, "f-17")
			if err != nil {
				if f, err = inspect.FindingRecords.New(tx, "f-17"); err != nil {
					return err
				}
			}
			do(f)
			return inspect.FindingRecords.Put(tx, f)
		})
		if err != nil {
			log.Fatal(err)
		}
	}

	// Online: what is written is uploaded.
	write(func(f *inspect.FindingRecord) { f.SetTitle("crack"); f.AddVisits(1) })
	if err := r.Start(); err != nil {
		log.Fatal(err)
	}
	if err := r.WaitForUpload(ctx); err != nil {
		log.Fatal(err)
	}

	// Offline, while the backend is put back and wants everybody to start over.
	r.Pause()
	write(func(f *inspect.FindingRecord) { f.SetTitle("cracked beam"); f.AddVisits(1) })
	backend.Reset("", remote.Operator)

	// Online again.
	if err := r.Start(); err != nil {
		log.Fatal(err)
	}
	if err := r.WaitForUpload(ctx); err != nil {
		log.Fatal(err)
	}
	if err := r.WaitForDownload(ctx); err != nil { // another round: what the first has to note is noted
		log.Fatal(err)
	}
	for _, o := range backend.All() {
		fmt.Println(o.Key, o.Field("title").Value, o.Field("visits").Value)
	}
	backups, err := r.Backups(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(backups), "backup, settled:", backups[0].Settled)
	// Output:
	// start over: asked by operator; to upload 1, failed 0
	// "f-17" "cracked beam" 2
	// 1 backup, settled: true
}
