package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// A lock keeps other processes from opening the same file. SQLite's own locks do
// not: two handles can share a file in peace, and moving it away under one of
// them, which a client reset does, loses what that one writes.

// use is what a part of this process does with the file of a store.
type use uint8

const (
	writing  use = iota // a store that is open
	reading             // a store that is open to be read only
	looking             // an *sql.DB
	claiming            // a Claim
	moving              // a Move, Link, Replace or Remove
	uses
)

var useNames = [uses]string{"an open store", "a store that is open to be read", "an *sql.DB of ReadOnlyDB", "a Claim", "a move"}

// clashes tells which uses cannot begin beside which others of the same process.
// Those that read may share a file among each other only.
var clashes = [uses][]use{
	writing:  {writing, reading, moving},
	reading:  {writing, moving},
	looking:  {moving},
	claiming: {writing, reading, looking, claiming, moving},
	moving:   {writing, reading, looking, moving},
}

// exclusive tells the uses for which no other process may have the file open.
func (u use) exclusive() bool { return u != reading && u != looking }

// presence is the hold that this process has on a path, with all its uses. The
// lock is nil where nobody can make one: where a directory is read only.
type presence struct {
	path      string
	lock      *flock.Flock
	made      bool // the lock's file was not there before
	exclusive bool
	uses      [uses]int
	sqlite    reflect.Type // of the driver that it is used with
}

// present has this process's presences, by path. Its lock is held while a file is
// inspected too: closing any handle of a file drops the locks that SQLite, in the
// same process, has on it, so that none may be opened while SQLite has some.
var present = struct {
	sync.Mutex
	paths map[string]*presence
}{paths: map[string]*presence{}}

// lease is one use of a presence.
type lease struct {
	*presence
	use use
}

// acquire begins to use the file of a store, which need not be there. What is
// there is looked at first: where there is nothing the error wraps fs.ErrNotExist,
// and the lease is valid all the same. So it is for a move of what is damaged.
func acquire(path string, u use, sqlite driver.Driver) (*lease, error) {
	present.Lock()
	defer present.Unlock()
	p := present.paths[path]
	if p == nil {
		var err error
		if p, err = enter(path, u.exclusive()); err != nil {
			return nil, err
		}
		p.sqlite = reflect.TypeOf(sqlite)
		present.paths[path] = p
	} else if err := p.admits(u, reflect.TypeOf(sqlite)); err != nil {
		return nil, err
	}
	connected := p.connected()
	p.uses[u]++
	l := &lease{p, u}
	if connected {
		return l, nil // what is there was looked at
	}
	err := inspect(path)
	usable := err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrCorrupt) && (u == moving || u == claiming)
	if !usable {
		if errors.Is(err, store.ErrNotAStore) && p.made {
			os.Remove(p.lock.Path()) // nothing is left beside another program's file
		}
		return nil, errors.Join(err, l.end(nil))
	}
	return l, err
}

// admits refuses a use that cannot begin beside those under way.
func (p *presence) admits(u use, sqlite reflect.Type) error {
	for _, other := range clashes[u] {
		if p.uses[other] > 0 {
			return fmt.Errorf("%w: this process has %s of %s; close that first", store.ErrInUse, useNames[other], p.path)
		}
	}
	if u.exclusive() && !p.exclusive { // the lock cannot be changed without letting go of it
		return fmt.Errorf("%w: this process has %s of %s; close that first, or open the store before it", store.ErrInUse, useNames[looking], p.path)
	}
	if p.sqlite != sqlite { // each would lose its locks when the other closes the file
		return fmt.Errorf("%w: this process has %s open with another SQLite driver, a %v; use one for all", store.ErrInUse, p.path, p.sqlite)
	}
	return nil
}

// connected tells whether this process has an SQLite connection to the file, be it
// by another name.
func (p *presence) connected() bool {
	info, err := os.Stat(p.path)
	for _, q := range present.paths {
		if q.uses[writing]+q.uses[reading]+q.uses[looking] == 0 {
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

// shared tells whether this process uses the file in another way too.
func (l *lease) shared() bool {
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

// release ends a use, whose connections are closed. The last one of a file that no
// other process could open does what is to be done before one can.
func (l *lease) release(last func() error) error {
	present.Lock()
	defer present.Unlock()
	return l.end(last)
}

func (l *lease) end(last func() error) error {
	if l.uses[l.use]--; l.count() > 0 {
		return nil
	}
	delete(present.paths, l.path)
	var err error
	if last != nil && l.exclusive {
		err = last()
	}
	if _, gone := os.Lstat(l.path); errors.Is(gone, fs.ErrNotExist) && l.exclusive {
		os.Remove(l.lock.Path()) // what is open stays, on Windows
	}
	return errors.Join(err, l.leave())
}

// enter takes the lock of a path: shared by all who only read.
func enter(path string, exclusive bool) (*presence, error) {
	name := path + ".lock"
	for {
		_, err := os.Stat(name)
		p := &presence{path: path, exclusive: exclusive, made: errors.Is(err, fs.ErrNotExist),
			lock: flock.New(name, flock.SetPermissions(0o666))}
		try := p.lock.TryRLock
		if exclusive {
			try = p.lock.TryLock
		}
		ok, err := try()
		switch unwritable := errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS); {
		case unwritable && !exclusive && p.made:
			p.lock, p.made = nil, false
			return p, nil
		case unwritable:
			return nil, fmt.Errorf("making the lock file %s: %w; the directory %s must be writable, except for reading a store", name, err, filepath.Dir(name))
		case err != nil:
			return nil, fmt.Errorf("locking %s: %w", name, err)
		case !ok:
			return nil, fmt.Errorf("%w: %s has it open; close it there, or end that process, and try again", store.ErrInUse, holder(name))
		}
		if p.removed() {
			if err := p.lock.Unlock(); err != nil {
				return nil, err
			}
			continue
		}
		p.sign()
		return p, nil
	}
}

// removed tells whether the lock's file was removed by the one who had it before:
// then others may lock another one.
func (p *presence) removed() bool {
	mine, err := p.lock.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(p.lock.Path())
	return err != nil || !os.SameFile(mine, there)
}

// sign writes into the lock's file, past the byte that is locked, which process
// has it for itself. That is for messages only.
func (p *presence) sign() {
	name := p.lock.Path()
	if !p.exclusive {
		p.unsign() // of a process that was killed
		return
	}
	if f, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 1)
		f.Close()
	}
}

func (p *presence) unsign() {
	if info, err := os.Stat(p.lock.Path()); err == nil && info.Size() > 0 {
		os.Truncate(p.lock.Path(), 0)
	}
}

// holder says who has a lock, as far as is known.
func holder(name string) string {
	content, _ := os.ReadFile(name) // fails on Windows, for the byte that is locked
	if pid := strings.Trim(string(content), "\x00\n"); pid != "" {
		return "process " + pid
	}
	return "another process"
}

// leave lets go of the lock.
func (p *presence) leave() error {
	if p.lock == nil {
		return nil
	}
	if p.exclusive {
		p.unsign()
	}
	return p.lock.Unlock()
}
