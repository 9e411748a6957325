package p

import "github.com/resetgen/resetgen/testdata/golden/err_keyless/base"

// Finding forgot its key, whoever lists it.
type Finding struct {
	ID    string
	Title string `reset:"merge=text"`
	Kids  []Finding
}

type Findings []Finding

func Save(f Finding) {}

// Spot and Photo are held, the one through another type.
type Spot struct {
	X int `reset:"merge=max"`
}

type Photo struct {
	Hash string `reset:"name=sum"`
}

type Photos []Photo

type Report struct {
	base.Audit
	ID     string `reset:"key"`
	Where  Spot
	Photos Photos
}
