package p

type Location struct {
	Lat float64
}

type Finding struct {
	ID    string `reset:"key"`
	Title string
	Label string `reset:"name=TITLE"`
	Site  string `reset:"was=place"`
	Place string
	Where Location
	Old   float64 `reset:"was=where.lat"`
	Note  string  `reset:"was=remark,was=remark"`
}

type Photo struct {
	ID    string `reset:"key"`
	Sizes []Size
}

type Size struct {
	W int
	X int `reset:"name=w"`
}
