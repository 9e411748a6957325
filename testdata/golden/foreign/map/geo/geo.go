// Package geo is another package of that name.
package geo

// Point is a place on a map.
type Point struct{ X, Y int }
