package p

type Point struct{ X, Y int }

type Finding struct {
	ID     string `reset:"key"`
	Float  map[float64]int
	Bool   map[bool]int
	Struct map[Point]int
	Bytes  map[[16]byte]int
	Fine   map[int]map[string]int
}
