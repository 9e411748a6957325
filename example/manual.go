package main

import (
	"context"

	"github.com/resetgen/resetgen/runtime/reconcile"
)

// giveWay is the function of the strategy manual: it recovers every edit that is in
// nobody's way, and where both sides changed the same it leaves the feature as the
// maintainers have it. The report lists what was left in the backup.
func giveWay(_ context.Context, h *reconcile.ByHand) error {
	for o, err := range h.Objects() {
		if err != nil {
			return err
		}
		if len(o.Conflicts) > 0 {
			continue
		}
		if err := h.Recover(o); err != nil {
			return err
		}
	}
	return nil
}
