// Package before is the model of package convert in an earlier version of the
// app.
package before

// Price is an amount of money.
type Price struct {
	Cents    int64
	Currency string
}

// Fault is something that is broken.
type Fault struct {
	ID       string `reset:"key"`
	Title    string
	Severity string `reset:"index"`
	Tags     string
	Due      *uint8
	Price    *Price
	Where    struct {
		Floor int
	}
}
