package p

type Base struct{ Title string }

type Extra struct{ Note string }

type Finding struct {
	*Base
	*Extra `reset:"-"`
	ID     string `reset:"key"`
}
