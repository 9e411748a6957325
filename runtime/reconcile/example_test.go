package reconcile_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/finding"
)

// A surveyor edits a finding offline, the office edits it too, and the backend
// says "start over".
func ExamplePlan_Apply() {
	ctx := context.Background()
	disk := memstore.New() // an app uses sqlitestore.Driver{Name: "sqlite"}
	asSynced := inspect.Finding{ID: "f-17", Title: "crack", Severity: 2, Tags: []string{"beam"}, Visits: 4}

	// The surveyor's store, in sync, and then changed offline.
	backup := filled(ctx, disk, "backup.db", asSynced)
	check(backup.Update(ctx, func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.Get(tx, "f-17")
		if err != nil {
			return err
		}
		f.SetTitle("cracked beam")
		f.SetSeverity(3)
		f.AddTags("urgent")
		f.AddVisits(1)
		return inspect.FindingRecords.Put(tx, f)
	}))

	// What the backend has by now.
	fresh := filled(ctx, disk, "fresh.db",
		inspect.Finding{ID: "f-17", Title: "crack (photo)", Severity: 4, Tags: []string{"beam", "north"}, Visits: 6})

	report, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(ctx)
	check(err)
	check(report.WriteText(os.Stdout))
	check(fresh.View(ctx, func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.Get(tx, "f-17")
		if err == nil {
			fmt.Printf("\n%q, severity %d, %v, %d visits\n", f.Title(), f.Severity(), f.Tags(), f.Visits())
		}
		return err
	}))

	// Output:
	// Reconciled the backup backup.db with fresh.db (strategy recover).
	// Objects with unsynced changes: 1. Conflicts: 2. Values lost: 0. Objects to upload: 1.
	// Failed: 0. References to what is not there: 0.
	//
	// OBJECTS  OUTCOME   LOCALLY  WRITTEN TO FRESH
	// 1        conflict  updated  update
	//
	// finding "f-17": conflict (both sides changed title, severity)
	//   title (local)
	//     base    "crack"
	//     local   "cracked beam"
	//     remote  "crack (photo)"
	//     result  "cracked beam"
	//   severity (max)
	//     base    2
	//     local   3
	//     remote  4
	//     result  4
	//
	// "cracked beam", severity 4, [beam north urgent], 7 visits
}

// filled is a store that holds what the backend has.
func filled(ctx context.Context, disk *memstore.Disk, path string, f inspect.Finding) *store.Store {
	db, err := store.Open(ctx, disk, path, &inspect.Schema, store.Options{})
	check(err)
	check(db.Update(ctx, func(tx *store.Tx) error {
		if err := inspect.FindingRecords.Load(tx, &f, stamp.Stamp(1)); err != nil {
			return err
		}
		return tx.MarkSynced()
	}))
	return db
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
