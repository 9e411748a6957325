package p

type Finding[T any] struct {
	ID    string `reset:"key"`
	Value T
}

type Alias = struct {
	ID string `reset:"key"`
}
