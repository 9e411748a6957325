// Package floats has floating-point numbers, whose NaN is equal to itself here:
// setting a field that is NaN to NaN changes nothing.
package floats

type Sample struct {
	ID      string `reset:"key"`
	Value   float64
	Small   float32
	Newest  float64 `reset:"merge=newest"`
	Remote  float32 `reset:"merge=remote"`
	Highest float64 `reset:"merge=max"`
	Lowest  float32 `reset:"merge=min"`
	Sum     float64 `reset:"merge=counter"`
	Point   struct{ X, Y float64 }
	Maybe   *float64
	Series  []float64
}
