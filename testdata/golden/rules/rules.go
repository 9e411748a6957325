// Package rules has a field for every merge rule, with the types that each can
// have.
package rules

import (
	"errors"
	"time"
)

// Line is an element of a list, known by its number.
type Line struct {
	No   int
	Text string
}

// Tag is an element of a set.
type Tag struct{ Name, Color string }

type Order struct {
	ID string `reset:"key"`

	LocalText   string            `reset:"merge=local"`
	LocalList   []string          `reset:"merge=local"`
	RemoteText  string            `reset:"merge=remote"`
	RemoteMap   map[string]int    `reset:"merge=remote"`
	NewestText  string            `reset:"merge=newest"`
	NewestFloat float64           `reset:"merge=newest"`
	MaxInt      int               `reset:"merge=max"`
	MaxFloat    float64           `reset:"merge=max"`
	MaxTime     time.Time         `reset:"merge=max"`
	MinUint     uint              `reset:"merge=min"`
	MinText     string            `reset:"merge=min"`
	Counter     int32             `reset:"merge=counter"`
	Total       uint64            `reset:"merge=counter"`
	Weight      float64           `reset:"merge=counter"`
	Set         []string          `reset:"merge=set"`
	SetOfStruct []Tag             `reset:"merge=set"`
	SetOfFloat  []float64         `reset:"merge=set"`
	Map         map[string]string `reset:"merge=map"`
	MapOfStruct map[int]Tag       `reset:"merge=map"`
	List        []string          `reset:"merge=list"`
	ListBy      []Line            `reset:"merge=list,by=No"`
	Text        string            `reset:"merge=text"`
	FuncText    string            `reset:"merge=func:Longer"`
	FuncList    []int             `reset:"merge=func:Concat"`
	FuncFloat   float64           `reset:"merge=func:Mean"`
}

// Longer takes the longer text.
func Longer(base, local, remote string) (string, error) {
	if len(local) > len(remote) {
		return local, nil
	}
	return remote, nil
}

// Concat takes what both have, and refuses when that is too long.
func Concat(base, local, remote []int) ([]int, error) {
	if len(local)+len(remote) > 1000 {
		return nil, errors.New("too long")
	}
	return append(append([]int{}, remote...), local...), nil
}

// Mean takes the middle.
func Mean(base, local, remote float64) (float64, error) { return (local + remote) / 2, nil }
