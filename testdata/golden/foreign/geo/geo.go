// Package geo is where another package's types come from.
package geo

// Point is a place.
type Point struct{ Lat, Lng float64 }

// Zone is a list of places.
type Zone []Point

// Kind says what a place is.
type Kind string
