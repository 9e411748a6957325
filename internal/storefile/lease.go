// Package storefile has what stores in files share, whatever is in the files: who
// has one open, and how one is made, moved and removed without ever being lost or half
// there.
package storefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"sync"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// Use is what a part of this process does with the file of a store.
type Use uint8

const (
	Writing  Use = iota // a store that is open
	Reading             // a store that is open to be read only
	Looking             // an *sql.DB
	Claiming            // a Claim
	Moving              // a Link, Copy, Move, Replace, Remove or Checksum
	uses
)

var useNames = [uses]string{"an open store", "a store that is open to be read", "an *sql.DB of ReadOnlyDB", "a Claim", "a move"}

// clashes tells which uses cannot begin beside which others of the same process.
// Those that read may share a file among each other only.
var clashes = [uses][]Use{
	Writing:  {Writing, Reading, Moving},
	Reading:  {Writing, Moving},
	Looking:  {Moving},
	Claiming: {Writing, Reading, Looking, Claiming, Moving},
	Moving:   {Writing, Reading, Looking, Moving},
}

// exclusive tells the uses for which no other process may have the file open.
func (u Use) exclusive() bool { return u != Reading && u != Looking }

// Kind is what one kind of store has of its own.
type Kind struct {
	// Driver has the same type for all who use a path at a time.
	Driver any

	// Inspect tells the files of stores from others. Its errors wrap fs.ErrNotExist where
	// there is none yet, or an empty one, store.ErrNotAStore or store.ErrCorrupt.
	Inspect func(path string) error

	// ReadersLock has those who only read make the lock's file too, where they can.
	// Readers that lock the store's file itself need none, and must Confirm.
	ReadersLock bool
}

// presence is the hold that this process has on a path, with all its uses: one lock
// for them all, for the locks of one process shut each other out like those of two.
type presence struct {
	path      string
	driver    reflect.Type
	lock      *flock.Flock // nil where somebody only reads, and found none and made none
	made      bool         // the lock's file was not there before
	vain      bool         // and is not to stay
	exclusive bool
	uses      [uses]int
}

// present has this process's presences, by path. Its lock is held while a file is
// inspected too: closing any handle of a file drops the locks that SQLite, in the
// same process, has on it, so that none may be opened while SQLite has some.
var present = struct {
	sync.Mutex
	paths map[string]*presence
}{paths: map[string]*presence{}}

// Lease is one use of a path.
type Lease struct {
	*presence
	use Use
}

// Acquire begins to use the file of a store, which need not be there unless it is
// only read. What is there is inspected first: where there is nothing the error wraps
// fs.ErrNotExist, and the lease is valid all the same. So it is for a Claim or a move of
// what is damaged.
func Acquire(path string, u Use, k Kind) (*Lease, error) {
	if err := regular(path, !u.exclusive()); err != nil {
		return nil, err
	}
	present.Lock()
	defer present.Unlock()
	p, by := present.paths[path], reflect.TypeOf(k.Driver)
	if p == nil {
		p = &presence{path: path, driver: by, exclusive: u.exclusive()}
		if err := p.enter(p.exclusive || k.ReadersLock); err != nil {
			return nil, err
		}
		present.paths[path] = p
	} else if err := p.admits(u, by); err != nil {
		return nil, err
	}
	connected := p.connected()
	p.uses[u]++
	l := &Lease{p, u}
	if connected {
		return l, nil // what is there was inspected
	}
	err := k.Inspect(path)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, store.ErrCorrupt) && (u == Moving || u == Claiming):
		return l, err
	case errors.Is(err, store.ErrNotAStore):
		p.vain = p.made
	}
	return nil, errors.Join(err, l.end(nil))
}

// admits refuses a use that cannot begin beside those under way.
func (p *presence) admits(u Use, by reflect.Type) error {
	for _, other := range clashes[u] {
		if p.uses[other] > 0 {
			return fmt.Errorf("%w: this process has %s of %s; close that first", store.ErrInUse, useNames[other], p.path)
		}
	}
	if u.exclusive() && !p.exclusive { // the lock cannot be changed without letting go of it
		return fmt.Errorf("%w: this process has %s of %s; close that first, or open the store before it", store.ErrInUse, useNames[Looking], p.path)
	}
	if p.driver != by { // each would lose its locks when the other closes the file
		return fmt.Errorf("%w: this process uses %s with another driver, a %v; use one for all", store.ErrInUse, p.path, p.driver)
	}
	return nil
}

// connected tells whether this process has the file open, be it by another name.
func (p *presence) connected() bool {
	info, err := os.Stat(p.path)
	for _, q := range present.paths {
		if q.uses[Writing]+q.uses[Reading]+q.uses[Looking] == 0 {
			continue
		}
		if q == p {
			return true
		}
		if other, errOther := os.Stat(q.path); err == nil && errOther == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}

// Shared tells whether this process uses the file in another way too.
func (l *Lease) Shared() bool {
	present.Lock()
	defer present.Unlock()
	return l.count() > 1
}

func (p *presence) count() (n int) {
	for _, c := range p.uses {
		n += c
	}
	return n
}

// Confirm is for a reader that found no lock and made none, and has locked the store's
// file by now. Whoever makes the lock after this finds that file in use.
func (l *Lease) Confirm() error {
	present.Lock()
	defer present.Unlock()
	if l.lock != nil {
		return nil
	}
	return l.enter(false)
}

// InVain lets a lock's file that was not there before go with the lease, so that
// nothing is left beside another program's file.
func (l *Lease) InVain() {
	present.Lock()
	defer present.Unlock()
	l.vain = l.made
}

// Release ends a use, whose connections are closed. The last one of a file that no
// other process could open does what is to be done before one can; where it leaves no
// store it takes the lock's file along.
func (l *Lease) Release(last func() error) error {
	present.Lock()
	defer present.Unlock()
	return l.end(last)
}

func (l *Lease) end(last func() error) (err error) {
	if l.uses[l.use]--; l.count() > 0 {
		return nil
	}
	delete(present.paths, l.path)
	if last != nil && l.exclusive {
		err = last()
	}
	return errors.Join(err, l.leave())
}
