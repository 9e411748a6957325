package replica

import (
	"context"
	"fmt"
	"sync"
)

// gate lets users of the live store in, and keeps them out while it is exchanged.
// The zero gate is open.
type gate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // closed when the gate opens again; nil while it is open
	empty  chan struct{} // closed when the last one leaves; set while someone waits for that
	ended  error         // why the gate will not open again
}

// enter waits until the gate is open, or ctx ends. Where the gate waits for who wants
// to enter, it says so.
func (g *gate) enter(ctx context.Context, callback bool) error {
	for {
		g.mu.Lock()
		if g.ended != nil {
			defer g.mu.Unlock()
			return g.ended
		}
		if g.shut == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		shut := g.shut
		g.mu.Unlock()
		if callback {
			return fmt.Errorf("the stores are being exchanged: %w", ErrInCallback)
		}
		select {
		case <-shut:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// close shuts the gate and waits until nobody is inside. If ctx ends before that
// the gate is open again.
func (g *gate) close(ctx context.Context) error {
	empty := g.shutNow()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		g.open()
		return context.Cause(ctx)
	}
}

func (g *gate) shutNow() (empty chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
	empty = make(chan struct{})
	if g.inside == 0 {
		close(empty)
	} else {
		g.empty = empty
	}
	return empty
}

// open opens the gate.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.empty = nil
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// shutFor shuts the gate for good, and waits until nobody is inside. Whoever comes
// gets the error.
func (g *gate) shutFor(why error) {
	g.mu.Lock()
	g.ended = why
	g.mu.Unlock()
	<-g.shutNow()
	g.open() // for those who wait, to learn why
}
