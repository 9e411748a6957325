// Command tour is the tour of the README as a program: an app writes, is offline
// while others write too, and is brought through a client reset.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/resetgen/resetgen/example/tour/inspect"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

func main() {
	dir, err := os.MkdirTemp("", "tour")
	if err == nil {
		err = errors.Join(tour(context.Background(), dir), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func tour(ctx context.Context, dir string) error {
	backend := memremote.New(memremote.Options{}) // in the app: your backend, by the methods of remote.Remote

	// Open. A replica is a store that is kept in sync.
	r, err := replica.Open(ctx, replica.Options{
		Driver: sqlitestore.Driver{Name: "sqlite"},
		Path:   filepath.Join(dir, "app.db"),
		Schema: &inspect.Schema,
		Remote: backend,
		After: func(ctx context.Context, done *replica.Recovery) error {
			return done.Report.WriteText(os.Stdout)
		},
	})
	if err != nil {
		return err
	}
	defer r.Close()

	// Write. What is new is made by New, what is there is read by Get.
	err = r.Update(ctx, func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.New(tx, "f-17")
		if err != nil {
			return err
		}
		f.SetTitle("crack")
		f.SetSeverity(2)
		f.AddTags("beam")
		return inspect.FindingRecords.Put(tx, f)
	})
	if err != nil {
		return err
	}

	// Sync.
	if err := r.Start(); err != nil { // a session; it does not wait for a connection
		return err
	}
	if err := r.WaitForUpload(ctx); err != nil {
		return err
	}

	// Offline, the app goes on writing.
	r.Pause()
	err = r.Update(ctx, func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.Get(tx, "f-17") // errors.Is(err, store.ErrNotFound) if it is not there
		if err != nil {
			return err
		}
		f.SetTitle("cracked beam")
		f.SetSeverity(3)
		f.AddTags("urgent")
		f.AddVisits(1)
		return inspect.FindingRecords.Put(tx, f)
	})
	if err != nil {
		return err
	}

	// Meanwhile the office edits the same finding, and the backend says "start over".
	if err := office(ctx, dir, backend); err != nil {
		return err
	}
	backend.Reset("", remote.Operator) // "": every client

	// Online again: the client reset is one step of syncing.
	if err := r.Start(); err != nil {
		return err
	}
	if err := r.WaitForUpload(ctx); err != nil {
		return err
	}
	return errors.Join(show(ctx, r), backups(ctx, r))
}

// office is another device, which knows the finding and changes it.
func office(ctx context.Context, dir string, backend remote.Remote) error {
	r, err := replica.Open(ctx, replica.Options{
		Driver: sqlitestore.Driver{Name: "sqlite"}, Path: filepath.Join(dir, "office.db"),
		Schema: &inspect.Schema, Remote: backend,
	})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Download(ctx); err != nil {
		return err
	}
	err = r.Update(ctx, func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.Get(tx, "f-17")
		if err != nil {
			return err
		}
		f.SetTitle("crack (photo)")
		f.SetSeverity(4)
		f.AddTags("north")
		f.AddVisits(2)
		return inspect.FindingRecords.Put(tx, f)
	})
	if err != nil {
		return err
	}
	return r.Upload(ctx)
}

// show prints the findings that are severe.
func show(ctx context.Context, r *replica.Replica) error {
	return r.View(ctx, func(tx *store.Tx) error {
		for f, err := range inspect.FindingRecords.Query(tx, `severity > ?`, 2) {
			if err != nil {
				return err
			}
			fmt.Printf("\n%s: %q, severity %d, %v, %d visits\n", f.ID(), f.Title(), f.Severity(), f.Tags(), f.Visits())
		}
		return nil
	})
}

// backups lists the stores that client resets have put aside.
func backups(ctx context.Context, r *replica.Replica) error {
	if err := r.WaitForDownload(ctx); err != nil { // one more round, in which it is noted what has arrived
		return err
	}
	all, err := r.Backups(ctx)
	if err != nil {
		return err
	}
	for _, b := range all {
		fmt.Printf("backup: %s, %d unsynced, settled %v\n", b.Reason, b.Total, b.Settled)
		if err := r.Verify(ctx, b); err != nil { // its checksum
			return err
		}
	}
	return nil
}
