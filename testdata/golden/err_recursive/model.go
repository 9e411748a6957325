package p

type Finding struct {
	ID    string `reset:"key"`
	Inner Finding
}

type A struct {
	B
	ID string `reset:"key"`
}

type B struct {
	A
	C C
}

type C struct{ D D }

type D struct{ C [2]C }

type Site struct {
	ID string `reset:"key"`
	C  C
}
