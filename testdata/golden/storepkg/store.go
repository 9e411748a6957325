// Package store is called like a package of the runtime.
package store

type Shop struct {
	ID   string `reset:"key"`
	Name string
}
