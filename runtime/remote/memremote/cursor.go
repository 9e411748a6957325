package memremote

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/remote"
)

// position is what a cursor says. Without the nonce, a history that was put back
// and then written on would look like the one that the cursor came from.
type position struct {
	history string
	at      uint64
	nonce   uint64 // of the change at that position
	reset   uint64 // the latest one that the client had followed
}

const cursorForm = "%d.%x.%x.%s"

func (p position) cursor() remote.Cursor {
	return remote.Cursor(fmt.Sprintf(cursorForm, p.at, p.nonce, p.reset, p.history))
}

func (c *content) position(at uint64, client string) position {
	return position{history: c.history, at: at, nonce: c.nonce(at), reset: c.resetOf(client).id}
}

// find is the position after which a client goes on, or a *remote.ClientResetError.
func (c *content) find(client string, after remote.Cursor) (uint64, error) {
	if after == "" {
		if c.floor > 0 {
			return 0, &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: fmt.Sprintf("the history begins at %d", c.floor+1)}
		}
		return 0, nil
	}
	var p position
	if n, err := fmt.Sscanf(string(after), cursorForm, &p.at, &p.nonce, &p.reset, &p.history); n != 4 || err != nil {
		return 0, &remote.ClientResetError{Reason: remote.Recreated, Detail: fmt.Sprintf("%q is no cursor of this backend", after)}
	}
	reset := c.resetOf(client)
	switch {
	case p.history != c.history:
		return 0, &remote.ClientResetError{Reason: remote.Recreated, Detail: "the cursor comes from another history"}
	case reset.id != 0 && reset.id != p.reset:
		return 0, &remote.ClientResetError{Reason: reset.reason}
	case p.at > c.end():
		return 0, &remote.ClientResetError{Reason: remote.Restored, Detail: fmt.Sprintf("the cursor stands at %d, and the history ends at %d", p.at, c.end())}
	case p.at < c.floor:
		return 0, &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: fmt.Sprintf("the cursor stands at %d, and the history begins at %d", p.at, c.floor+1)}
	case p.nonce != c.nonce(p.at):
		return 0, &remote.ClientResetError{Reason: remote.Restored, Detail: fmt.Sprintf("position %d is another write than the one that the client has seen", p.at)}
	}
	return p.at, nil
}
