package p

type string = int

var nil = 0

type Finding struct {
	ID    string `reset:"key"`
	Count int
}
