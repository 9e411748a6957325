package p

// Visit cannot hold what holds a Visit.
type Visit struct {
	ID   string      `reset:"key"`
	Last VisitRecord `reset:"-"`
}
