// Package nested has structs in structs: their leaves are tracked and merged one
// by one.
package nested

import "time"

// Location is a place on Earth.
type Location struct {
	Lat, Lng float64
	// Note says how to get there.
	Note string
}

// Address has a struct in it.
type Address struct {
	Street string
	Where  Location
}

type Customer struct {
	ID      string `reset:"key"`
	Home    Address
	Work    Address
	Contact struct {
		Mail  string
		Phone struct {
			Country, Number string
			Tried           []time.Time
		}
	}
	hidden Location
}

// Hidden shows that fields which are not stored stay what they are.
func (c *Customer) Hidden() Location { return c.hidden }
