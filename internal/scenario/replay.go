package scenario

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// atOnce is how many scenarios are replayed at a time: where their files lie on a
// real disk they wait for it most of the time.
const atOnce = 8

// Replay replays scenarios, several at a time, each with every store of the list. It
// yields them in their order with what was wrong, nil where nothing was.
func Replay(ctx context.Context, all []*Scenario, stores []Store) iter.Seq2[*Scenario, error] {
	return func(yield func(*Scenario, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make([]chan error, len(all))
		for i := range all {
			results[i] = make(chan error, 1)
		}
		go func() {
			room := make(chan struct{}, atOnce)
			for i, s := range all {
				room <- struct{}{}
				go func() {
					defer func() { <-room }()
					results[i] <- s.runAll(ctx, stores)
				}()
			}
		}()
		for i, s := range all {
			if !yield(s, <-results[i]) {
				return
			}
		}
	}
}

func (s *Scenario) runAll(ctx context.Context, stores []Store) error {
	var wrong []error
	for _, store := range stores {
		if err := s.Run(ctx, store); err != nil {
			wrong = append(wrong, fmt.Errorf("%w (%s)", err, store))
		}
	}
	return line(errors.Join(wrong...))
}
