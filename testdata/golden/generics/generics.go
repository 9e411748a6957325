// Package generics has fields of instantiated types, some with the type
// arguments of other packages.
package generics

import "time"

// Box holds a value and when it was put in.
type Box[T any] struct {
	Value T
	Since time.Time
}

// Pair holds two.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Tree contains itself.
type Tree[T any] struct {
	Value T
	Kids  []Tree[T]
}

// Set is a list with a name.
type Set[T comparable] []T

type Shelf struct {
	ID     string `reset:"key"`
	Box    Box[string]
	Boxes  []Box[string]
	Pairs  []Pair[string, time.Duration]
	Deep   []Pair[Box[int], *Box[[]byte]]
	Lists  []Pair[[]string, map[string]int]
	Tree   Tree[int]
	Names  Set[string]             `reset:"merge=set"`
	ByName map[string]Box[float64] `reset:"merge=map"`
	Opaque []Pair[struct{ X int }, [2]bool]
}
