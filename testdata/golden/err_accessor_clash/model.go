package p

type Location struct{ Lat, Lng float64 }

type Base struct{ Title string }

type Finding struct {
	ID        string `reset:"key"`
	Where     Location
	WhereLat  float64
	Note      string
	SetNote   bool
	Plain     bool
	Visits    int `reset:"merge=counter"`
	AddVisits bool
	Title     string
	Base
	Attrs    map[string]string
	PutAttrs string
}
