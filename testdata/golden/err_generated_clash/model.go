package p

type Finding struct {
	ID string `reset:"key"`
}

type Site struct {
	ID string `reset:"key"`
}

type visit struct {
	ID string `reset:"key"`
}
