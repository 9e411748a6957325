// Package aliases spells types as they are spelled in the source.
package aliases

import stamp "time"

type (
	ID          = string
	Instant     = stamp.Time
	Labels      = []string
	Picture     = Photo
	Pictures    = []Picture
	List[T any] = []T
	Lookup      = map[ID]Picture
	MaybeInt    = *int
	Place       = struct{ Lat, Lng float64 }
)

type Photo struct{ Hash ID }

type Entry struct {
	Key      ID `reset:"key"`
	Made     Instant
	Sent     stamp.Time `reset:"merge=max"`
	Labels   Labels     `reset:"merge=set"`
	Cover    *Picture
	Pictures Pictures
	Others   List[Picture] `reset:"merge=list"`
	Lookup   Lookup        `reset:"merge=map"`
	Count    MaybeInt
	Where    Place
	Any      byte
	Letter   rune
}
