package memremote_test

import (
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

// What a sync of 100,000 objects costs the backend.
func BenchmarkBackend(b *testing.B) {
	const objects, size = 100_000, 1000
	var chunks []*model.Chunk
	for first := 0; first < objects; first += size {
		c := &model.Chunk{Cut: model.Cut{Client: "a", N: 1, Nonce: "x", Size: size}, Index: first / size}
		for i := range size {
			c.Patches = append(c.Patches, model.Patch{Model: "note", Key: model.StringValue(fmt.Sprintf("key-%06d", first+i)), Change: model.Created, Stamp: 1,
				Fields: []model.PatchField{
					{Name: "title", Value: model.StringValue("title"), Stamp: 1}, {Name: "text", Value: model.StringValue("text"), Stamp: 1},
					{Name: "count", Value: model.IntValue(1), Stamp: 1}, {Name: "done", Value: model.BoolValue(true), Stamp: 1}}})
		}
		chunks = append(chunks, c)
	}
	push := func(b *testing.B) *memremote.Backend {
		backend := memremote.New(memremote.Options{})
		for _, c := range chunks {
			if _, err := backend.Push(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
		return backend
	}
	b.Run("map", func(b *testing.B) { // the least there is to do
		type ref struct {
			model string
			key   model.Value
		}
		for b.Loop() {
			m := map[ref]*remote.Object{}
			for _, c := range chunks {
				for i := range c.Patches {
					p := &c.Patches[i]
					o := &remote.Object{Model: p.Model, Key: p.Key, Fields: make([]remote.Field, len(p.Fields))}
					m[ref{p.Model, p.Key}] = o
				}
			}
		}
	})
	b.Run("push", func(b *testing.B) {
		for b.Loop() {
			push(b)
		}
	})
	backend := push(b)
	b.Run("pull", func(b *testing.B) {
		for b.Loop() {
			if _, n, err := follow(b, backend, "b", ""); n != objects || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for page, err := range backend.Snapshot(b.Context(), "b", remote.Resume{}) {
				if err != nil {
					b.Fatal(err)
				}
				n += len(page.Objects)
			}
			if n != objects {
				b.Fatal(n)
			}
		}
	})
}
