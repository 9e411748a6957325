// Package model is called like a package of the runtime.
package model

// Grade is how good something is.
type Grade uint8
