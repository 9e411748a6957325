// Package geo is another package.
package geo

// Point is a place on a map.
type Point struct {
	X, Y  float64
	Label string `reset:"name=text"`
}

// Path is a list of what only this package would have to be imported for.
type Path []Point
