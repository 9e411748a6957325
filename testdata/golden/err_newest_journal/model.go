package p

type Finding struct {
	_     struct{} `reset:"track=journal"`
	ID    string   `reset:"key"`
	Title string   `reset:"merge=newest"`
}
