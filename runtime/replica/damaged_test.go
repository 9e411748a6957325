package replica_test

import (
	"errors"
	"os"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

// A manifest that the disk has damaged is in nobody's way but its own backup's.
func TestDamagedManifest(t *testing.T) {
	for what, text := range map[string]string{"cut short": "{", "not of this kind": `{"path": 1}`, "empty": ""} {
		t.Run(what, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				resets(a, 1)
				syncAll(a)
				a.set("x", write("mine", 2))
				a.must(a.ResetNow(t.Context()))
				damaged := a.backups(2)[1].Path
				a.must(os.WriteFile(damaged+".json", []byte(text), 0o600))
				syncAll(a)
				a.begin()
				a.state(replica.Idle)
				all, err := a.Backups(t.Context())
				a.must(err)
				var b *replica.Backup
				for _, one := range all {
					if one.Path == damaged {
						b = one
					}
				}
				if len(all) != 2 || b == nil || b.Pinned == "" {
					t.Fatalf("the backups are %+v", all)
				}
				if removed, err := a.Prune(t.Context(), replica.Retention{}); err != nil || len(removed) != 1 || removed[0].Path == damaged {
					t.Errorf("pruned %+v, %v", removed, err)
				}
				if err := a.RemoveBackup(t.Context(), b, false); !errors.Is(err, replica.ErrBackupNeeded) {
					t.Errorf("removing it: %v", err)
				}
				if err := a.Restore(t.Context(), b); err == nil {
					t.Error("it was restored")
				}
				a.must(a.RemoveBackup(t.Context(), b, true))
				a.backups(0)
				if _, err := a.disk.Checksum(t.Context(), damaged); err == nil {
					t.Error("it is still there")
				}
			})
		})
	}
}
