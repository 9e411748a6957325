// Package keys has a model for each type that a key can have.
package keys

import "net/netip"

// Code is a string with a name.
type Code string

// UUID is an array with a name.
type UUID [16]byte

type ByString struct {
	Key  string `reset:"key"`
	Name string
}

type ByCode struct {
	Key  Code `reset:"key"`
	Name string
}

type ByInt struct {
	Key  int `reset:"key"`
	Name string
}

type ByUint struct {
	Key  uint32 `reset:"key"`
	Name string
}

type ByArray struct {
	Key  [16]byte `reset:"key"`
	Name string
}

type ByUUID struct {
	Key  UUID `reset:"key"`
	Name string
	Next UUID `reset:"ref=ByUUID"`
}

type ByText struct {
	Key  netip.Prefix `reset:"key"`
	Name string
}

// KeyOnly is nothing but its key.
type KeyOnly struct {
	Key string `reset:"key"`
}
