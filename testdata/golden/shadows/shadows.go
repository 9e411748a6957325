// Package shadows declares what would hide the imports, the parameters and the
// variables of generated code.
package shadows

import (
	"database/sql"
	clock "time"
)

type (
	model string
	base  struct{ Name string }
	v     string
	k     int
	e     struct{ ID v }
	ok    bool
)

var (
	codec      = 1
	merge      = 2
	resetcodec = 3
	time       = codec + merge + resetcodec
)

func store() int { return time }

func remote(base, local, remote model) (model, error) { return local, nil }

func mc(base, local, remote float64) (float64, error) { return local + float64(store()), nil }

func m(base, local, remote []base) ([]base, error) { return local, nil }

type Thing struct {
	ID     v       `reset:"key"`
	Name   model   `reset:"merge=func:remote"`
	Ratio  float64 `reset:"merge=func:mc"`
	Bases  []base  `reset:"merge=func:m"`
	Counts map[k]v `reset:"merge=map"`
	Items  []e     `reset:"merge=list,by=ID"`
	Maybe  sql.Null[e]
	Sure   sql.Null[ok]
	Since  clock.Time
	Until  *clock.Time
}
