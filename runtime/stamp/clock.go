package stamp

import (
	"sync"
	"time"
)

// DefaultAhead is how far ahead of the local wall clock a remote stamp may lie
// and still move a Clock.
const DefaultAhead = time.Hour

// Clock is a hybrid logical clock. Its readings never repeat and never run
// backwards, whatever the wall clock does. It is safe for concurrent use.
type Clock struct {
	now   func() time.Time
	ahead time.Duration

	mu   sync.Mutex
	last Stamp
}

// NewClock gives a clock whose readings are all larger than high, the largest
// stamp handed out or observed in an earlier life. A nil now means time.Now; an
// ahead of zero means DefaultAhead.
func NewClock(high Stamp, now func() time.Time, ahead time.Duration) *Clock {
	if now == nil {
		now = time.Now
	}
	if ahead == 0 {
		ahead = DefaultAhead
	}
	return &Clock{now: now, ahead: ahead, last: high}
}

// Next is a new reading, larger than every one before it and than every stamp
// observed. When the wall clock stands still or was set back, the logical
// counter goes on, and after 65,535 readings spills into the next millisecond.
func (c *Clock) Next() Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wall := At(c.now()); wall > c.last {
		c.last = wall
	} else if c.last < Max {
		c.last++
	}
	return c.last
}

// Observe moves the clock past a stamp that came from elsewhere, so that the
// next local write counts as later than what this device has seen. A stamp
// further ahead of the wall clock than the limit is from a broken clock: it
// does not move this one, and Observe reports false so that the caller can log
// it.
func (c *Clock) Observe(s Stamp) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s <= c.last {
		return true
	}
	if s > At(c.now().Add(c.ahead)) {
		return false
	}
	c.last = s
	return true
}

// Resume moves the clock past high, a reading of its own from another life, however
// far ahead of the wall clock it lies.
func (c *Clock) Resume(high Stamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, high)
}

// High is the largest stamp handed out or accepted so far: what a store keeps
// and gives to NewClock after a restart.
func (c *Clock) High() Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Wall is the wall clock's time, which a store notes for people to read.
func (c *Clock) Wall() time.Time { return c.now() }
