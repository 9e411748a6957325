package p

import (
	"io"
	"unsafe"
)

type Handler func()

type Finding struct {
	ID      string `reset:"key"`
	Events  chan int
	Handle  Handler
	Any     any
	Reader  io.Reader
	Ratio   complex128
	Address uintptr
	Raw     unsafe.Pointer
	Many    []any
	Named   map[string]func()
	Deep    [2][]map[string]*chan int
	Group   []Group
	Ignored chan int `reset:"-"`
}

type Group struct {
	Name string
	Done chan bool
}
