package p

// Score is not a function.
type Score int

func Longer(base, local, remote string) string { return local }

func Generic[T any](base, local, remote T) (T, error) { return local, nil }

func Fits(base, local, remote string) (string, error) { return local, nil }

type Finding struct {
	ID    string `reset:"key"`
	Title string `reset:"merge=func:Missing"`
	Note  string `reset:"merge=func:Longer"`
	Size  int    `reset:"merge=func:Score"`
	Name  string `reset:"merge=func:Generic"`
	Count int    `reset:"merge=func:Fits"`
	Fine  string `reset:"merge=func:Fits"`
	Test  string `reset:"merge=func:OnlyInTests"`
	Bad   string `reset:"merge=func:strings.Join"`
}
