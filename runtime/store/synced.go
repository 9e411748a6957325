package store

import (
	"sync"
	"time"
)

// quiet is the least time between two calls of a listener: what comes sooner is
// told together with what comes next.
const quiet = 10 * time.Millisecond

// OnSynced calls listen each time that the point of LastSynced moves, with the
// latest one, until stop is called. Calls are made one at a time, on a goroutine
// of their own; moves closer than 10 ms to the previous call are told by one call
// for the latest of them, and none is left out. stop waits for a call under way,
// so it must not be called from listen.
func (s *Store) OnSynced(listen func(LastSynced)) (stop func()) {
	l := &listener{listen: listen}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners == nil {
		s.listeners = map[*listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	return func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
		l.stop()
	}
}

// tellSynced tells the listeners of a commit that moved the point.
func (s *Store) tellSynced(at LastSynced) {
	s.mu.Lock()
	listeners := make([]*listener, 0, len(s.listeners))
	for l := range s.listeners {
		listeners = append(listeners, l)
	}
	s.mu.Unlock()
	for _, l := range listeners {
		l.tell(at)
	}
}

// listener is one function that OnSynced was given.
type listener struct {
	listen func(LastSynced)

	calling sync.Mutex // held during a call

	mu      sync.Mutex
	next    LastSynced
	pending *time.Timer // set while a call is to come
	last    time.Time   // when the latest call began
	stopped bool
}

func (l *listener) tell(at LastSynced) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = at
	if l.pending == nil && !l.stopped {
		l.pending = time.AfterFunc(max(0, quiet-time.Since(l.last)), l.call)
	}
}

func (l *listener) call() {
	l.calling.Lock()
	defer l.calling.Unlock()
	l.mu.Lock()
	at, stopped := l.next, l.stopped
	l.pending, l.last = nil, time.Now()
	l.mu.Unlock()
	if !stopped {
		l.listen(at)
	}
}

func (l *listener) stop() {
	l.calling.Lock() // wait for a call under way
	defer l.calling.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.pending != nil {
		l.pending.Stop()
	}
}
