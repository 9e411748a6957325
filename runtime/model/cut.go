package model

import "github.com/resetgen/resetgen/runtime/stamp"

// Cut is what a client pushes: its entries as of one moment, in the order of the
// models' names and then of the keys, sent in chunks of Size objects.
type Cut struct {
	Client string      `json:"client"`
	Epoch  uint64      `json:"epoch"` // a backend refuses chunks of an epoch older than one it has seen
	N      uint64      `json:"n"`     // counts the client's cuts, from 1
	Nonce  string      `json:"nonce"` // random; tells this cut from that of a copy of the store
	Seq    uint64      `json:"seq"`   // of the latest commit in it
	Stamp  stamp.Stamp `json:"stamp"` // the newest there was when the cut was made
	Size   int         `json:"size"`  // objects in a chunk; the last one may have fewer

	Objects int `json:"objects"` // in all of it

	// Previous is the nonce of the latest cut that the client knows to have been
	// applied, "" where there is none, and PreviousDone how many chunks of it. A backend
	// that knows otherwise has been put back.
	Previous     string `json:"previous,omitempty"`
	PreviousDone int    `json:"previous_done,omitempty"`

	// Models lists the stored names that the models had when the cut was made, in
	// the order in which they are sent: a model may be renamed before the cut is
	// settled.
	Models []string `json:"models"`
}

// Mark is what a backend remembers of a client, and writes together with each
// chunk that it applies. It is all that settles a cut. The zero Mark is that of a
// client the backend has never heard of.
type Mark struct {
	Client string `json:"client"`
	Epoch  uint64 `json:"epoch"`
	N      uint64 `json:"n"` // the latest cut of which a chunk was done
	Nonce  string `json:"nonce"`
	Done   int    `json:"done"` // how many chunks of it, from the first on

	// What was not applied in those chunks. A refused object waits for the user; a
	// conflicting one, of which the backend held something else than the change was
	// based on, is merged and sent again.
	Refused   []Refusal   `json:"refused,omitempty"`
	Conflicts []ObjectKey `json:"conflicts,omitempty"`
}

// ObjectKey names an object.
type ObjectKey struct {
	Model string `json:"model"`
	Key   Value  `json:"key"`
}

// Refusal is an object that the backend did not take.
type Refusal struct {
	Model  string `json:"model"`
	Key    Value  `json:"key"`
	Reason string `json:"reason"`
}

// Chunk is a part of a cut.
type Chunk struct {
	Cut
	Index   int
	Patches []Patch
}

// Patch is one object's unsynced changes, as they are sent.
type Patch struct {
	Model  string
	Key    Value
	Change Change
	Seq    uint64
	Stamp  stamp.Stamp
	Fields []PatchField // the changed fields, without the key; of a created or recreated object, and with track=object, all of them
	Base   []Named      // the whole object before it was deleted; of a deleted or recreated object

	// Renamed has the present names of fields by the earlier ones, under which a
	// backend may know them.
	Renamed map[string]string
}

// PatchField is a changed field with what it was changed from.
type PatchField struct {
	Name    string
	Value   Value
	Base    Value // absent where the object was created
	Stamp   stamp.Stamp
	Touched bool
}
