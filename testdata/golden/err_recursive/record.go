package p

type Trip struct {
	ID     string `reset:"key"`
	Record *TripRecord
}
