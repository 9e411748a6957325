package p

// Finding is part of every build, and what it needs should be.
type Finding struct {
	ID    string `reset:"key"`
	Title string `reset:"merge=func:mergeTitle"`
	Note  string `reset:"merge=func:mergeNote"`
	Sizes []Size
}
