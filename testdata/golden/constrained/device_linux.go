package constrained

type Device struct {
	ID     string `reset:"key"`
	Shared []Shared
	Lonely []Lonely
}
