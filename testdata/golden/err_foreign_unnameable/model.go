package p

import (
	"github.com/resetgen/resetgen/testdata/golden/err_foreign_unnameable/geo"
	"github.com/resetgen/resetgen/testdata/golden/err_foreign_unnameable/geo/list"
)

type Finding struct {
	ID    string `reset:"key"`
	Place geo.Place
	List  list.List
	Tags  geo.Tagged
}
