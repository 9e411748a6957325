// Package remote says what a backend must offer so that a store can be kept in
// sync with it.
//
// A Remote holds no merge logic. It applies a client's change where what the
// change is based on still holds, and answers with what it has where it does not:
// the client merges and sends again. Beside its objects it keeps each client's
// mark, and writes the two together, so that nothing is applied twice and nothing
// that was applied is taken for lost.
//
// A client sends what is unsynced as a cut: a numbered batch with a random nonce, in
// chunks. What the backend stores of each client is its mark, which says how many chunks
// of which cut were applied, and an epoch: a client that does not know what has arrived
// begins a new one (Settle), and from then on chunks of older ones are refused, fenced.
// So a server keeps both in the transaction that writes the objects, and beside them a
// history with cursors that notices when it was put back. Package model has the types.
//
// Package remotetest is what every Remote must pass; package memremote is one that
// runs in process, with faults on demand.
package remote

import (
	"context"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
)

// Remote is a connection to a backend. Its methods are safe for concurrent use;
// a client calls one at a time. All of them end soon after their context does.
//
// An error is a *ClientResetError, or wraps ErrFenced. Any other one means that the
// call may or may not have worked, and is worth another try. What a Remote gives is for
// reading: others may have been given it too.
type Remote interface {
	// Pull yields, page by page, the objects that were written after the cursor,
	// each once and in its newest state, up to what the backend holds at some
	// moment after the call began. The last page's cursor is where the next Pull
	// goes on. There is no page where nothing was written. A cursor that the backend
	// cannot go on from, for its history was trimmed, put back or begun anew, is a
	// *ClientResetError, on every call until the client comes with another cursor:
	// it is never answered with only a part of what was written.
	Pull(ctx context.Context, client string, after Cursor) iter.Seq2[*Page, error]

	// Push applies one chunk, all of its objects, the client's mark included, or
	// none of them. A chunk that the mark says is done is answered again and not
	// applied again. A chunk of an epoch older than the newest that the client was
	// fenced with or sent a chunk in, or that does not follow the one before, is
	// refused with an error that wraps ErrFenced. A cut follows every earlier one of
	// the client's, done to its end or not; numbers may be left out.
	//
	// A cut whose Previous and PreviousDone are not the nonce and the chunks done of the
	// cut that the mark is about, "" and 0 where there is none, was made against a backend
	// that has been put back since: that is a *ClientResetError. So of several cuts that a
	// client has made and given up, one after the other, no more than one is applied.
	//
	// An object is applied where its bases hold (Holds); else it is listed in the
	// mark's Conflicts and, as the backend has it, in the answer. An object that the
	// backend does not take is listed in the mark's Refused with a reason.
	Push(ctx context.Context, chunk *model.Chunk) (*Answer, error)

	// Settle refuses every chunk of the client with an epoch older than the one
	// given from now on, for good, and answers the client's mark: after it, no chunk
	// that is still under way can change what the mark says. The mark of a client
	// of which no chunk was done is zero. An epoch that is older itself is refused
	// with an error that wraps ErrFenced.
	Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error)

	// Snapshot yields, page by page in the order of models' names and keys,
	// everything that the client may see as of one moment. A snapshot that was
	// interrupted goes on after the page whose Resume is given, if the backend still
	// has it; else another one begins, which the pages' ID shows. The zero Resume
	// begins one. The last page has Cursor and Mark, and Last set.
	Snapshot(ctx context.Context, client string, resume Resume) iter.Seq2[*SnapshotPage, error]
}

// Watcher is a Remote that can tell when there is something to pull. Without it a
// client asks from time to time.
type Watcher interface {
	// Watch returns nil when something was written after the cursor, perhaps by the
	// client itself, or when Pull would be answered with a *ClientResetError.
	Watch(ctx context.Context, client string, after Cursor) error
}

// Cursor is a position in a backend's history, and what the backend needs to find
// out whether that history is still the one the cursor came from. Only the backend
// reads it. "" is before the beginning: everything is after it.
type Cursor string

// Page is a part of what was written after a cursor.
type Page struct {
	Objects []Object
	Cursor  Cursor     // of the page's end
	Mark    model.Mark // what the backend knew of the client at that moment
}

// Answer is what became of a chunk.
type Answer struct {
	Mark    model.Mark // after the chunk
	Current []Object   // the chunk's conflicting objects, as the backend has them; one that is absent is Deleted
}

// Resume says where a download goes on.
type Resume struct {
	ID   string `json:"id"`   // of the snapshot
	Page string `json:"page"` // only the backend reads it
}

// SnapshotPage is a part of a snapshot.
type SnapshotPage struct {
	Resume  Resume // to go on after this page
	Total   int    // objects in the whole snapshot; 0 where the backend does not know
	Objects []Object

	Last   bool
	Cursor Cursor
	Mark   model.Mark
}
