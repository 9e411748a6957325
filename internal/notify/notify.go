// Package notify calls functions that were asked to be told of something, one
// call at a time for each of them and never on the goroutine that tells.
package notify

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Listeners are the functions that are told of T. What happens while a function
// is busy, or within Quiet of its latest call, is merged and told by one call, so
// that nothing is left out and a slow function costs nobody else anything. The zero
// Listeners is ready; it is safe for concurrent use and must not be copied.
type Listeners[T any] struct {
	// Merge makes one of what is still to be told and what has happened since; nil
	// means that the latest says it all.
	Merge func(pending, next T) T

	// Quiet is the least time between the beginnings of two calls.
	Quiet time.Duration

	// Logger is told of a function that panics; nil means slog.Default.
	Logger *slog.Logger

	mu  sync.Mutex
	all map[*listener[T]]struct{}
}

// Add has listen called from now on, until stop is called. stop waits for a call
// under way, so it must not be called from listen.
func (l *Listeners[T]) Add(listen func(T)) (stop func()) {
	one := &listener[T]{of: l, listen: listen}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[*listener[T]]struct{}{}
	}
	l.all[one] = struct{}{}
	return func() {
		l.mu.Lock()
		delete(l.all, one)
		l.mu.Unlock()
		one.stop()
	}
}

// Any tells whether anybody listens.
func (l *Listeners[T]) Any() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all) > 0
}

// Tell has every listener told of v.
func (l *Listeners[T]) Tell(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for one := range l.all {
		one.tell(v)
	}
}

// listener is one function that Add was given.
type listener[T any] struct {
	of     *Listeners[T]
	listen func(T)

	mu      sync.Mutex
	next    T
	waiting bool          // next is to be told
	timer   *time.Timer   // until it is time; nil while none is set
	calling chan struct{} // closed when the call under way ends; nil while there is none
	last    time.Time     // when the latest call began
	stopped bool
}

func (l *listener[T]) tell(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting && l.of.Merge != nil {
		v = l.of.Merge(l.next, v)
	}
	l.next, l.waiting = v, true
	l.schedule()
}

// schedule sets the timer for the next call, if there is one to make and none
// under way.
func (l *listener[T]) schedule() {
	if l.waiting && !l.stopped && l.calling == nil && l.timer == nil {
		l.timer = time.AfterFunc(max(0, l.of.Quiet-time.Since(l.last)), l.call)
	}
}

func (l *listener[T]) call() {
	l.mu.Lock()
	l.timer = nil
	if l.stopped {
		l.mu.Unlock()
		return
	}
	v, done := l.next, make(chan struct{})
	l.waiting, l.calling, l.last = false, done, time.Now()
	l.mu.Unlock()
	defer func() {
		p := recover()
		l.mu.Lock()
		l.calling = nil
		close(done)
		l.schedule()
		l.mu.Unlock()
		if p != nil {
			l.of.log().Error("a listener panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	l.listen(v)
}

func (l *Listeners[T]) log() *slog.Logger {
	if l.Logger == nil {
		return slog.Default()
	}
	return l.Logger
}

func (l *listener[T]) stop() {
	l.mu.Lock()
	l.stopped = true
	if l.timer != nil {
		l.timer.Stop()
	}
	calling := l.calling
	l.mu.Unlock()
	if calling != nil {
		<-calling
	}
}
