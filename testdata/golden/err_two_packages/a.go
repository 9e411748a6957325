package a

type Finding struct {
	ID string `reset:"key"`
}
