// Package intest has its only model in a test file.
package intest

// Point is declared outside of the tests.
type Point struct{ X, Y int }
