// Package collections has lists, arrays and maps of each other and of structs.
package collections

// Photo has a struct and a list in it.
type Photo struct {
	Hash   string
	Size   Size
	Labels []string
}

// Size is part of a Photo.
type Size struct{ Width, Height int }

// Labels is a list with a name.
type Labels []string

// Index is a map with a name.
type Index map[string]Labels

type Album struct {
	ID      string `reset:"key"`
	Grid    [][]int
	Corners [4]Size
	Matrix  [2][3]float64
	Labels  Labels
	Index   Index
	Photos  []Photo
	ByName  map[string]Photo
	ByYear  map[int][]Photo
	ByMonth map[uint8]map[string]bool
	Covers  []*Photo
	Inline  []struct {
		Name  string
		Sizes []struct{ Width, Height int }
	}
}
