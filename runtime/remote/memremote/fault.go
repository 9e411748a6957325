package memremote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrConnection is what a call gives that a Fault hit, or that was made while the
// backend was offline. As with a real network, the call may have worked.
var ErrConnection = errors.New("the connection to the backend was lost")

// Call is one of the calls that a client makes.
type Call string

// The calls.
const (
	Pull     Call = "pull"
	Push     Call = "push"
	Settle   Call = "settle"
	Snapshot Call = "snapshot"
	Watch    Call = "watch"
)

// Kind is what happens to a call.
type Kind string

// The kinds. A Pull, Snapshot or Watch changes nothing, so that they are all the
// same to it.
const (
	LoseCall   Kind = "call lost"   // it never arrives
	LoseAnswer Kind = "answer lost" // it is carried out, and the client does not hear of it
	ArriveLate Kind = "call late"   // the client gives up; the call arrives at the next DeliverLate
)

// Fault is something that goes wrong, once. The client sees an error that wraps
// ErrConnection.
type Fault struct {
	Call   Call
	Kind   Kind   // "" means LoseCall
	Client string // whose call; "" means anybody's

	// After is how many such calls arrive before it; of Pull and Snapshot, pages.
	// A Pull that finds nothing counts as a page.
	After int
}

// String names the fault.
func (f Fault) String() string {
	text := fmt.Sprintf("%s: %s", f.Call, f.Kind)
	if f.Client != "" {
		text += " of client " + f.Client
	}
	if f.After > 0 {
		text += fmt.Sprintf(" after %d more", f.After)
	}
	return text
}

// Inject lets things go wrong. Each fault happens once; of two that wait for the
// same call the first one happens, and the other does not count that call.
func (b *Backend) Inject(faults ...Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range faults {
		if f.Kind == "" {
			f.Kind = LoseCall
		}
		b.faults = append(b.faults, &f)
	}
}

// Pending lists the faults that did not happen yet, with what is left of their
// After.
func (b *Backend) Pending() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	var pending []Fault
	for _, f := range b.faults {
		pending = append(pending, *f)
	}
	return pending
}

// Offline makes the backend unreachable for a client until Online; "" is
// everybody. What is running ends with an error.
func (b *Backend) Offline(client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offline[client] = true
	b.wake()
}

// Online ends Offline; "" ends all of them.
func (b *Backend) Online(client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if client == "" {
		clear(b.offline)
	}
	delete(b.offline, client)
}

// DeliverLate lets the calls arrive that are late, in their order, and gives what
// each was answered with, which nobody else hears of.
func (b *Backend) DeliverLate() []error {
	b.mu.Lock()
	late := b.late
	b.late = nil
	b.mu.Unlock()
	answers := make([]error, len(late))
	for i, call := range late {
		answers[i] = call()
	}
	return answers
}

// send makes a call that changes something.
func send[T any](ctx context.Context, b *Backend, client string, call Call, do func() (T, error)) (answer T, err error) {
	fault, err := b.arrive(ctx, client, call)
	if err != nil {
		return answer, err
	}
	switch fault {
	case "":
		return do()
	case LoseAnswer:
		do()
	case ArriveLate:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.late = append(b.late, func() error { _, err := do(); return err })
	}
	return answer, lost(client, call)
}

// reach makes a call that changes nothing, so that it does not matter where it is
// lost.
func (b *Backend) reach(ctx context.Context, client string, call Call) error {
	fault, err := b.arrive(ctx, client, call)
	if err == nil && fault != "" {
		err = lost(client, call)
	}
	return err
}

func lost(client string, call Call) error {
	return fmt.Errorf("%s of client %s: %w", call, client, ErrConnection)
}

// arrive takes its time, and then tells what happens to a call; "" is nothing.
func (b *Backend) arrive(ctx context.Context, client string, call Call) (Kind, error) {
	if b.options.Latency != nil {
		if err := sleep(ctx, b.options.Latency(client, call)); err != nil {
			return "", err
		}
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.connected(client); err != nil {
		return "", fmt.Errorf("%s: %w", call, err)
	}
	concerns := func(f *Fault) bool { return f.Call == call && (f.Client == "" || f.Client == client) }
	if i := slices.IndexFunc(b.faults, func(f *Fault) bool { return concerns(f) && f.After <= 0 }); i >= 0 {
		kind := b.faults[i].Kind
		b.faults = slices.Delete(b.faults, i, i+1)
		return kind, nil
	}
	for _, f := range b.faults {
		if concerns(f) {
			f.After--
		}
	}
	return "", nil
}

// connected tells whether a client can reach the backend. It is locked.
func (b *Backend) connected(client string) error {
	if b.offline[""] || b.offline[client] {
		return fmt.Errorf("client %s is offline: %w", client, ErrConnection)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
