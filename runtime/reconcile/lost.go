package reconcile

import (
	"fmt"
	"iter"
	"strings"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Lost are the objects of the backup that the fresh store has otherwise, or has not,
// apart from what is unsynced: what a backend has lost that forgot what it had
// acknowledged (Report.Rewound), of this client and of others, and what others have
// changed or deleted since, which nobody can tell apart. Deletions that it has lost are
// not among them.
type Lost struct {
	Total   int          `json:"total"`
	Objects []LostObject `json:"objects"` // the first of Total, in the order of the models' names and then of the keys

	// Unread is why the backup could not be read to its end: there may be more then.
	Unread string `json:"unread,omitempty"`
}

// LostObject is one of them.
type LostObject struct {
	Model  string      `json:"model"`
	Key    model.Value `json:"key"`
	Absent bool        `json:"absent,omitempty"` // it is not in the fresh store
	Fields []string    `json:"fields,omitempty"` // that had another value at the last sync than there
}

// lost reads both stores through, side by side. Nothing has been written to the fresh
// one yet. That the backup cannot be read to its end keeps nothing from being recovered.
func (p *Plan) lost(from backup, to *store.Tx) (*Lost, error) {
	lost := &Lost{Objects: []LostObject{}}
	for _, m := range p.fresh.Schema().Models() {
		err := p.lostOf(m, from, to, lost)
		if unreadable(err) {
			lost.Unread = err.Error()
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return lost, nil
}

func (p *Plan) lostOf(m *merge.Model, from backup, to *store.Tx, lost *Lost) error {
	next, stop := iter.Pull2(to.Rows(m.Info))
	defer stop()
	key := func(row *model.Row) model.Value { return row.Values[m.Info.Key] }
	remote, err, _ := next()
	for local, localErr := range from.rows(m.Info) {
		if localErr != nil {
			return localErr
		}
		for err == nil && remote != nil && model.Compare(key(remote), key(local)) < 0 {
			remote, err, _ = next()
		}
		if err != nil {
			return err
		}
		there := remote
		if there != nil && !key(there).Equal(key(local)) {
			there = nil
		}
		o, lostErr := lostObject(m, from, local, there)
		if lostErr != nil {
			return lostErr
		}
		if o == nil {
			continue
		}
		if lost.Total++; len(lost.Objects) < p.o.Keep {
			lost.Objects = append(lost.Objects, *o)
		}
	}
	return err
}

// lostObject compares an object of the backup, as of the last sync, with the fresh one;
// nil where they are the same.
func lostObject(m *merge.Model, from backup, local, remote *model.Row) (*LostObject, error) {
	differing := func() []string {
		fit, _ := merge.Fit(m, local)
		return m.Info.Names(fit.Differing(remote))
	}
	if remote != nil && len(differing()) == 0 {
		return nil, nil
	}
	o := &LostObject{Model: m.Info.Name, Key: local.Values[m.Info.Key], Absent: remote == nil}
	e, err := from.tx.Entry(m.Info, o.Key)
	if err != nil {
		return nil, ofBackup(err)
	}
	if e != nil && e.Change != 0 { // of a change that was undone while it was sent nothing else tells
		if e.Change != model.Updated || o.Absent { // what becomes of it is reported as that of what is unsynced
			return nil, nil
		}
		for _, c := range e.Fields {
			if f := m.Info.IndexWas(c.Name); f >= 0 {
				local.Values[f] = c.Base
			}
		}
	}
	if !o.Absent {
		if o.Fields = differing(); len(o.Fields) == 0 {
			return nil, nil
		}
	}
	return o, nil
}

func (l *Lost) summary(b *strings.Builder) {
	fmt.Fprintf(b, "Objects that differ in the backup, apart from what is unsynced: %d. The backend has lost that, or others have changed it since.\n", l.Total)
	if l.Unread != "" {
		fmt.Fprintf(b, "There may be more of these: %s.\n", l.Unread)
	}
}

func (l *Lost) text(b *strings.Builder) {
	for _, o := range l.Objects {
		if o.Absent {
			fmt.Fprintf(b, "\n%s %v: in the backup only\n", o.Model, o.Key)
		} else {
			fmt.Fprintf(b, "\n%s %v: differs in the backup: %s\n", o.Model, o.Key, strings.Join(o.Fields, ", "))
		}
	}
	if n := l.Total - len(l.Objects); n > 0 {
		fmt.Fprintf(b, "\n%d more objects that differ in the backup are not listed here.\n", n)
	}
}
