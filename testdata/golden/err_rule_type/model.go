package p

import "time"

type Finding struct {
	ID   string            `reset:"key"`
	Done bool              `reset:"merge=max"`
	Due  *time.Time        `reset:"merge=min"`
	Name string            `reset:"merge=counter"`
	Tags map[string]bool   `reset:"merge=set"`
	Rows []string          `reset:"merge=map"`
	Note string            `reset:"merge=list"`
	Blob []byte            `reset:"merge=text"`
	Pair [2]string         `reset:"merge=set"`
	Data []byte            `reset:"merge=set"`
	Fine map[string]string `reset:"merge=map"`
}
