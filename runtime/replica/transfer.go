package replica

import (
	"log/slog"
	"sync"

	"github.com/resetgen/resetgen/internal/notify"
)

// Transfer is how far an upload or a download is.
type Transfer struct {
	Objects  int  // sent or taken over
	Total    int  // in all; 0 while that is not known
	Complete bool // everything arrived, and is settled: nothing of it was refused or has to be merged and sent again
}

// TransferComplete tells whether everything arrived and is settled.
func (t Transfer) TransferComplete() bool { return t.Complete }

// Mode is for how long a listener is told of transfers.
type Mode uint8

// The modes.
const (
	Indefinitely Mode = iota // until it is stopped
	CurrentOnly              // until the transfer that is under way is complete or, where none is, the next one
)

// OnUpload calls listen as changes are sent, until stop is called. Calls are made
// one at a time on a goroutine of their own. Steps that come faster than listen
// takes them are told by the latest; that a transfer is complete is always told. One
// of which the backend refuses something is not; what is retried is another one.
// stop waits for a call under way, so it must not be called from listen.
func (r *Replica) OnUpload(mode Mode, listen func(Transfer)) (stop func()) {
	return r.uploads.add(mode, unlessClosed(r, listen))
}

// OnDownload is OnUpload for what is pulled, and for the fresh copy of a client
// reset, but not for that of Preview.
func (r *Replica) OnDownload(mode Mode, listen func(Transfer)) (stop func()) {
	return r.downloads.add(mode, unlessClosed(r, listen))
}

// transfers are the listeners of one direction.
type transfers struct{ all notify.Listeners[[]Transfer] }

func (t *transfers) init(log *slog.Logger) { t.all.Logger, t.all.Merge = log, follow }

// follow is what is still to be told and what comes next, without steps that are
// passed.
func follow(pending, next []Transfer) []Transfer {
	if last := len(pending) - 1; !pending[last].Complete {
		pending = pending[:last]
	}
	return append(pending[:len(pending):len(pending)], next...)
}

func (t *transfers) tell(now Transfer) { t.all.Tell([]Transfer{now}) }

func (t *transfers) add(mode Mode, listen func(Transfer)) (stop func()) {
	over := false
	var once sync.Once
	remove := t.all.Add(func(steps []Transfer) {
		for _, step := range steps {
			if over {
				return
			}
			over = mode == CurrentOnly && step.Complete
			listen(step)
		}
	})
	return func() { once.Do(remove) }
}
