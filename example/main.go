// Command example is the main job of resetgen on real data: a contributor edits
// a catalogue offline, the backend is put back to an earlier state and says "start
// over", and every edit finds its way from the old store into a fresh copy and on to
// the backend.
//
//	go run ./example [-dir DIR] [-strategy S] [-track T] [-policy P] [-kill STEP]
//
// What an app has:
//
//	catalog/feature.go  the model, annotated; feature_reset.go is generated from it
//	story.go            the story: open, edit, come back after a client reset
//	edit.go             reading and writing through generated records
//	manual.go           a function that decides by itself what is recovered
//
// What makes an example of it:
//
//	input.go            reads the three data files
//	backend.go          the other side: the backend and the maintainers
//	options.go          what the reader can choose
//	tracking.go         the catalogue in three tracking modes, of which an app has one
//	kill.go             a run that kills itself, and the next one, which goes on
//	published.go        the same story without resetgen
//	audit.go            compares what came out with what went in
//	tell.go, losses.go  print what happened, and what was lost without resetgen
package main

import (
	"context"
	"fmt"
	"os"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

func main() {
	o, err := choose()
	if err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(2)
	}
	s, err := play(context.Background(), o)
	if err == nil {
		err = s.tell(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}
