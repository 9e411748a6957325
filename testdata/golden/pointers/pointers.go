// Package pointers has fields that can be null because they are pointers.
package pointers

import "time"

type Level int

// Point is stored whole behind a pointer: it is there or it is not.
type Point struct {
	X, Y float64
	Name *string
}

type Pointer struct {
	ID      string `reset:"key"`
	Bool    *bool
	Count   *int
	Size    *uint32
	Ratio   *float64
	Name    *string
	Level   *Level
	Data    *[]byte
	Due     *time.Time     `reset:"merge=newest"`
	Every   *time.Duration `reset:"merge=remote"`
	Where   *Point
	Digest  *[4]byte
	Choices *[]string
}
