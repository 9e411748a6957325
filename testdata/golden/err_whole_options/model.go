package p

// Photo is only ever stored whole.
type Photo struct {
	Hash    string
	Caption string `reset:"name=text,merge=text"`
	Size    int    `reset:"-"`
}

// Location is tracked field by field in one place, so its rule counts there.
type Location struct {
	Lat float64 `reset:"merge=max"`
}

type Finding struct {
	ID     string `reset:"key"`
	Photos []Photo
	Where  Location
	Path   []Location
	Parent *Finding
}
