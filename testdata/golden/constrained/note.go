// Package constrained has models that are part of some builds only.
package constrained

// Shared is used by a file that is part of every build, so all can rely on its
// codec.
type Shared struct{ Name string }

// Lonely is used by files that some builds leave out: each of them has a codec
// for it.
type Lonely struct{ Name string }

type Note struct {
	ID     string `reset:"key"`
	Shared []Shared
}
