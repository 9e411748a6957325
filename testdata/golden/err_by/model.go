package p

type Photo struct {
	Hash   string
	Weight float64
}

type Finding struct {
	ID     string   `reset:"key"`
	Title  string   `reset:"by=Hash"`
	Bare   []Photo  `reset:"by=Hash"`
	Tags   []string `reset:"merge=list,by=Hash"`
	Wrong  []Photo  `reset:"merge=list,by=Hsah"`
	Weight []Photo  `reset:"merge=list,by=Weight"`
	Behind []*Photo `reset:"merge=list,by=Hash"`
	Dotted []Photo  `reset:"merge=list,by=a.b"`
}
