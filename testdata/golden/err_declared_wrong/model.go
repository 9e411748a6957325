package p

type string string

type Loop = Pool

type Pool = Loop

type Finding struct {
	ID    string `reset:"key"`
	Where Loop
	Twice []Loop
}
