package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/remote"
)

// Upload sends what is unsynced, once, and takes nothing over except the objects
// that conflict, as the backend has them now: it is for an app that has to hand its
// changes over before it ends, or on a line on which a download costs too much. It
// needs no session, and waits for what a session is doing. When the client has to
// start over, it does so first.
//
// It returns when what was unsynced when it began to send is settled or refused
// (Refused); objects that others keep writing at the same time may be left for the
// next time. After an error some of it may have arrived; the next contact finds out.
func (r *Replica) Upload(ctx context.Context) error {
	return r.once(ctx, "uploading", func(ctx context.Context) error {
		if err := r.follows(ctx); err != nil {
			return err
		}
		return r.push(ctx)
	})
}

// Download takes over what was written at the backend, once, and sends nothing: it
// is for an app whose user wants to see what others wrote before handing out
// changes, which are merged with it and stay unsynced. It needs no session, and
// waits for what a session is doing. When the client has to start over, it does so,
// and what was recovered stays unsynced too. So does a store that has sent anything, or
// was loaded by the app, before its first download: what of it others have deleted
// meanwhile a download alone does not tell.
func (r *Replica) Download(ctx context.Context) error {
	return r.once(ctx, "downloading", r.pull)
}

// once makes contact and does one half of a round. A client reset that is due or
// pending comes first.
func (r *Replica) once(ctx context.Context, doing string, do func(ctx context.Context) error) error {
	ctx, done := r.untilClosed(ctx)
	defer done()
	err := r.work(ctx, func() error {
		err := r.resumeReset(ctx)
		if err == nil {
			if err = r.settle(ctx); err == nil {
				err = do(ctx)
			}
		}
		var reset *remote.ClientResetError
		if errors.As(err, &reset) {
			if err = r.reset(ctx, reset); err == nil {
				err = do(ctx)
			}
		}
		if err != nil {
			r.disconnected() // so that a session asks first what became of it
			return err
		}
		return r.recovered(ctx)
	})
	r.rest(err)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// follows finds out whether the backend can go on from where this client is, by
// asking for what it would pull, of which it takes nothing.
func (r *Replica) follows(ctx context.Context) error {
	client, cursor, err := r.position(ctx)
	if err != nil || cursor == "" { // it has never pulled, so there is nothing to go on from
		return err
	}
	for _, err := range r.backend.Pull(ctx, client, cursor) {
		if err != nil {
			return fmt.Errorf("asking the backend whether it knows where this client is: %w", err)
		}
		break
	}
	return nil
}
