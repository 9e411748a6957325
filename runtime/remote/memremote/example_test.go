package memremote_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

// A push is carried out, but its acknowledgement is lost; then the backend is
// restored from a backup that is older than both.
func Example() {
	ctx := context.Background()
	backend := memremote.New(memremote.Options{})
	night := backend.Save()

	visit := model.Patch{Model: "visit", Key: model.StringValue("v-1"), Change: model.Created, Stamp: 1,
		Fields: []model.PatchField{{Name: "place", Value: model.StringValue("bridge 4"), Stamp: 1}}}
	chunk := &model.Chunk{Cut: model.Cut{Client: "phone", N: 1, Nonce: "4c1f", Size: 1000}, Patches: []model.Patch{visit}}

	backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.LoseAnswer})
	_, err := backend.Push(ctx, chunk)
	fmt.Println("lost:", errors.Is(err, memremote.ErrConnection), "and left to happen:", len(backend.Pending()))

	// The client asks what became of it, under a new epoch.
	mark, err := backend.Settle(ctx, "phone", 1)
	fmt.Println("chunks done:", mark.Done, err)

	var cursor remote.Cursor
	for page, err := range backend.Pull(ctx, "phone", cursor) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, o := range page.Objects {
			fmt.Println("pulled:", o.Model, o.Key, o.Field("place").Value)
		}
		cursor = page.Cursor
	}

	backend.Restore(night)
	for _, err := range backend.Pull(ctx, "phone", cursor) {
		fmt.Println(err)
	}
	// Output:
	// lost: true and left to happen: 0
	// chunks done: 1 <nil>
	// pulled: visit "v-1" "bridge 4"
	// client reset: restored: the cursor stands at 1, and the history ends at 0
}
