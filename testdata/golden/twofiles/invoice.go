// Package twofiles has its models in two files. What both need is declared in
// the first of them.
package twofiles

// Money is part of both.
type Money struct {
	Amount   int64
	Currency string
}

type Invoice struct {
	No    string `reset:"key"`
	Lines []Money
}

// Payment is the second model of the file.
type Payment struct {
	ID      string `reset:"key"`
	Invoice string `reset:"ref=Invoice,index"`
	Paid    *Money
}
