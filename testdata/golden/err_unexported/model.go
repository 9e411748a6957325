package p

type location struct{ lat, lng float64 }

type Finding struct {
	ID    string `reset:"key"`
	cache int    `reset:"index"`
	Where location
	Many  []location
	Empty struct{}
	plain int
}
