package bench

import "time"

//go:generate go run ../../cmd/resetgen

// Inspection has twenty plain fields, which is what diffs, merges and setters are
// measured on.
type Inspection struct {
	ID        string `reset:"key"`
	Site      string
	Building  string
	Floor     int
	Room      string
	Title     string
	Summary   string
	Inspector string
	Company   string
	Severity  int
	Priority  int8
	Findings  int64
	Photos    uint32
	Lat       float64
	Lng       float64
	Open      bool
	Urgent    bool
	Started   time.Time
	Finished  time.Time
	Weather   string
}

// Finding has eight columns: what whole stores are measured on. An app that
// follows the published recipe stamps Updated, in milliseconds.
type Finding struct {
	_        struct{} `reset:"track=field"`
	ID       string   `reset:"key"`
	Site     string
	Title    string
	Note     string
	Severity int
	Visits   int64
	Seen     time.Time
	Updated  int64
}
