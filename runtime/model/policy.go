package model

import "fmt"

// Policy is what an app chose for the cases in which no merge rule can decide.
// The zero Policy is LastUpdated.
type Policy struct {
	RemoteDeleted RemoteDeleted
	LocalDeleted  LocalDeleted
	Dangling      Dangling
}

// The presets.
var (
	// LastUpdated keeps what somebody worked on: an edit beats a deletion.
	LastUpdated = Policy{}

	// DeletesWin lets a deletion beat an edit, on either side: what Realm's
	// automatic recovery does.
	DeletesWin = Policy{RemoteDeleted: Drop, LocalDeleted: Delete}
)

// Check refuses a policy with a choice that there is not.
func (p Policy) Check() error {
	if p.RemoteDeleted > Drop || p.LocalDeleted > Delete || p.Dangling > ClearDangling {
		return fmt.Errorf("the policy %+v has a choice that there is not", p)
	}
	return nil
}

// RemoteDeleted says what becomes of a local update of an object that is gone
// from the backend.
type RemoteDeleted uint8

// The choices for RemoteDeleted.
const (
	Restore RemoteDeleted = iota // the object comes back whole
	Drop                         // the update is dropped
)

// LocalDeleted says what becomes of a local deletion of an object that the
// other side has changed.
type LocalDeleted uint8

// The choices for LocalDeleted.
const (
	Keep   LocalDeleted = iota // the remote object stays
	Delete                     // it is deleted all the same
)

// Dangling says what becomes of a reference to an object that is gone (reconcile.Dangling).
type Dangling uint8

// The choices for Dangling.
const (
	ReportDangling Dangling = iota // it stays and is reported
	ClearDangling                  // it is set to its zero value and reported
)

// ParsePolicy reads the name of a preset: last-updated or deletes-win.
func ParsePolicy(name string) (Policy, error) {
	switch name {
	case "last-updated":
		return LastUpdated, nil
	case "deletes-win":
		return DeletesWin, nil
	}
	return Policy{}, fmt.Errorf("%q is not a policy (allowed: last-updated, deletes-win)", name)
}
