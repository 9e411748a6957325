package store

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Changes names the objects that were written since the last time, whoever wrote
// them: the app, or what a backend sent.
type Changes struct {
	Keys []model.ObjectKey // each once for every transaction that wrote it

	// All is set, and Keys empty, when there are more than 10,000: whoever shows
	// objects reads them anew.
	All bool
}

// mostChanges bounds what is kept for a listener that is slow.
const mostChanges = 10_000

// And joins what happened in c with what happened next.
func (c Changes) And(next Changes) Changes {
	if c.All || next.All || len(c.Keys)+len(next.Keys) > mostChanges {
		return Changes{All: true}
	}
	return Changes{Keys: slices.Concat(c.Keys, next.Keys)}
}

// OnChange calls listen after each commit that wrote objects, until stop is
// called. Calls are made one at a time, on a goroutine of their own; what happens
// during one is told by the next. stop waits for a call under way, so it must not
// be called from listen.
func (s *Store) OnChange(listen func(Changes)) (stop func()) { return s.changes.Add(listen) }

// wrote notes that an object is written.
func (tx *Tx) wrote(m *model.Info, key model.Value) {
	tx.writes++
	switch {
	case !tx.told || tx.changes.All:
	case len(tx.changes.Keys) == mostChanges:
		tx.changes = Changes{All: true}
	default:
		tx.changes.Keys = append(tx.changes.Keys, model.ObjectKey{Model: m.Name, Key: key})
	}
}
