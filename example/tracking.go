package main

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// tracking is the catalogue with one tracking mode. An app has one and uses its
// generated records as they are; the example switches between three.
type tracking interface {
	info() *model.Info
	load(tx *store.Tx, f catalog.Feature, at stamp.Stamp) error
	edit(tx *store.Tx, e Edit) error
	replace(tx *store.Tx, f catalog.Feature) error
	remove(tx *store.Tx, id string) error
	all(tx *store.Tx) iter.Seq2[catalog.Feature, error]
}

var trackings = map[string]tracking{
	"field": mode[catalog.Feature, catalog.FeatureRecord, *catalog.FeatureRecord]{
		catalog.FeatureRecords,
		func(f catalog.Feature) catalog.Feature { return f },
		func(f catalog.Feature) catalog.Feature { return f },
	},
	"object": mode[catalog.FeatureByObject, catalog.FeatureByObjectRecord, *catalog.FeatureByObjectRecord]{
		catalog.FeatureByObjectRecords,
		func(f catalog.Feature) catalog.FeatureByObject { return catalog.FeatureByObject(f) },
		func(f catalog.FeatureByObject) catalog.Feature { return catalog.Feature(f) },
	},
	"journal": mode[catalog.FeatureByJournal, catalog.FeatureByJournalRecord, *catalog.FeatureByJournalRecord]{
		catalog.FeatureByJournalRecords,
		func(f catalog.Feature) catalog.FeatureByJournal { return catalog.FeatureByJournal(f) },
		func(f catalog.FeatureByJournal) catalog.Feature { return catalog.Feature(f) },
	},
}

// record is what the three generated records have in common.
type record[T, R any] interface {
	*R
	Plain() T
	SetDescription(string)
	SetMDNURL(string)
	SetSourceFile(string)
	SetSpecURLs([]string)
	SetTags([]string)
	SetDeprecated(bool)
	SetExperimental(bool)
	SetStandardTrack(bool)
	SetSupport(map[string]string)
}

type mode[T, R any, P record[T, R]] struct {
	records *store.Collection[string, T, R]
	from    func(catalog.Feature) T
	to      func(T) catalog.Feature
}

func (m mode[T, R, P]) info() *model.Info { return m.records.Model().Info }

func (m mode[T, R, P]) load(tx *store.Tx, f catalog.Feature, at stamp.Stamp) error {
	v := m.from(f)
	return m.records.Load(tx, &v, at)
}

func (m mode[T, R, P]) replace(tx *store.Tx, f catalog.Feature) error {
	v := m.from(f)
	return m.records.Replace(tx, &v)
}

func (m mode[T, R, P]) remove(tx *store.Tx, id string) error { return m.records.Delete(tx, id) }

func (m mode[T, R, P]) all(tx *store.Tx) iter.Seq2[catalog.Feature, error] {
	return func(yield func(catalog.Feature, error) bool) {
		for r, err := range m.records.All(tx) {
			var f catalog.Feature
			if err == nil {
				f = m.to(P(r).Plain())
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// edit does what the contributor did, through a generated record.
func (m mode[T, R, P]) edit(tx *store.Tx, e Edit) error {
	var r *R
	var err error
	switch e.Op {
	case "delete":
		return m.records.Delete(tx, e.ID)
	case "create":
		r, err = m.records.New(tx, e.ID)
	case "set":
		r, err = m.records.Get(tx, e.ID)
	default:
		return fmt.Errorf("edit of %s: there is no operation %q", e.ID, e.Op)
	}
	if err != nil {
		return err
	}
	for name, value := range e.Fields {
		if err := set(P(r), name, value); err != nil {
			return fmt.Errorf("edit of %s, field %s: %w", e.ID, name, err)
		}
	}
	return m.records.Put(tx, r)
}

func set[T, R any, P record[T, R]](r P, field string, value json.RawMessage) error {
	switch field {
	case "description":
		return with(value, r.SetDescription)
	case "mdn_url":
		return with(value, r.SetMDNURL)
	case "source_file":
		return with(value, r.SetSourceFile)
	case "spec_urls":
		return with(value, r.SetSpecURLs)
	case "tags":
		return with(value, r.SetTags)
	case "deprecated":
		return with(value, r.SetDeprecated)
	case "experimental":
		return with(value, r.SetExperimental)
	case "standard_track":
		return with(value, r.SetStandardTrack)
	case "support":
		return with(value, r.SetSupport)
	}
	return fmt.Errorf("a feature has no such field")
}

func with[V any](raw json.RawMessage, set func(V)) error {
	var v V
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	set(v)
	return nil
}
