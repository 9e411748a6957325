package geo

// Place can be used by others, and its level cannot be named by them.
type Place struct {
	Name  string
	Level level
	Codes []code
}

type level int

type code struct{ Text string }

// Tagged has a merge function, which only this package can call.
type Tagged struct {
	Name string `reset:"merge=func:Join"`
	Size int    `reset:"merge=text"`
}

// Join takes the local name.
func Join(base, local, remote string) (string, error) { return local, nil }
