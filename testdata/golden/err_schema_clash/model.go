package p

// Schema is taken already.
const Schema = 1

type Finding struct {
	ID string `reset:"key"`
}
