package model

import (
	"fmt"
)

// FieldError says that a field's value cannot be stored, or that a stored value
// does not fit the field.
type FieldError struct {
	Model string // the stored name of the model
	Field string // the stored name of the field
	Value Value  // the stored value that does not fit; absent where a Go value cannot be stored
	Err   error
}

// Error names the model and the field and says what is wrong.
func (e *FieldError) Error() string {
	if e.Value.IsAbsent() {
		return fmt.Sprintf("%s.%s cannot be stored: %v", e.Model, e.Field, e.Err)
	}
	return fmt.Sprintf("%s.%s: the stored value does not fit: %v", e.Model, e.Field, e.Err)
}

// Unwrap gives the reason.
func (e *FieldError) Unwrap() error { return e.Err }
