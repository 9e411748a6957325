package p

type Finding struct {
	ID    string `reset:"key"`
	Trees []Tree
}

type Tree []Tree
