package replica_test

import (
	"errors"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// What is unsynced of a model that this version of the app lacks is not sent: those who
// wait are told, and a version that has the model sends it.
func TestUnsyncedOfAModelThatIsGone(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.must(a.Update(t.Context(), func(tx *store.Tx) error {
			return items.ObjectItemRecords.Replace(tx, &items.ObjectItem{ID: "o", Text: "mine"})
		}))
		var old store.Schema
		old.Add(records.Model())
		a.reopen(func(o *replica.Options) { o.Schema = &old })
		a.set("x", write("mine", 1))
		a.must(a.Start())
		var refused *replica.RefusedError
		if err := a.WaitForUpload(t.Context()); !errors.As(err, &refused) || len(refused.Refusals) != 1 || refused.Refusals[0].Key != key("o") {
			t.Errorf("waiting for upload: %v", err)
		}
		all, err := a.Refused(t.Context())
		if err != nil || len(all) != 1 || all[0].Model != "object_item" || all[0].Reason == "" {
			t.Errorf("refused: %+v, %v", all, err)
		}
		a.reopen(func(o *replica.Options) { o.Schema = &items.Schema })
		syncAll(a)
		a.clean()
		if backend.Get("object_item", key("o")) == nil {
			t.Error("it has not arrived")
		}
	})
}
