// Package orders has models that refer to those of another package, and are
// referred to from there.
package orders

import "github.com/resetgen/resetgen/testdata/golden/crossref/customers"

type Order struct {
	No       string       `reset:"key"`
	Customer customers.ID `reset:"ref=customer,index"`
	Others   []customers.Customer
}
