package p

import "database/sql"

type Pointer *int

type Finding struct {
	ID     string `reset:"key"`
	Twice  **int
	Null   *sql.NullString
	Inside sql.Null[*int]
	Named  Pointer
	Fine   *[]string
}
