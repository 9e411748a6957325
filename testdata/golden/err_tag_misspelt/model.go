package p

// Finding would be no model at all.
type Finding struct {
	ID    string `rest:"key"`
	Title string `rest:"merge=text"`
}

// Site would lose what Note and Tags ask for.
type Site struct {
	_    struct{} `resset:"track=object"`
	ID   string   `reset:"key"`
	Note string   `json:"note" Rest:"merge=text"`
	Tags []string `reste:"merge=set, index"`
	Path string   `rest:"/sites/{id}"`
	Skip int      `rest:"-"`
}

// Request is another tool's business.
type Request struct {
	ID   string `rest:"index"`
	Path string `rest:"path"`
}
