package p

type Site struct {
	ID   string `reset:"key"`
	Name string `reset:"merge=locl"`
}
