package main

import (
	"context"
	"fmt"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// publishedRecipe is what the documentation of an offline-first database tells
// developers to write: it goes by the time each object was last updated and the
// time of the last sync, and by nothing else.
func (s *story) publishedRecipe(ctx context.Context, backup, fresh *store.Store) error {
	at, ok := backup.LastSynced()
	if !ok {
		return fmt.Errorf("the backup was never synced")
	}
	lastSynced := stamp.At(at.Wall)
	return fresh.Update(ctx, func(to *store.Tx) error {
		return backup.View(ctx, func(from *store.Tx) error {
			kept, err := s.copyUpdated(from, to, lastSynced)
			if err != nil {
				return err
			}
			return s.inferDeletes(to, kept, lastSynced)
		})
	})
}

// copyUpdated writes every object of the backup that was updated after the last
// sync over the fresh one, whole. It gives the ids that the backup has.
func (s *story) copyUpdated(from, to *store.Tx, lastSynced stamp.Stamp) (map[string]bool, error) {
	updated, err := s.lastUpdated(from)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]bool, len(updated))
	var newer []catalog.Feature
	for f, err := range s.all(from) {
		if err != nil {
			return nil, err
		}
		kept[f.ID] = true
		if updated[f.ID] > lastSynced {
			newer = append(newer, f)
		}
	}
	for _, f := range newer {
		if err := s.replace(to, f); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// inferDeletes deletes every object of the fresh store that the backup lacks and
// that was not updated after the last sync.
func (s *story) inferDeletes(to *store.Tx, kept map[string]bool, lastSynced stamp.Stamp) error {
	updated, err := s.lastUpdated(to)
	if err != nil {
		return err
	}
	for id, at := range updated {
		if !kept[id] && at <= lastSynced {
			if err := s.remove(to, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastUpdated is the stamp of each object, by id.
func (s *story) lastUpdated(tx *store.Tx) (map[string]stamp.Stamp, error) {
	info := s.info()
	updated := map[string]stamp.Stamp{}
	for row, err := range tx.Rows(info) {
		if err != nil {
			return nil, err
		}
		updated[row.Values[info.Key].Text()] = row.Stamp
	}
	return updated, nil
}
