package p

import "github.com/resetgen/resetgen/testdata/golden/err_type_error/nowhere"

// Other is broken, and no concern of ours.
type Other struct{ Record FindingRecord }

var _ = unknown()

type Finding struct {
	ID    string `reset:"key"`
	Title Strin
	Place nowhere.Place
	Rows  []Missing
	Where Location
	Title int
}

type Location struct{ Lat Degrees }
