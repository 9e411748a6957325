package p

type Finding struct {
	ID    string `reset:key`
	Site  string `json:"site",reset:"index"`
	Title string `reset: "index"`
	Note  string `Reset:"index"`
	Tags  string `reset:"index" reset:"unique"`
	Size  int    `reset:"index`
	Other int    `json:other` // not ours to judge
}
