package replica

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// backend is the app's remote, whose answers it looks over: what a remote must not
// answer is an error here, and not a panic or a gap later.
type backend struct{ remote.Remote }

func (b backend) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	answer, err := b.Remote.Push(ctx, chunk)
	if err == nil && answer == nil {
		err = errors.New("the backend has given no answer to a chunk, and no error")
	}
	return answer, err
}

func (b backend) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	return orderly(ctx, b.Remote.Pull(ctx, client, after), func(page *remote.Page) error {
		switch {
		case page == nil:
			return errors.New("the backend has given no page, and no error")
		case page.Cursor == "": // the next pull would begin from the beginning
			return errors.New("the backend has given a page without a cursor to go on from")
		}
		return nil
	})
}

func (b backend) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return orderly(ctx, b.Remote.Snapshot(ctx, client, resume), func(page *remote.SnapshotPage) error {
		switch {
		case page == nil:
			return errors.New("the backend has given no page of a snapshot, and no error")
		case page.Last && page.Cursor == "":
			return errors.New("the backend has given the last page of a snapshot without a cursor to go on from")
		}
		if page.Last { // the mark is kept in this form
			if _, err := model.DecodeMark(model.AppendMark(nil, &page.Mark)); err != nil {
				return fmt.Errorf("the backend has given a snapshot with a mark that is none: %w", err)
			}
		}
		return nil
	})
}

// orderly yields what pages does up to the first error. One that ends because ctx
// has ended says so, for it is not known to be all. One that goes on when nobody
// takes anything any more is left to.
func orderly[P any](ctx context.Context, pages iter.Seq2[P, error], check func(P) error) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		over := false
		pages(func(page P, err error) bool {
			if over {
				return false
			}
			if err == nil {
				err = context.Cause(ctx)
			}
			if err == nil {
				err = check(page)
			}
			over = !yield(page, err) || err != nil
			return !over
		})
		if err := context.Cause(ctx); err != nil && !over {
			var none P
			yield(none, err)
		}
	}
}
