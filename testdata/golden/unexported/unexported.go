// Package unexported keeps its models to itself.
package unexported

// finding is no part of the package's interface, and neither is what is
// generated for it.
type finding struct {
	ID    string `reset:"key"`
	Title string
	Spots []spot
}

type spot struct{ X, Y int }

// item_v2 has a name of many parts.
type item_v2 struct {
	ID_2    string `reset:"key"`
	Name_1  string
	URLPath string
}
