package p

type Finding struct {
	_     struct{} `reset:"name=_finding,was=old finding"`
	ID    string   `reset:"key"`
	Title string   `reset:"name=a.b"`
	Note  string   `reset:"name=_reset"`
	Site  string   `reset:"was=1site,was=where.site"`
	Größe int
	X_    int

	Sqlite_X int
	Lite     struct{ Sqlite_X int }
}

type SqliteFile struct {
	ID string `reset:"key"`
}

type Über struct {
	ID string `reset:"key"`
}
