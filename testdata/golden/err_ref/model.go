package p

type Site struct {
	ID int64 `reset:"key"`
}

type Finding struct {
	ID    string  `reset:"key"`
	Site  int64   `reset:"ref=Siet"`
	Other string  `reset:"ref=Site"`
	Third string  `reset:"ref=site"`
	Sites []int64 `reset:"ref=Site"`
	Owner string  `reset:"ref=people.person"`
	Self  string  `reset:"ref=Finding"`

	Names  []string `reset:"ref=person"`
	Done   bool     `reset:"ref=person"`
	Weight *float64 `reset:"ref=person"`
	Person *string  `reset:"ref=person"`
}
