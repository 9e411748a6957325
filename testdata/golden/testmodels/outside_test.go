package testmodels_test

import "github.com/resetgen/resetgen/testdata/golden/testmodels"

type Outside struct {
	ID     string `reset:"key"`
	Points []testmodels.Point
}
