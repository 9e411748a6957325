package merge

import "fmt"

// PanicError is the panic of a function of the app's, caught so that the rest of
// the objects can go on.
type PanicError struct {
	Value any // what was passed to panic
}

// Error gives the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("the merge function panicked: %v", e.Value) }

// ask calls a function of the app's and turns a panic into an error.
func ask[T any](decide func(base, local, remote T) (T, error), base, local, remote T) (result T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v}
		}
	}()
	return decide(base, local, remote)
}
