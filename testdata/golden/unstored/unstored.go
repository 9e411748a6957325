// Package unstored has fields that are not stored: the drift guard spells them
// all the same.
package unstored

import (
	"io"
	"net/http"
	"sync"
	"unsafe"
)

const size = 4

// Draft has fields of all the types that cannot be stored.
type Draft struct {
	_     struct{} `reset:"name=draft"`
	ID    string   `reset:"key" json:"id"`
	Title string   `json:"title"`

	Client *http.Client                         `reset:"-"`
	Notify func(kind string, more ...any) error `reset:"-"`
	Any    interface{ Get(key string) (v any) } `reset:"-"`
	Lines  <-chan struct {
		N int `json:"n"`
	} `reset:"-"`
	Hidden struct {
		io.Reader
		name string
	} `reset:"-"`
	mu     *sync.Mutex
	cells  [2 * size][]map[string]*Draft
	next   unsafe.Pointer
	done   chan<- (<-chan error)
	parent *Draft
	_      [0]func()
	_      int
}

// Cells shows that fields which are not stored are the app's own.
func (d *Draft) Cells() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.cells) + cap(d.done) + int(uintptr(d.next)) + d.parent.Cells()
}
