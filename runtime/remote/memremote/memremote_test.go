package memremote_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/remote/remotetest"
)

func TestRemote(t *testing.T) {
	for name, o := range map[string]memremote.Options{
		"one page":    {},
		"small pages": {Page: 3, SnapshotPage: 4},
		"single":      {Page: 1, SnapshotPage: 1},
	} {
		t.Run(name, func(t *testing.T) {
			remotetest.Run(t, func(testing.TB) remotetest.Harness { return harness(o) })
		})
	}
}

func harness(o memremote.Options) remotetest.Harness {
	b := memremote.New(o)
	return remotetest.Harness{
		Remote:    b,
		Reconnect: func(testing.TB) remote.Remote { return b },
		Put:       func(_ testing.TB, objects ...remote.Object) { b.Put(objects...) },
		Refuse: func(_ testing.TB, check func(string, *model.Patch) error) {
			b.Refuse(check)
		},
		Trim:     map[string]func(testing.TB){"trimmed": func(testing.TB) { b.Trim(b.Position()) }},
		Recreate: func(_ testing.TB, objects ...remote.Object) { b.Recreate(objects...) },
		Save: func(testing.TB) func(testing.TB) {
			saved := b.Save()
			return func(testing.TB) { b.Restore(saved) }
		},
		Reset: func(_ testing.TB, client string, reason remote.Reason) { b.Reset(client, reason) },
		Disturb: map[string]func(testing.TB){"offline for a while": func(testing.TB) {
			b.Offline("")
			b.Online("")
		}},
	}
}
