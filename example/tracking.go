package main

import (
	"iter"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// features is what the example uses of a generated collection. An app has one
// tracking mode, and uses its collection as it is; the example switches between
// three.
type features interface {
	Info() *model.Info
	Get(tx *store.Tx, id string) (record, error)
	New(tx *store.Tx, id string) (record, error)
	Put(tx *store.Tx, f record) error
	Delete(tx *store.Tx, id string) error
	All(tx *store.Tx) iter.Seq2[catalog.Feature, error]
	Replace(tx *store.Tx, f catalog.Feature) error
	Load(tx *store.Tx, f catalog.Feature, at stamp.Stamp) error
}

// record is what the three generated records have in common.
type record interface {
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

var trackings = map[string]features{
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

// mode is one of the three: T is the annotated struct, R the generated record.
type mode[T, R any, P generated[T, R]] struct {
	records *store.Collection[string, T, R]
	from    func(catalog.Feature) T
	to      func(T) catalog.Feature
}

type generated[T, R any] interface {
	*R
	record
	Plain() T
}

func (m mode[T, R, P]) Info() *model.Info { return m.records.Model().Info }

func (m mode[T, R, P]) Get(tx *store.Tx, id string) (record, error) {
	r, err := m.records.Get(tx, id)
	return P(r), err
}

func (m mode[T, R, P]) New(tx *store.Tx, id string) (record, error) {
	r, err := m.records.New(tx, id)
	return P(r), err
}

func (m mode[T, R, P]) Put(tx *store.Tx, f record) error { return m.records.Put(tx, f.(P)) }

func (m mode[T, R, P]) Delete(tx *store.Tx, id string) error { return m.records.Delete(tx, id) }

func (m mode[T, R, P]) All(tx *store.Tx) iter.Seq2[catalog.Feature, error] {
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

func (m mode[T, R, P]) Replace(tx *store.Tx, f catalog.Feature) error {
	v := m.from(f)
	return m.records.Replace(tx, &v)
}

func (m mode[T, R, P]) Load(tx *store.Tx, f catalog.Feature, at stamp.Stamp) error {
	v := m.from(f)
	return m.records.Load(tx, &v, at)
}
