// Package sqlnull has fields of the types that database/sql has for columns
// that can be null.
package sqlnull

import (
	"database/sql"
	"time"
)

type Row struct {
	ID      int64 `reset:"key"`
	Name    sql.NullString
	Count   sql.NullInt64
	Medium  sql.NullInt32
	Small   sql.NullInt16
	Byte    sql.NullByte
	Ratio   sql.NullFloat64
	Done    sql.NullBool
	Due     sql.NullTime            `reset:"merge=newest"`
	Every   sql.Null[time.Duration] `reset:"merge=remote"`
	History []sql.NullTime
	Data    sql.Null[[]byte]
}
