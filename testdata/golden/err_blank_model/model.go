package p

type _ struct {
	ID    string `reset:"key"`
	Title string
}

type _ struct {
	Title string
}
