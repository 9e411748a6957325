// Package tracking has a model of each tracking mode.
package tracking

// Fields has a stamp for each field.
type Fields struct {
	_    struct{} `reset:"track=field"`
	ID   string   `reset:"key"`
	Name string   `reset:"merge=newest"`
}

// Whole has one stamp.
type Whole struct {
	_    struct{} `reset:"track=object"`
	ID   string   `reset:"key"`
	Name string   `reset:"merge=newest"`
}

// Bare has none: its changes are in the store's entries only.
type Bare struct {
	_    struct{} `reset:"track=journal"`
	ID   string   `reset:"key"`
	Name string
}
