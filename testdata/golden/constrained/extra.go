//go:build !minimal

package constrained

type Extra struct {
	ID     string `reset:"key"`
	Shared []Shared
	Lonely []Lonely
}
