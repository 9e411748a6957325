//go:build cgo

package bench

import _ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

func init() { drivers = append(drivers, "sqlite3") }
