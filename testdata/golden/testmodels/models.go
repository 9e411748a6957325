// Package testmodels has a model, and some more in its tests.
package testmodels

type Point struct{ X, Y int }

type Plan struct {
	ID     string `reset:"key"`
	Points []Point
}
