package p

type Finding struct {
	ID    string `reset:"key"`
	Title string `reset:"merge=remot"`
	Note  chan string
}

// Photo has a mistake although it is no model.
type Photo struct {
	Hash string `reset:"unik"`
}
