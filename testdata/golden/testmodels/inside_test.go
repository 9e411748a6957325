package testmodels

type inside struct {
	ID     string `reset:"key"`
	Points []Point
	Marks  []mark
}

type mark struct{ Text string }
