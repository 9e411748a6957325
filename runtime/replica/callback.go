package replica

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrInCallback: a function of the app's (Options) has called, with the context that
// it was given, what would wait until it has returned.
var ErrInCallback = errors.New("called from a callback of the replica; return from it first")

// PanicError is a panic in a function of the app's.
type PanicError struct {
	Func  string // which
	Value any
	Stack []byte
}

// Error says which function panicked, and with what.
func (e *PanicError) Error() string { return fmt.Sprintf("%s panicked: %v", e.Func, e.Value) }

// contain runs a function of the app's and makes a panic an error.
func contain(name string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Func: name, Value: p, Stack: debug.Stack()}
		}
	}()
	return do()
}

// callbackOf marks the context of a callback, callerOf keeps the one that detach was
// given.
type (
	callbackOf struct{ *Replica }
	callerOf   struct{}
)

// callback is the context for a function of the app's. It ends with ctx, also where
// that is a detached one, when the replica is closed, and when the function has
// returned, which end says.
func (r *Replica) callback(ctx context.Context) (called context.Context, end func()) {
	if caller, ok := ctx.Value(callerOf{}).(context.Context); ok {
		ctx = caller
	}
	return r.untilClosed(context.WithValue(ctx, callbackOf{r}, true))
}

// inCallback tells whether ctx is that of a callback.
func (r *Replica) inCallback(ctx context.Context) bool { return ctx.Value(callbackOf{r}) != nil }

// detach is ctx for what goes on to its end when ctx has ended. Callbacks in it end
// with ctx all the same.
func detach(ctx context.Context) context.Context {
	if ctx.Value(callerOf{}) != nil { // it is detached already
		return ctx
	}
	return context.WithValue(context.WithoutCancel(ctx), callerOf{}, ctx)
}
