package scenario

import (
	"context"
	"errors"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	backend "github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

// What a wire gives instead of an answer.
var (
	errLostAck = errors.New("the acknowledgement was lost")
	errPartial = errors.New("the connection broke after the first object")
	errKilled  = errors.New("the process was killed")
)

// fault is what goes wrong between the local client and the backend.
type fault uint8

const (
	fine    fault = iota
	lostAck       // the answer that would settle a push without conflicts never arrives
	partial       // nothing of a push arrives but its first chunk
)

// wire is the connection of a process of the local client's to the backend.
type wire struct {
	to    *memremote.Backend
	fault *fault
	dead  bool // the process was killed
}

func (w *wire) Push(ctx context.Context, chunk *model.Chunk) (*backend.Answer, error) {
	switch {
	case w.dead:
		return nil, errKilled
	case *w.fault == partial && chunk.Index > 0:
		return nil, errPartial
	}
	answer, err := w.to.Push(ctx, chunk)
	last := chunk.Index == (chunk.Objects-1)/chunk.Size
	if err == nil && *w.fault == lostAck && last && len(answer.Mark.Conflicts) == 0 {
		return nil, errLostAck
	}
	return answer, err
}

func (w *wire) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	if w.dead {
		return model.Mark{}, errKilled
	}
	return w.to.Settle(ctx, client, epoch)
}

func (w *wire) Pull(ctx context.Context, client string, after backend.Cursor) iter.Seq2[*backend.Page, error] {
	if w.dead {
		return func(yield func(*backend.Page, error) bool) { yield(nil, errKilled) }
	}
	return w.to.Pull(ctx, client, after)
}

func (w *wire) Snapshot(ctx context.Context, client string, resume backend.Resume) iter.Seq2[*backend.SnapshotPage, error] {
	if w.dead {
		return func(yield func(*backend.SnapshotPage, error) bool) { yield(nil, errKilled) }
	}
	return w.to.Snapshot(ctx, client, resume)
}
