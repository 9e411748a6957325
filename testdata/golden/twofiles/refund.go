package twofiles

type Refund struct {
	ID    string `reset:"key"`
	Of    string `reset:"ref=Payment,index"`
	Parts []Money
	Notes []Note
}

// Note is part of this file's model only.
type Note struct{ Text string }
