package p

// Finding has a rule that does not exist.
type Finding struct {
	ID   string   `reset:"key"`
	Note string   `json:"note" reset:"index,merge=txt"`
	Tags []string `reset:"merge=bag"`
	Size int      `reset:"merge=func:"`
	Rank int      `reset:"merge=maximum"`
}
