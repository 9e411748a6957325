package p

type Finding struct {
	ID string `reset:"key"
	Title string
}
