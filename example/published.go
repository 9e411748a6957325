package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// The files of the recipe, in the folder of the run.
const (
	backupFile = "backup.db"
	freshFile  = "fresh.db"
)

// publishedSteps are the story without resetgen: the same edits, the same release,
// and a recovery that the app has to write itself.
func (s *story) publishedSteps() []step {
	return []step{
		{name: "read the three data files", do: s.read},
		{name: "the contributor's store has the catalogue", do: s.importBase},
		{name: "the contributor edits, offline", do: s.editFile},
		{name: "client reset: the store becomes a backup", do: s.moveAway},
		{name: "download what the backend has into a fresh store", do: s.importRemote},
		{name: "recover (" + published + ")", do: s.recoverByRecipe},
		{name: "read the result", do: s.readFresh},
	}
}

func (s *story) importBase(ctx context.Context) error {
	s.clock.set(lastSync)
	return s.fill(ctx, liveFile, s.base, func(catalog.Feature) stamp.Stamp { return stamp.At(beforeSync) })
}

func (s *story) importRemote(ctx context.Context) error {
	s.clock.set(cameBack)
	return s.fill(ctx, freshFile, s.remote, s.releasedAt())
}

// fill makes a store that holds what the backend has, and marks it as synced.
func (s *story) fill(ctx context.Context, name string, features []catalog.Feature, at func(catalog.Feature) stamp.Stamp) error {
	return s.with(ctx, s.path(name), false, func(db *store.Store) error {
		return db.Update(ctx, func(tx *store.Tx) error {
			for _, f := range features {
				if err := s.features.Load(tx, f, at(f)); err != nil {
					return err
				}
			}
			return tx.MarkSynced()
		})
	})
}

func (s *story) editFile(ctx context.Context) error {
	s.clock.set(wentAway)
	return s.with(ctx, s.path(liveFile), false, func(db *store.Store) error {
		for _, e := range s.edits {
			if err := db.Update(ctx, func(tx *store.Tx) error { return s.edit(tx, e) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveAway makes the live store the backup. It was closed, and a closed store is
// one file.
func (s *story) moveAway(context.Context) error {
	return os.Rename(s.path(liveFile), s.path(backupFile))
}

func (s *story) recoverByRecipe(ctx context.Context) error {
	s.clock.set(cameBack.Add(time.Hour))
	return s.with(ctx, s.path(backupFile), true, func(backup *store.Store) error {
		var err error
		if s.local, err = s.readAll(ctx, backup.View); err != nil {
			return err
		}
		return s.with(ctx, s.path(freshFile), false, func(fresh *store.Store) error { return s.publishedRecipe(ctx, backup, fresh) })
	})
}

func (s *story) readFresh(ctx context.Context) error {
	return s.with(ctx, s.path(freshFile), true, func(fresh *store.Store) (err error) {
		s.result, err = s.readAll(ctx, fresh.View)
		return err
	})
}

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
	for f, err := range s.features.All(from) {
		if err != nil {
			return nil, err
		}
		kept[f.ID] = true
		if updated[f.ID] > lastSynced {
			newer = append(newer, f)
		}
	}
	for _, f := range newer {
		if err := s.features.Replace(to, f); err != nil {
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
			if err := s.features.Delete(to, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastUpdated is the stamp of each object, by id.
func (s *story) lastUpdated(tx *store.Tx) (map[string]stamp.Stamp, error) {
	info := s.features.Info()
	updated := map[string]stamp.Stamp{}
	for row, err := range tx.Rows(info) {
		if err != nil {
			return nil, err
		}
		updated[row.Values[info.Key].Text()] = row.Stamp
	}
	return updated, nil
}
