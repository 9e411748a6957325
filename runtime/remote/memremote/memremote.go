// Package memremote is a backend for several clients that lives in memory and
// fails on demand: what an app tests its own recovery with.
//
// A Backend is a remote.Remote for all of its clients. Beside that it has an
// operator's side: somebody who follows no rules writes objects (Put, Set, Add,
// Delete), refuses some (Refuse), trims the history (Trim), puts the backend back to
// an earlier state (Save, Restore), begins it anew (Recreate), asks clients to start
// over (Reset) and forgets them (Forget). And it has faults: calls that do not
// arrive, answers that are lost, chunks that come late, connections that break
// (Inject, Offline).
//
//	backend := memremote.New(memremote.Options{})
//	... // let the app sync, and write while it is paused
//	backend.Reset("", remote.Operator) // now let it sync again: it starts over
//
//	backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.LoseAnswer})
//	... // let the app sync
//	if left := backend.Pending(); len(left) > 0 {
//		t.Errorf("these did not happen: %v", left)
//	}
//
// It waits only for its Latency, in Watch and for contexts, so that it can be used
// inside a testing/synctest bubble if it was made there.
package memremote

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// Options of a Backend.
type Options struct {
	Page         int // objects in a page of Pull; 0 means 1,000
	SnapshotPage int // objects in a page of Snapshot; 0 means 1,000

	// Latency is how long a call takes, or a page of Pull or Snapshot. Nil means no
	// time at all.
	Latency func(client string, call Call) time.Duration

	// Seed, if it is not 0, makes the backend's ids and nonces the same whenever the
	// same is written to it in the same order: a process that was killed can make its
	// backend once more, and cursors of the first are good with the second.
	Seed uint64
}

const defaultPage = 1000

// Backend is a backend in memory: a remote.Remote and remote.Watcher for all of
// its clients at once. It needs no schema. It is safe for concurrent use.
//
// The objects that it gives share memory with what it holds: they are for reading.
type Backend struct {
	options Options
	random  func() uint64 // for what is written
	names   func() uint64 // for snapshots: that they are taken changes nothing of what is written later

	mu        sync.Mutex
	content   *content
	snapshots []*snapshot // the latest ones, which can be resumed
	refuse    func(client string, p *model.Patch) error
	changed   chan struct{} // closed and replaced when a Watch has reason to look

	faults  []*Fault
	offline map[string]bool // by client; "" is everybody
	late    []func() error
}

var (
	_ remote.Remote  = (*Backend)(nil)
	_ remote.Watcher = (*Backend)(nil)
)

// New gives an empty backend.
func New(o Options) *Backend {
	if o.Page <= 0 {
		o.Page = defaultPage
	}
	if o.SnapshotPage <= 0 {
		o.SnapshotPage = defaultPage
	}
	random, names := rand.Uint64, rand.Uint64
	if o.Seed != 0 {
		random, names = rand.New(rand.NewPCG(o.Seed, 0)).Uint64, rand.New(rand.NewPCG(o.Seed, 1)).Uint64
	}
	return &Backend{options: o, random: random, names: names, content: newContent(random), changed: make(chan struct{}), offline: map[string]bool{}}
}

// wake lets every Watch look again. The backend is locked.
func (b *Backend) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
