package p

type site struct {
	_  struct{} `reset:"name=hidden_site"`
	ID string   `reset:"key"`
}

type Site struct {
	ID  string `reset:"key"`
	X_Y int
}

type Site_X struct {
	ID string `reset:"key"`
	Y  int
}
