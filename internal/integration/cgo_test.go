//go:build cgo

package integration

import _ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

func init() { drivers = append(drivers, "sqlite3") }
