// Package store keeps the objects of an app, and beside them the record of what
// is unsynced.
//
// A Store runs transactions over a Driver. Typed collections, which generated
// code declares, read and write in them; every write is stamped and leaves an
// entry in the transaction that makes it, so that a transaction that fails
// leaves no trace of either.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/resetgen/resetgen/internal/notify"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Options are how a store is opened. The zero Options are fit for an app.
type Options struct {
	// ReadOnly opens a store that exists, and changes nothing in it: a backup.
	ReadOnly bool

	// Now is the wall clock; nil means time.Now.
	Now func() time.Time

	// Ahead is how far ahead of the wall clock a remote stamp may lie and still
	// move the store's clock; 0 means stamp.DefaultAhead.
	Ahead time.Duration

	// Logger is told what needs nobody's decision; nil means slog.Default.
	Logger *slog.Logger
}

// Store is an open store. Its methods are safe for concurrent use: one Update
// runs at a time, beside any number of Views.
type Store struct {
	path     string
	schema   *Schema
	engine   Engine
	clock    *stamp.Clock
	log      *slog.Logger
	readOnly bool

	writing chan struct{} // holds a token while nobody writes

	synced  notify.Listeners[LastSynced]
	changes notify.Listeners[Changes]

	mu       sync.Mutex
	state    state // of the latest commit
	open     int   // transactions under way
	closed   bool
	done     chan struct{} // closed when Close is through, with closeErr
	closeErr error
	idle     chan struct{} // closed when the last transaction of a closed store ends
}

// Open opens the store at path, which the driver makes if there is none, unless
// it is opened to be read only.
func Open(ctx context.Context, driver Driver, path string, schema *Schema, o Options) (*Store, error) {
	if driver == nil {
		return nil, fmt.Errorf("opening the store %s: the driver is nil", path)
	}
	if err := schema.check(); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	log := o.Logger
	if log == nil {
		log = slog.Default()
	}
	engine, err := driver.Open(ctx, path, schema, DriverOptions{ReadOnly: o.ReadOnly, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s := &Store{path: path, schema: schema, engine: engine, log: log, readOnly: o.ReadOnly, writing: make(chan struct{}, 1)}
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, errors.Join(err, engine.Close()))
	}
	s.synced.Quiet, s.synced.Logger = quiet, log
	s.changes.Merge, s.changes.Logger = Changes.And, log
	s.clock = stamp.NewClock(s.state.High, o.Now, o.Ahead)
	s.writing <- struct{}{}
	return s, nil
}

// begin reads the store's record of itself, and writes that of a new store.
func (s *Store) begin(ctx context.Context) error {
	tx, err := s.engine.Begin(ctx, !s.readOnly)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var found bool
	if s.state, found, err = loadState(tx); err != nil || found {
		return err
	}
	content, err := s.anyContent(tx)
	if err != nil {
		return err
	}
	if content || s.readOnly {
		return fmt.Errorf("%w: it has no record of itself", ErrCorrupt)
	}
	s.state = newState()
	if err := s.state.save(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// anyContent tells whether the store holds anything.
func (s *Store) anyContent(tx EngineTx) (bool, error) {
	for _, err := range tx.Entries("", model.Value{}) {
		return err == nil, err
	}
	for _, m := range s.schema.Models() {
		for _, err := range tx.Rows(m.Info) {
			return err == nil, err
		}
	}
	return false, nil
}

// Path is where the store lies.
func (s *Store) Path() string { return s.path }

// Schema is the schema that the store was opened with.
func (s *Store) Schema() *Schema { return s.schema }

// ID tells this store from every other; a copy of its files has it too.
func (s *Store) ID() string { return s.committed().ID }

// Seq is the sequence of the latest commit.
func (s *Store) Seq() uint64 { return s.committed().Seq }

// LastSynced is the point up to which everything is settled with the backend,
// and whether there is one.
func (s *Store) LastSynced() (LastSynced, bool) {
	if at := s.committed().LastSynced; at != nil {
		return *at, true
	}
	return LastSynced{}, false
}

func (s *Store) committed() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Update runs do in a transaction that writes. The changes last when Update
// returns without an error; after an error, or a panic in do, nothing was
// changed. After an error of the disk in committing it is not known whether all was
// written or nothing: open the store again to see. It waits while another Update runs,
// until ctx ends, so do must not call it.
func (s *Store) Update(ctx context.Context, do func(tx *Tx) error) error {
	if s.readOnly {
		return fmt.Errorf("writing to %s: %w", s.path, ErrReadOnly)
	}
	if err := s.turn(ctx); err != nil {
		return fmt.Errorf("waiting to write to %s (is one Update begun inside of another?): %w", s.path, err)
	}
	defer func() { s.writing <- struct{}{} }()
	return s.run(ctx, true, do)
}

// turn waits until nobody else writes. Whoever calls Update from within Update
// waits for ever, so a long wait is logged.
func (s *Store) turn(ctx context.Context) error {
	select {
	case <-s.writing:
		return nil
	default:
	}
	const long = 10 * time.Second
	warn := time.AfterFunc(long, func() {
		s.log.Warn("waiting to write; an Update inside of another Update of the same store would wait for ever", "store", s.path, "waited", long)
	})
	defer warn.Stop()
	select {
	case <-s.writing:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// View runs do in a transaction that reads: it sees the store as of its
// beginning, whatever is written meanwhile.
func (s *Store) View(ctx context.Context, do func(tx *Tx) error) error {
	return s.run(ctx, false, do)
}

func (s *Store) run(ctx context.Context, write bool, do func(tx *Tx) error) error {
	if do == nil {
		return fmt.Errorf("beginning a transaction in %s: there is no function to run in it", s.path)
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	engineTx, err := s.engine.Begin(ctx, write)
	if err != nil {
		return fmt.Errorf("beginning a transaction in %s: %w", s.path, err)
	}
	tx := &Tx{ctx: ctx, store: s, engine: engineTx, write: write, told: write && s.changes.Any()}
	defer tx.end()
	if tx.state, _, err = loadState(engineTx); err != nil {
		return fmt.Errorf("beginning a transaction in %s: %w", s.path, err)
	}
	if err := do(tx); err != nil || !write {
		return err
	}
	return tx.commit()
}

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s: %w", s.path, ErrClosed)
	}
	s.open++
	return nil
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open--; s.closed && s.open == 0 {
		close(s.idle)
	}
}

// Close waits for the transactions under way and releases the store. Later calls
// wait for the first and give its error. It must not be called inside of a transaction, which it would
// wait for.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.done
		return s.closeErr
	}
	s.closed, s.idle, s.done = true, make(chan struct{}), make(chan struct{})
	if s.open == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	<-s.idle
	if err := s.engine.Close(); err != nil {
		s.closeErr = fmt.Errorf("closing the store %s: %w", s.path, err)
	}
	close(s.done)
	return s.closeErr
}
