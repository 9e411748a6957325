package replica

import (
	"context"
	"fmt"
)

// Rename makes the replica a client of its own. It is for a session that has ended
// with store.ErrStoreCopied: the store was copied from another device or put back by
// the system's own backup, and the backend knows its old name better than it does.
// What the store holds as unsynced counts as never sent and is merged and sent
// again; what of it had arrived under the old name cannot be told from the rest, so
// that a counter may count it twice, and what was set back while it was being sent may
// come back. Call Start afterwards. If the store had last sent something, and not looked
// since what the backend has, it starts over.
func (r *Replica) Rename(ctx context.Context) error {
	err := r.work(ctx, func() error {
		if p := r.pending; p != nil && p.Step == Downloaded { // a fresh copy for the client that it was
			if err := r.reach(ctx, p, Downloading); err != nil {
				return err
			}
		}
		r.disconnected()
		return r.update(ctx, rename)
	})
	if err != nil {
		return fmt.Errorf("making %s a client of its own: %w", r.o.Path, err)
	}
	return nil
}
