package scenario

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// deaf is how far ahead of its clock a stamp may lie and still move it: no stamp
// does.
const deaf = -200 * 365 * 24 * time.Hour

// visit has another client do something at a time of its own clock: write, which is
// uploaded, or look.
func visit(ctx context.Context, backend *memremote.Backend, schema *store.Schema, now time.Time, do func(r *replica.Replica) error) error {
	r, err := replica.Open(ctx, replica.Options{
		Driver: memstore.New(), Path: "other.db", Schema: schema, Remote: backend,
		Now: func() time.Time { return now }, Ahead: deaf, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("another client: %w", err)
	}
	for _, step := range []func() error{
		func() error { return r.Download(ctx) },
		func() error { return do(r) },
		func() error { return r.Upload(ctx) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("another client: %w", err)
	}
	return nil
}

// content is what another client sees of the backend.
func content(ctx context.Context, backend *memremote.Backend, now time.Time, from table) (all map[string]plain, err error) {
	err = visit(ctx, backend, from.schema(), now, func(r *replica.Replica) error {
		return r.View(ctx, func(tx *store.Tx) (err error) {
			all, err = from.all(tx)
			return err
		})
	})
	return all, err
}
