package p

type Finding struct {
	ID    string `reset:"key"`
	Title string "reset:\"name=a\\x00\""
	Note  string "reset:\"merge=te\\x1bxt\""
	Site  string "reset:\"was=a\\n\""
}
