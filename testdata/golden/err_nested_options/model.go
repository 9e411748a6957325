package p

type Location struct {
	Lat float64 `reset:"merge=max"`
}

type Base struct{ Title string }

type Finding struct {
	Base  `reset:"name=base"`
	ID    string   `reset:"key"`
	Where Location `reset:"merge=remote,name=place"`
	From  struct {
		_    struct{} `reset:"track=object"`
		Name string   `reset:"merge=set"`
	}
}
