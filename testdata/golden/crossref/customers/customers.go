// Package customers refers to a model of a package that imports this one, by its
// stored name.
package customers

// ID is the key of a customer.
type ID string

type Customer struct {
	ID     ID `reset:"key"`
	Name   string
	Latest string `reset:"ref=order"`
}
