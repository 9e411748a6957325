package constrained

// Own is a name that Shared has only here.
type Own = Shared

type Device struct {
	ID     string `reset:"key"`
	Shared []Own
	Lonely []Lonely
}
