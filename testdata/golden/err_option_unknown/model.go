package p

type Finding struct {
	ID    string `reset:"kye"`
	Site  string `reset:"indx, uniqe"`
	Title string `reset:"merge:text"`
	Size  int    `reset:"format=hex"`
	Count int    `reset:"counter"`
	Rank  int    `reset:"merge=max;index"`
}
