// Package inspect is the model of an app for inspecting buildings.
package inspect

import "time"

//go:generate go run ../../../cmd/resetgen

// Finding is one defect seen on a site visit.
type Finding struct {
	_        struct{} `reset:"track=field"` // a stamp for each field; or object, or journal
	ID       string   `reset:"key"`
	Site     string   `reset:"ref=Site,index"`
	Title    string
	Severity int               `reset:"merge=max"`
	Note     string            `reset:"merge=text"`
	Tags     []string          `reset:"merge=set"`
	Visits   int64             `reset:"merge=counter"`
	Attrs    map[string]string `reset:"merge=map"`
	Photos   []Photo           `reset:"merge=list,by=Hash"`
	Where    Location          // a struct of its own: tracked and merged leaf by leaf
	Due      *time.Time        `reset:"merge=newest"`
}

// Site is a building that is visited.
type Site struct {
	ID   string `reset:"key"`
	Name string
}

// Photo is a picture that was taken on a visit.
type Photo struct{ Hash, Caption string }

// Location is a place on Earth.
type Location struct{ Lat, Lng float64 }
