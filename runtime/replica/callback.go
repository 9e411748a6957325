package replica

import (
	"fmt"
	"runtime/debug"
)

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
