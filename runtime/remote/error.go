package remote

import (
	"errors"
	"fmt"
)

// ErrFenced: the chunk was sent under an epoch that has ended, or out of turn. The
// client begins a new epoch (store.Ledger.Fence), asks Settle for the mark and goes on
// from that.
var ErrFenced = errors.New("the backend does not take the chunk: it is late or out of turn")

// Reason is why a client must start over.
type Reason string

// The reasons.
const (
	HistoryTrimmed Reason = "history trimmed"   // what the client has not seen yet is not kept any more
	Restored       Reason = "restored"          // the backend was put back to an earlier state
	Recreated      Reason = "recreated"         // it is another backend than the one the client knew
	ClientExpired  Reason = "client expired"    // the client was away for too long
	SchemaChanged  Reason = "schema changed"    // what the client holds cannot be brought to the backend's schema
	Operator       Reason = "asked by operator" // somebody wants it so
	Requested      Reason = "asked by this app" // the app itself wants it so
)

// ClientResetError says that the backend cannot go on from where the client is:
// the client must download everything and bring its unsynced changes over.
type ClientResetError struct {
	Reason Reason
	Detail string // for people; may be empty
}

// Error gives the reason and the detail.
func (e *ClientResetError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("client reset: %s", e.Reason)
	}
	return fmt.Sprintf("client reset: %s: %s", e.Reason, e.Detail)
}
