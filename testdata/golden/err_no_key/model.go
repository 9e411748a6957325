package p

// Finding asks to be a model and cannot be found again.
type Finding struct {
	_     struct{} `reset:"track=object"`
	Title string
}

type Site struct {
	_  struct{} `reset:"name=place"`
	id string   `reset:"key"`
}
