package catalog

// FeatureByObject is Feature with one stamp for the whole object, to show what
// that choice costs.
type FeatureByObject struct {
	_             struct{} `reset:"track=object"`
	ID            string   `reset:"key"`
	Description   string
	MDNURL        string `reset:"name=mdn_url"`
	SourceFile    string
	SpecURLs      []string `reset:"merge=set,name=spec_urls"`
	Tags          []string `reset:"merge=set"`
	Deprecated    bool
	Experimental  bool
	StandardTrack bool
	Support       map[string]string `reset:"merge=map"` // by browser
}

// FeatureByJournal is Feature without stamps of its own.
type FeatureByJournal struct {
	_             struct{} `reset:"track=journal"`
	ID            string   `reset:"key"`
	Description   string
	MDNURL        string `reset:"name=mdn_url"`
	SourceFile    string
	SpecURLs      []string `reset:"merge=set,name=spec_urls"`
	Tags          []string `reset:"merge=set"`
	Deprecated    bool
	Experimental  bool
	StandardTrack bool
	Support       map[string]string `reset:"merge=map"` // by browser
}
