package p

type Base struct{ Title string }

type Extra struct{ Note string }

type hidden struct{ Place string }

type empty struct{ cache int }

type Finding struct {
	*Base
	*Extra `reset:"-"`
	*hidden
	*empty
	ID string `reset:"key"`
}
