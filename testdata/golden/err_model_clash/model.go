package p

type Finding struct {
	ID string `reset:"key"`
}

type Defect struct {
	_  struct{} `reset:"was=finding"`
	ID string   `reset:"key"`
}

type Flaw struct {
	_  struct{} `reset:"name=Finding"`
	ID string   `reset:"key"`
}
