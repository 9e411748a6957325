// Package inspect is the model of a field inspection app.
package inspect

import "time"

//go:generate resetgen

// Severity says how bad a finding is, from 0 to 5.
type Severity int

// Location is a place on Earth.
type Location struct {
	Lat, Lng float64
}

// Photo is a picture that was taken on a visit.
type Photo struct {
	Hash    string
	Caption string
	Taken   time.Time
}

// Finding is one defect seen on a site visit.
type Finding struct {
	_  struct{} `reset:"track=field"`
	ID string   `reset:"key"`

	// Site is where it was seen.
	Site     string `reset:"ref=Site,index"`
	Title    string
	Severity Severity          `reset:"merge=max"`
	Note     string            `reset:"merge=text"`
	Tags     []string          `reset:"merge=set"`
	Visits   int64             `reset:"merge=counter"`
	Attrs    map[string]string `reset:"merge=map"`
	Photos   []Photo           `reset:"merge=list,by=Hash"`
	Where    Location
	Due      *time.Time `reset:"merge=newest"`
	Seen     time.Time  // when it was seen first
	cache    int
}

// Site is a place that is visited.
type Site struct {
	ID   string `reset:"key"`
	Name string
}
