package err_lock

import "sync"

// Cache guards itself.
type Cache struct {
	mu    sync.Mutex
	items map[string]int
}

type Model struct {
	ID    string `reset:"key"`
	mu    sync.RWMutex
	cache *Cache
	Once  sync.Once `reset:"-"`
	Inner Cache
}
