// Package scenario replays scenarios of recovery that are written as data: what a
// client and others write, what goes wrong on the way and at the backend, and what
// must be there in the end.
//
// Nothing is modelled. The local client is a replica.Replica with a store on a disk
// of its own, which is reset, killed and opened again by the code that an app runs;
// the backend is a memremote.Backend. Every other client that writes is a replica
// with a new store too, which downloads, writes through a generated record with a
// clock that no stamp it sees can move, and uploads. That the backend has what it
// should have in the end is what one more such client downloads.
//
// A push or a pull is Replica.Upload or Replica.Download, and a reset a Download that
// the backend answers with the demand to start over, so that nothing is sent by it.
// What a push meets at the backend that does not agree with it is merged and sent
// again, as ever. A push whose acknowledgement is lost loses the one that would have
// ended it. Where a backend that was put back is put forward again it knows the
// client better than the client does (store.ErrStoreCopied); then the client is
// renamed, as an app has to, and tries again.
//
// A crash is what a process leaves that is killed at that step. In memory the disk
// ends every store that is open on it (memstore.Disk.Kill) and the call that was
// under way never comes back; the reset's own files are real ones and stay. With
// SQLite the folder is copied at that moment, logs included, as a killed process
// leaves it, for all that it wrote has reached the files; the replica is opened on
// the copy, and what the one that "was killed" does further happens in a folder
// where nobody looks, without a way to the backend. Neither is the loss of power:
// what a disk has not written yet is not lost here. Several crashes before one reset
// happen one after the other, as it goes on. A crash that no reset follows has one
// at the end.
//
// The index "to" of a rollback is that of the event after which the backend was in
// the state that it returns to. Deleting what is not there is nothing; touching it
// is an error. The text "want_error" is looked for in the errors of the events, and
// in the reasons of the objects that a reset reports as failed; the event has no
// effect then, and those that follow happen.
package scenario

import (
	"encoding/json"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/replica"
)

// Scenario is one scenario. Parse makes it.
type Scenario struct {
	Name string

	table    table
	strategy reconcile.Strategy
	policy   model.Policy
	base     map[string]object
	events   []event

	// What must be there. A nil one is not looked at.
	want      map[string]object
	pending   []string
	conflicts []string
	failure   string // part of the text of an error; "" for none
}

// object is what a scenario says of an object: the fields that it names, and their
// values.
type object struct {
	plain
	named []*field
}

// event is something that happens.
type event struct {
	what  kind
	who   side
	key   string
	with  object
	touch []*field
	shift time.Duration // of the writer's clock
	at    replica.Step
	to    int

	text json.RawMessage // as it was written, for messages
}

// side is who writes.
type side string

const (
	nobody side = ""
	local  side = "local"
	remote side = "remote" // another client
)

// kind is what happens.
type kind string

const (
	set    kind = "set"
	touch  kind = "touch"
	add    kind = "add"
	remove kind = "delete"
	save   kind = "save"

	push        kind = "push"
	pushLostAck kind = "push-lost-ack"
	pushPartial kind = "push-partial"
	pull        kind = "pull"
	trim        kind = "trim"
	recreate    kind = "recreate"
	rollback    kind = "rollback"
	reset       kind = "reset"
	crash       kind = "crash"
	restart     kind = "restart"
)
