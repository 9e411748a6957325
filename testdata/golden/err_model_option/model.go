package p

type Finding struct {
	_  struct{} `reset:"trak=object"`
	ID string   `reset:"key"`
}

type Site struct {
	_  struct{} `reset:"track=objct"`
	_  struct{} `reset:"name=place"`
	ID string   `reset:"key"`
}

type Visit struct {
	_  struct{} `reset:"key"`
	ID string
}

type Photo struct {
	ID    string `reset:"key,track=object"`
	Title string
}
