package p

type Finding struct {
	ID    string            `reset:"key,unique"`
	Tags  []string          `reset:"index"`
	Attrs map[string]string `reset:"unique"`
}
