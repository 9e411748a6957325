package remotetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote"
)

// stage has a client that follows a backend, and one that writes to it.
type stage struct {
	testing.TB
	Harness
	writer, follower *client
	values           map[string]int64 // of what the writer wrote and did not delete
}

// write creates objects or changes them, each in a chunk of its own.
func (s *stage) write(keys ...string) {
	s.Helper()
	for _, k := range keys {
		n, there := s.values[k]
		p := created(k, n+1, 1)
		if there {
			p = updated(k, n, n+1, 1)
		}
		if answer := s.writer.push(s, p); len(answer.Current) > 0 {
			s.Fatalf("writing %s conflicts: %+v", k, answer)
		}
		s.values[k] = n + 1
	}
}

func (s *stage) delete(k string) {
	s.Helper()
	s.writer.push(s, deleted(k, s.values[k], 1))
	delete(s.values, k)
}

// save saves the backend; undo puts it back, and what the writer knows of it.
func (s *stage) save() (undo func()) {
	restore := s.Save(s)
	values := map[string]int64{}
	for k, n := range s.values {
		values[k] = n
	}
	return func() {
		restore(s)
		s.values = values
		s.writer.mark(s)
	}
}

func (s *stage) recreate(objects ...remote.Object) {
	s.Helper()
	s.Recreate(s, objects...)
	s.writer.mark(s)
}

func (s *stage) see() {
	s.Helper()
	s.follower.pull(s)
}

// situation is something that happened to a history, and what a client must be told
// that followed it: a reset for one of the reasons, or what is new.
type situation struct {
	name    string
	has     bool // the harness has what it needs
	happen  func(s *stage)
	reasons []remote.Reason // nil: no reset
	either  bool            // no reset is fine too
	news    []string        // where there is no reset
}

func situations(h Harness) []situation {
	list := []situation{
		{name: "recreated, empty", has: h.Recreate != nil, reasons: []remote.Reason{remote.Recreated}, happen: func(s *stage) {
			s.recreate()
		}},
		{name: "recreated with the same length", has: h.Recreate != nil, reasons: []remote.Reason{remote.Recreated}, happen: func(s *stage) {
			s.recreate(thing("a", 1), thing("b", 1), thing("c", 1))
		}},
		{name: "recreated and overtaken", has: h.Recreate != nil, reasons: []remote.Reason{remote.Recreated}, happen: func(s *stage) {
			s.recreate(thing("a", 1), thing("b", 1), thing("c", 1), thing("d", 1), thing("e", 1), thing("f", 1), thing("g", 1))
		}},
		{name: "restored, shorter", has: h.Save != nil, reasons: []remote.Reason{remote.Restored}, happen: func(s *stage) {
			undo := s.save()
			s.write("x", "y")
			s.see()
			undo()
		}},
		{name: "restored, the same length by other writes", has: h.Save != nil, reasons: []remote.Reason{remote.Restored}, happen: func(s *stage) {
			undo := s.save()
			s.write("x", "y")
			s.see()
			undo()
			s.write("v", "w")
		}},
		{name: "restored and overtaken", has: h.Save != nil, reasons: []remote.Reason{remote.Restored}, happen: func(s *stage) {
			undo := s.save()
			s.write("x", "y")
			s.see()
			undo()
			s.write("u", "v", "w", "a")
		}},
		{name: "restored twice", has: h.Save != nil, reasons: []remote.Reason{remote.Restored}, happen: func(s *stage) {
			undo := s.save()
			s.write("x")
			s.see()
			undo()
			s.write("w", "x")
			undo()
			s.write("u", "v")
		}},
		{name: "restored to what the client has seen", has: h.Save != nil, either: true, reasons: []remote.Reason{remote.Restored},
			news: []string{`thing "v" num=1@1 @1`}, happen: func(s *stage) {
				undo := s.save()
				s.write("x", "y")
				undo()
				s.write("v")
			}},
		{name: "asked by the operator", has: h.Reset != nil, reasons: []remote.Reason{remote.Operator}, happen: func(s *stage) {
			s.Reset(s, s.follower.id, remote.Operator)
		}},
		{name: "expired", has: h.Reset != nil, reasons: []remote.Reason{remote.ClientExpired}, happen: func(s *stage) {
			s.write("x")
			s.Reset(s, s.follower.id, remote.ClientExpired)
			s.write("y")
		}},
		{name: "another client was asked", has: h.Reset != nil, news: []string{`thing "x" num=1@1 @1`}, happen: func(s *stage) {
			s.Reset(s, "somebody else", remote.Operator)
			s.write("x")
		}},
		{name: "written again and again", has: true, news: []string{`thing "a" num=61@1 @1`}, happen: func(s *stage) {
			for range 60 {
				s.write("a")
			}
		}},
		{name: "reconnected", has: h.Reconnect != nil, news: []string{`thing "x" num=1@1 @1`}, happen: func(s *stage) {
			s.write("x")
			s.follower.remote = s.Reconnect(s)
		}},
	}
	for way, disturb := range h.Disturb {
		list = append(list, situation{name: way, has: true, news: []string{`thing "x" num=1@1 @1`, `thing "y" num=1@1 @1`}, happen: func(s *stage) {
			s.write("x")
			disturb(s)
			s.write("y")
		}})
	}
	for way, trim := range h.Trim {
		trimmed := []remote.Reason{remote.HistoryTrimmed}
		list = append(list,
			situation{name: way + " past the cursor", has: true, reasons: trimmed, happen: func(s *stage) {
				s.write("x")
				trim(s)
			}},
			situation{name: way + " past the cursor, and written on", has: true, reasons: trimmed, happen: func(s *stage) {
				s.write("x")
				trim(s)
				s.write("y")
			}},
			situation{name: way + " past a deletion", has: true, reasons: trimmed, happen: func(s *stage) {
				s.delete("a")
				trim(s)
			}},
			situation{name: way + " past a deletion, and created again", has: true, reasons: trimmed, happen: func(s *stage) {
				s.delete("a")
				s.write("x")
				trim(s)
				s.write("a")
			}},
			situation{name: way + " to what the client has seen", has: true, either: true, reasons: trimmed, news: []string{}, happen: func(s *stage) {
				trim(s)
			}},
			situation{name: way + " to what the client has seen, and written on", has: true, either: true, reasons: trimmed,
				news: []string{`thing "x" num=1@1 @1`}, happen: func(s *stage) {
					trim(s)
					s.write("x")
				}},
			situation{name: way + " before a client's first pull", has: true, either: true, reasons: trimmed,
				news: []string{`thing "a" num=1@1 @1`, `thing "b" num=1@1 @1`, `thing "c" num=1@1 @1`}, happen: func(s *stage) {
					trim(s)
					s.follower.cursor = ""
				}},
		)
	}
	return list
}

// testHistories: what a client is told after everything that can happen to the
// history that it follows.
func testHistories(t *testing.T, fresh func(t testing.TB) Harness) {
	for _, was := range situations(fresh(t)) {
		t.Run(was.name, func(t *testing.T) {
			need(t, was.has)
			s := &stage{TB: t, Harness: fresh(t), values: map[string]int64{}}
			s.writer, s.follower = newClient(s.Remote, "writer"), newClient(s.Remote, "follower")
			s.write("a", "b", "c")
			s.see()
			for _, now := range situations(s.Harness) { // the one of this harness
				if now.name == was.name {
					now.happen(s)
				}
			}
			s.check(was)
		})
	}
}

func (s *stage) check(was situation) {
	s.Helper()
	before := s.follower.cursor
	got, err := s.follower.tryPull(s.Context())
	switch {
	case err == nil && (was.either || was.reasons == nil):
		same(s, "what is new", got, was.news)
		same(s, "what is new then", s.follower.pull(s), []string{})
	case isReset(err, was.reasons...):
		if len(got) > 0 {
			s.Errorf("the reset comes after %q", got)
		}
		for range 2 { // and again, until there is another cursor
			if got, err := s.follower.tryPull(s.Context()); !isReset(err, was.reasons...) {
				s.Errorf("pulling again gives %q, %v", got, err)
			}
		}
		if w, ok := s.Remote.(remote.Watcher); ok {
			must(s, "watching", w.Watch(s.Context(), s.follower.id, before))
		}
	default:
		s.Fatalf("pulling gives %q, %v; want a reset for %q", got, err, was.reasons)
	}

	// A download and its cursor are good in any case.
	want := fmt.Sprintf("%q", contents(s, s.follower.remote))
	if got := fmt.Sprintf("%q", s.follower.download(s)); got != want {
		s.Errorf("the download has %s, want %s", got, want)
	}
	s.write("after")
	same(s, "what is new after the download", s.follower.pull(s), []string{`thing "after" num=1@1 @1`})
	if s.follower.cursor == before {
		s.Error("the cursor stands still")
	}
}

// testWatchReset: a Watch that waits ends when the client must start over.
func testWatchReset(t *testing.T, h Harness) {
	w, ok := h.Remote.(remote.Watcher)
	need(t, ok && h.Reset != nil)
	c := newClient(h.Remote, "a")
	c.push(t, created("k", 1, 1))
	c.pull(t)
	done := make(chan error)
	go func() { done <- w.Watch(context.WithoutCancel(t.Context()), c.id, c.cursor) }()
	h.Reset(t, c.id, remote.Operator)
	must(t, "watching", <-done)
}
