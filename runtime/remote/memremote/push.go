package memremote

import (
	"context"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// Push applies a chunk. See remote.Remote.
func (b *Backend) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	return send(ctx, b, chunk.Client, Push, func() (*remote.Answer, error) { return b.push(chunk) })
}

// Settle fences a client and answers its mark. See remote.Remote. An epoch that is
// older than one that the client was fenced with is itself refused with
// remote.ErrFenced.
func (b *Backend) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	return send(ctx, b, client, Settle, func() (model.Mark, error) { return b.settle(client, epoch) })
}

func (b *Backend) push(chunk *model.Chunk) (*remote.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.content.clients[chunk.Client]
	done, err := c.turn(chunk)
	if err != nil {
		return nil, err
	}
	if done {
		return &remote.Answer{Mark: clip(c.mark), Current: b.conflicting(chunk, c.mark.Conflicts)}, nil
	}

	refused := b.refusals(chunk)
	if chunk.Index == 0 {
		c.mark = model.Mark{Client: chunk.Client, N: chunk.N, Nonce: chunk.Nonce}
	}
	c.epoch = chunk.Epoch
	c.mark.Epoch, c.mark.Done = chunk.Epoch, chunk.Index+1
	before := len(c.mark.Conflicts)
	for i := range chunk.Patches {
		p := &chunk.Patches[i]
		now := b.content.get(p.Model, p.Key)
		switch reason, no := refused[i]; {
		case no:
			c.mark.Refused = append(c.mark.Refused, model.Refusal{Model: p.Model, Key: p.Key, Reason: reason})
		case remote.Holds(now, p):
			b.content.write(remote.Patched(now, p))
		default:
			c.mark.Conflicts = append(c.mark.Conflicts, model.ObjectKey{Model: p.Model, Key: p.Key})
		}
	}
	b.content.clients[chunk.Client] = c
	b.wake()
	return &remote.Answer{Mark: clip(c.mark), Current: b.conflicting(chunk, c.mark.Conflicts[before:])}, nil
}

// turn tells whether a chunk was done before; a chunk that is neither done nor next
// is refused.
func (c *client) turn(chunk *model.Chunk) (done bool, err error) {
	sameCut := chunk.N == c.mark.N && chunk.Nonce == c.mark.Nonce
	switch {
	case chunk.Epoch < c.epoch:
		return false, fmt.Errorf("chunk %d of cut %d of client %s: epoch %d has ended, this is %d: %w",
			chunk.Index, chunk.N, chunk.Client, chunk.Epoch, c.epoch, remote.ErrFenced)
	case sameCut && chunk.N > 0 && chunk.Index >= 0 && chunk.Index <= c.mark.Done:
		return chunk.Index < c.mark.Done, nil
	case chunk.N > c.mark.N && chunk.Index == 0:
		if chunk.Previous != c.mark.Nonce || chunk.PreviousDone != c.mark.Done {
			return false, &remote.ClientResetError{Reason: remote.Restored, Detail: fmt.Sprintf("cut %d was made after something else than the backend knows of this client", chunk.N)}
		}
		return false, nil
	}
	return false, fmt.Errorf("chunk %d of cut %d (nonce %q) of client %s: %d chunks of cut %d (nonce %q) are done: %w",
		chunk.Index, chunk.N, chunk.Nonce, chunk.Client, c.mark.Done, c.mark.N, c.mark.Nonce, remote.ErrFenced)
}

// refusals asks for every object before the first is written: the function is the
// test's, and may panic.
func (b *Backend) refusals(chunk *model.Chunk) map[int]string {
	if b.refuse == nil {
		return nil
	}
	refused := map[int]string{}
	for i := range chunk.Patches {
		if err := b.refuse(chunk.Client, &chunk.Patches[i]); err != nil {
			refused[i] = err.Error()
		}
	}
	return refused
}

// conflicting lists a chunk's conflicting objects as they are now.
func (b *Backend) conflicting(chunk *model.Chunk, conflicts []model.ObjectKey) []remote.Object {
	if len(conflicts) == 0 {
		return nil
	}
	listed := make(map[ref]bool, len(conflicts))
	for _, c := range conflicts {
		listed[ref{c.Model, c.Key}] = true
	}
	var current []remote.Object
	for i := range chunk.Patches {
		p := &chunk.Patches[i]
		if !listed[ref{p.Model, p.Key}] {
			continue
		}
		if now := b.content.get(p.Model, p.Key); now != nil {
			current = append(current, *now)
		} else {
			current = append(current, remote.Object{Model: p.Model, Key: p.Key, Deleted: true})
		}
	}
	return current
}

func (b *Backend) settle(id string, epoch uint64) (model.Mark, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.content.clients[id]
	if epoch < c.epoch {
		return model.Mark{}, fmt.Errorf("settling client %s: epoch %d has ended, this is %d: %w", id, epoch, c.epoch, remote.ErrFenced)
	}
	c.epoch = epoch
	if c.mark.N > 0 {
		c.mark.Epoch = epoch
	}
	b.content.clients[id] = c
	return clip(c.mark), nil
}
