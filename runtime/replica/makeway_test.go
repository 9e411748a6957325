package replica_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/options"
)

func nameSite(d *device, id, name string) {
	d.t.Helper()
	d.must(d.Update(d.t.Context(), func(tx *store.Tx) error {
		r, err := options.SiteRecords.Get(tx, id)
		if err != nil {
			return err
		}
		r.SetName(name)
		return options.SiteRecords.Put(tx, r)
	}))
}

func deleteSite(d *device, id string) {
	d.t.Helper()
	d.must(d.Update(d.t.Context(), func(tx *store.Tx) error { return options.SiteRecords.Delete(tx, id) }))
}

// clashing is a device with the sites a and b, to the first of which something else has
// given the code of the second: a fresh copy can hold only one of them.
func clashing(t *testing.T, backend *memremote.Backend, policy model.Policy) *device {
	t.Helper()
	a := siteDevice(t, backend)
	a.reopen(func(o *replica.Options) { o.Policy = policy })
	setSite(a, "a", "1")
	setSite(a, "b", "2")
	syncAll(a)
	backend.Set("place", key("a"), 1, model.Named{Name: "code", Value: model.StringValue("2")})
	return a
}

// What is unsynced is brought to an object that a fresh copy holds back: the other one
// waits in its place.
func TestResetWithAnObjectHeldBack(t *testing.T) {
	for name, policy := range map[string]model.Policy{"edits win": {}, "deletes win": model.DeletesWin} {
		for _, id := range []string{"a", "b"} {
			t.Run(fmt.Sprint(name, " ", id), func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					a := clashing(t, backend, policy)
					nameSite(a, id, "mine")
					backend.Reset("", remote.Operator)
					before, err := a.Preview(t.Context())
					a.must(err)
					syncAll(a)
					if o := backend.Get("place", key(id)); o.Field("title").Value.Text() != "mine" || o.Field("code").Value.Text() != "2" {
						t.Errorf("the backend has %+v", o)
					}
					if a.Status().HeldBack != 1 || sites(a) != id+"=2" {
						t.Errorf("here are %s, and %d are held back", sites(a), a.Status().HeldBack)
					}
					if n := a.report().Unsynced; n != 1 || before.Unsynced != 1 {
						t.Errorf("recovered are %d, and previewed %d", n, before.Unsynced)
					}
					setSite(a, id, "3")
					syncAll(a)
					if a.Status().HeldBack != 0 || len(sites(a)) != len("a=2 b=3") {
						t.Errorf("with room for both here are %s", sites(a))
					}
				})
			})
			t.Run(fmt.Sprint(name, " ", id, " deleted"), func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					a := clashing(t, backend, policy)
					if id == "a" { // what is deleted is that of which the other side changed the code
						backend.Set("place", key("a"), 2, model.Named{Name: "code", Value: model.StringValue("1")})
						backend.Set("place", key("b"), 2, model.Named{Name: "code", Value: model.StringValue("1")})
					}
					deleteSite(a, id)
					backend.Reset("", remote.Operator)
					syncAll(a)
					if o := backend.Get("place", key(id)); o != nil {
						t.Errorf("the backend has %+v", o)
					}
					if a.Status().HeldBack != 0 || len(sites(a)) != len("b=1") {
						t.Errorf("here are %s, and %d are held back", sites(a), a.Status().HeldBack)
					}
				})
			})
		}
	}
}

// Where both have unsynced changes those of one stay in the backup, and it says so.
func TestResetWithNoWayToMake(t *testing.T) {
	for name, change := range map[string]func(d *device, id string){
		"edited":  func(d *device, id string) { nameSite(d, id, "mine") },
		"deleted": deleteSite,
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := clashing(t, backend, model.DeletesWin)
				nameSite(a, "a", "mine")
				change(a, "b")
				backend.Reset("", remote.Operator)
				syncAll(a)
				rep := a.report()
				if rep.Failed != 1 || rep.Count(merge.Failed) != 1 || rep.Unsynced != 1 || rep.Total != 2 {
					t.Errorf("the report is %+v", rep)
				}
				b := a.backups(1)[0]
				if b.Pinned == "" {
					t.Errorf("the backup is %+v", b)
				}
				if err := a.RemoveBackup(t.Context(), b, false); !errors.Is(err, replica.ErrBackupNeeded) {
					t.Errorf("removing it: %v", err)
				}
			})
		})
	}
}
