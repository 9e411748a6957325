package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// seed sets up the backend with the catalogue of the last sync. It lives in this
// process; its ids come out the same in every run, so that a run that goes on after
// a kill meets the backend that the contributor knew.
func (s *story) seed(ctx context.Context) error {
	s.backend = memremote.New(memremote.Options{Seed: 1})
	objects, err := s.objects(ctx, s.base, func(catalog.Feature) stamp.Stamp { return stamp.At(beforeSync) })
	if err != nil {
		return err
	}
	s.backend.Put(objects[:len(objects)-1]...)
	s.earlier = s.backend.Save() // the operator's backup: one write behind
	s.backend.Put(objects[len(objects)-1])
	return nil
}

// moveOn is what happens while the contributor is away: the backend is put back to
// the operator's backup, and the maintainers bring in what they have made since.
// The history before that is trimmed.
func (s *story) moveOn(ctx context.Context) error {
	s.backend.Restore(s.earlier)
	objects, err := s.objects(ctx, s.remote, s.releasedAt())
	if err != nil {
		return err
	}
	trimmed := s.backend.Position()
	there := map[model.Value]bool{}
	for _, o := range objects {
		there[o.Key] = true
	}
	for _, f := range s.base {
		if key := model.StringValue(f.ID); !there[key] {
			s.backend.Delete(s.features.Info().Name, key, stamp.At(release56))
		}
	}
	s.backend.Put(objects...)
	s.backend.Trim(trimmed - 1)
	return nil
}

// releasedAt tells when a feature of the maintainers' release was last changed. What
// they left alone has the stamp that it had.
func (s *story) releasedAt() func(catalog.Feature) stamp.Stamp {
	before := map[string]*catalog.Feature{}
	for i, f := range s.base {
		before[f.ID] = &s.base[i]
	}
	return func(f catalog.Feature) stamp.Stamp {
		if b := before[f.ID]; b != nil && catalog.DiffFeature(b, &f).Empty() {
			return stamp.At(beforeSync)
		}
		return stamp.At(release56)
	}
}

// objects is features in the form in which a backend has them: a store in memory
// knows it.
func (s *story) objects(ctx context.Context, features []catalog.Feature, at func(catalog.Feature) stamp.Stamp) (objects []remote.Object, err error) {
	db, err := store.Open(ctx, memstore.New(), "maintainers", &catalog.Schema, store.Options{})
	if err != nil {
		return nil, err
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		for _, f := range features {
			if err := s.features.Load(tx, f, at(f)); err != nil {
				return err
			}
		}
		for row, err := range tx.Rows(s.features.Info()) {
			if err != nil {
				return err
			}
			objects = append(objects, remote.ObjectOf(s.features.Info(), row))
		}
		return nil
	})
	return objects, errors.Join(err, db.Close())
}

// sameAsBackend checks that the contributor's store and the backend hold the same.
func (s *story) sameAsBackend(tx *store.Tx) error {
	n := 0
	for row, err := range tx.Rows(s.features.Info()) {
		if err != nil {
			return err
		}
		n++
		key := row.Values[s.features.Info().Key]
		o := s.backend.Get(s.features.Info().Name, key)
		if o == nil {
			return fmt.Errorf("%v is here and not at the backend", key)
		}
		if differing := o.Row(s.features.Info()).Differing(row); !differing.Empty() {
			return fmt.Errorf("%v differs from the backend's in %v", key, s.features.Info().Names(differing))
		}
	}
	if all := len(s.backend.All()); all != n {
		return fmt.Errorf("%d features are here, and %d at the backend", n, all)
	}
	return nil
}
