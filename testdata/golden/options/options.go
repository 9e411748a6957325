// Package options has everything that tags can say besides rules.
package options

// Site is stored under a name that is not its Go name, and had others before.
type Site struct {
	_      struct{} `reset:"name=place,was=location,was=spot"`
	ID     string   `reset:"key,name=site_id"`
	Name   string   `reset:"name=title,was=label,was=caption"`
	Code   string   `reset:"unique"`
	Region string   `reset:"index"`
	Parent string   `reset:"ref=Site,index"`
	Cache  []byte   `reset:"-"`
	Where  struct {
		Lat float64 `reset:"was=lat,index"`
		Lng float64 `reset:"name=lon"`
	}
}

// HTTPServer has a stored name of two words.
type HTTPServer struct {
	ID     string `reset:"key"`
	Place  string `reset:"ref=place,index"`
	URLFor string
}
