// Package catalog is the model of the example app: a catalogue of the features
// of the web, and which browsers support them.
package catalog

//go:generate go run ../../cmd/resetgen

// Feature is one feature of the web.
type Feature struct {
	_             struct{}          `reset:"track=field"`
	ID            string            `json:"id" reset:"key"`
	Description   string            `json:"description"`
	MDNURL        string            `json:"mdn_url" reset:"name=mdn_url"`
	SourceFile    string            `json:"source_file"`
	SpecURLs      []string          `json:"spec_urls" reset:"merge=set,name=spec_urls"`
	Tags          []string          `json:"tags" reset:"merge=set"`
	Deprecated    bool              `json:"deprecated"`
	Experimental  bool              `json:"experimental"`
	StandardTrack bool              `json:"standard_track"`
	Support       map[string]string `json:"support" reset:"merge=map"` // by browser
}
