package p

type Finding struct {
	ID    string   `reset:"key=yes"`
	Site  string   `reset:"index,,unique"`
	Title string   `reset:"merge=local,merge=remote"`
	Note  string   `reset:"merge"`
	Tags  []string `reset:"-,merge=set"`
	Size  int      `reset:""`
	Name  string   `reset:"name="`
}
