package store

import "time"

// quiet is the least time between two calls of a listener of OnSynced: what comes
// sooner is told together with what comes next.
const quiet = 10 * time.Millisecond

// OnSynced calls listen each time that the point of LastSynced moves, with the
// latest one, until stop is called. Calls are made one at a time, on a goroutine
// of their own; moves closer than 10 ms to the previous call are told by one call
// for the latest of them, and none is left out. stop waits for a call under way,
// so it must not be called from listen.
func (s *Store) OnSynced(listen func(LastSynced)) (stop func()) { return s.synced.Add(listen) }
