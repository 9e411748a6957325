// Package geo is where another package's types come from.
package geo

// Point is a place.
type Point struct{ Lat, Lng float64 }

// Zone is a list of places.
type Zone []Point

// Kind says what a place is.
type Kind string

// Mark is what others call a mark, which they cannot name.
type Mark = mark

type mark struct{ Color string }
