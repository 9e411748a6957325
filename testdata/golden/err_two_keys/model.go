package p

type Base struct {
	ID string `reset:"key"`
}

type Finding struct {
	Base
	Number int `reset:"key"`
}

type Site struct {
	ID     string `reset:"key"`
	Number int    `reset:"key"`
}
