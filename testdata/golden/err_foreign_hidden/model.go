package p

import (
	"sync"
	"text/template"
	"time"
)

type When time.Time

type Finding struct {
	sync.Mutex
	ID    string `reset:"key"`
	Group sync.WaitGroup
	When  When
	Many  []sync.Once
	Sheet template.Template
	Fine  sync.RWMutex `reset:"-"`
}
