// Package times has instants, which are equal when they are the same instant,
// wherever they are.
package times

import "time"

// Span is stored whole, in lists.
type Span struct {
	From, To time.Time
}

type Visit struct {
	ID      string `reset:"key"`
	Began   time.Time
	First   time.Time `reset:"merge=min"`
	Last    time.Time `reset:"merge=max"`
	Newest  time.Time `reset:"merge=newest"`
	Lasted  time.Duration
	Longest time.Duration `reset:"merge=max"`
	Total   time.Duration `reset:"merge=counter"`
	Days    []time.Time   `reset:"merge=set"`
	Breaks  []Span
	Shifts  [2]time.Time
	ByName  map[string]time.Time `reset:"merge=map"`
}
