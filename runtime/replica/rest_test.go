package replica_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// kept reads the report that lies beside a backup, with what it does not list.
func (d *device) kept(b *replica.Backup) (report replica.Report, keys []string) {
	d.t.Helper()
	text, err := os.ReadFile(b.ReportPath)
	d.must(err)
	d.must(json.Unmarshal(text, &report))
	for _, o := range report.Objects {
		keys = append(keys, o.Key.Text())
	}
	if report.RestFile == "" {
		return report, keys
	}
	file, err := os.Open(report.RestFile)
	d.must(err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var o reconcile.Object
		d.must(json.Unmarshal(lines.Bytes(), &o))
		if o.Outcome != merge.Dropped {
			d.t.Errorf("%+v", o)
		}
		keys = append(keys, o.Key.Text())
	}
	return report, keys
}

// However many objects there are, each is named beside the backup, wherever the process
// was killed; the file goes with the backup.
func TestReportOfManyObjects(t *testing.T) {
	const many = 10_003
	want := make([]string, many)
	for i := range want {
		want[i] = fmt.Sprintf("%05d", i)
	}
	for _, at := range []string{"", "step closed", afterCommit, "step reconciled", "step swapped"} {
		t.Run(at, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				var c crasher
				a := newDevice(t, backend, func(o *replica.Options) {
					o.Strategy = reconcile.Discard
					c.wire(o)
				})
				a.set("x", write("base", 1))
				syncAll(a)
				a.must(a.Update(t.Context(), func(tx *store.Tx) error {
					for _, id := range want {
						if err := put(tx, id, write("mine", 1)); err != nil {
							return err
						}
					}
					return nil
				}))
				backend.Reset(a.client(), remote.Operator)
				told := a.options.OnStep
				a.options.OnStep = func(s replica.Step) {
					switch {
					case at == "step "+string(s):
						c.arm(1)
					case at == afterCommit && s == replica.Closed:
						c.arm(3) // this step is the first moment
					}
					told(s)
				}
				a.reopen(nil)
				a.begin()
				if c.where() != at {
					t.Fatalf("it crashed %q", c.where())
				}
				a.Close()
				c.arm(0)
				a.options.OnStep = told
				a.open()
				syncAll(a)
				b := a.backups(1)[0]
				report, keys := a.kept(b)
				if !slices.Equal(keys, want) || report.Total != many || report.Rest != many-len(report.Objects) {
					t.Errorf("%d objects are named, %d of them beyond %d", len(keys), report.Rest, len(report.Objects))
				}
				if done := a.report(); done.RestFile != report.RestFile || filepath.Dir(done.RestFile) != filepath.Dir(b.Path) {
					t.Errorf("After is told that they are in %q, and they are in %q", done.RestFile, report.RestFile)
				}
				if _, err := os.Stat(a.options.Path + ".reset-objects"); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("it leaves the file beside the live store: %v", err)
				}
				a.must(a.RemoveBackup(t.Context(), b, true))
				if left, err := os.ReadDir(filepath.Dir(b.Path)); err != nil || len(left) > 0 {
					t.Errorf("of the backup is left %v, %v", left, err)
				}
			})
		})
	}
}

// The report names the files as they are called when somebody reads it.
func TestReportNamesFiles(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var after []string
		a := newDevice(t, backend, func(o *replica.Options) {
			told := o.After
			o.After = func(ctx context.Context, done *replica.Recovery) error {
				var text strings.Builder
				if err := done.Report.WriteText(&text); err != nil {
					return err
				}
				after = append(after, text.String())
				return told(ctx, done)
			}
		})
		a.set("x", write("base", 1))
		syncAll(a)
		preview, err := a.Preview(t.Context())
		if err != nil || preview.Backup != a.options.Path || preview.Fresh != a.options.Path+".preview" {
			t.Errorf("the preview compares %q with %q: %v", preview.Backup, preview.Fresh, err)
		}
		a.set("x", write("mine", 2))
		a.must(a.ResetNow(t.Context()))
		b := a.backups(1)[0]
		kept, _ := a.kept(b)
		for _, r := range []*replica.Report{a.report(), &kept} {
			if r.Backup != b.Path || r.Fresh != a.options.Path || r.Restored != "" {
				t.Errorf("it reconciled %q with %q", r.Backup, r.Fresh)
			}
		}
		if !strings.HasPrefix(after[0], "Reconciled the backup "+b.Path+" with "+a.options.Path+" (") {
			t.Errorf("it says %s", after[0])
		}

		time.Sleep(time.Second)
		a.set("y", write("mine", 1))
		a.must(a.Restore(t.Context(), b))
		aside := a.backups(2)[1]
		kept, _ = a.kept(aside)
		for _, r := range []*replica.Report{a.reports[1], &kept} {
			if r.Backup != aside.Path || r.Fresh != a.options.Path || r.Restored != b.Path || r.Total != 2 || r.Unlisted {
				t.Errorf("restored: %+v", r)
			}
		}
		want := "Nothing was reconciled: a copy of the backup " + b.Path + " is the live store " + a.options.Path + " now. The store that was there was put aside as " + aside.Path + ", with unsynced changes of 2 objects.\n"
		if after[1] != want {
			t.Errorf("it says %q, want %q", after[1], want)
		}
	})
}
