// Package foreign has fields whose types are from other packages, two of them of
// one name and one called like a package of the runtime.
package foreign

import (
	"github.com/resetgen/resetgen/testdata/golden/foreign/geo"
	mapgeo "github.com/resetgen/resetgen/testdata/golden/foreign/map/geo"
	"github.com/resetgen/resetgen/testdata/golden/foreign/model"
)

type Place struct {
	ID    string `reset:"key"`
	Kind  geo.Kind
	Where geo.Point
	Zone  geo.Zone
	OnMap mapgeo.Point
	Spots []mapgeo.Point
	Grade model.Grade `reset:"merge=max"`
	Path  []geo.Point `reset:"merge=list"`
	Mark  geo.Mark
	Marks []geo.Mark
}
