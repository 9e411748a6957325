package intest

type probe struct {
	ID     string `reset:"key"`
	Points []Point
}
