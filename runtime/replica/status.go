package replica

import (
	"fmt"
	"time"
)

// State is what a replica's session is about.
type State uint8

// The states.
const (
	Stopped   State = iota // no session; Start begins one
	Paused                 // the session does nothing until Start
	Syncing                // pushing and pulling
	Idle                   // everything is pushed and pulled, as far as is known
	Offline                // the latest try failed (Status.Err); another follows at Status.NextTry
	Resetting              // a client reset is under way (Status.Step)
	Failed                 // the session has ended for good (Status.Err)
)

var stateNames = [...]string{"stopped", "paused", "syncing", "idle", "offline", "resetting", "failed"}

// String is the lower-case name of the state.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", s)
}

// Status is what an app's screen shows of a replica.
type Status struct {
	State   State
	Err     error     // why it is Offline or Failed
	NextTry time.Time // when Offline
	Step    Step      // when Resetting

	// HeldBack is how many objects of the backend's a constraint of this store does
	// not let in: another object here has a value that must be unique. They come in
	// when that one is changed.
	HeldBack int
}

// Status is how things stand.
func (r *Replica) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// OnStatus calls listen with the status as it is and each time that it changes,
// until stop is called. Calls are made one at a time, on a goroutine of their own,
// each with the latest. stop waits for a call under way, so it must not be called
// from listen.
func (r *Replica) OnStatus(listen func(Status)) (stop func()) {
	stop = r.statuses.Add(unlessClosed(r, listen))
	r.statuses.Tell(r.Status())
	return stop
}

// setStatus changes the status and wakes those who wait for it.
func (r *Replica) setStatus(change func(*Status)) {
	r.mu.Lock()
	before := r.status
	change(&r.status)
	now := r.status
	close(r.moved)
	r.moved = make(chan struct{})
	r.mu.Unlock()
	if now != before {
		r.statuses.Tell(now)
	}
}

func (r *Replica) setState(state State) {
	r.setStatus(func(s *Status) { s.State, s.Err, s.NextTry, s.Step = state, nil, time.Time{}, "" })
}

// rest puts the status back to that of a replica without a session, after something that
// needs none and has ended with err. A session that runs says itself how things stand.
func (r *Replica) rest(err error) {
	r.setStatus(func(s *Status) {
		if r.session != nil {
			return
		}
		if err == nil {
			if r.resting.Err = nil; r.resting.State == Failed {
				r.resting.State = Stopped
			}
		}
		*s = Status{State: r.resting.State, Err: r.resting.Err, HeldBack: s.HeldBack}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	hold(r.kick)
	if r.session != nil { // which may be waiting to try again, and shows what this has come to
		hold(r.hurry)
	}
}
