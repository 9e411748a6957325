package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// shifts are the moves of a process that is killed, each with the store "live" and
// the store "fresh" in a folder.
var shifts = map[string]func(d sqlitestore.Driver, live, fresh, third string) error{
	"link": func(d sqlitestore.Driver, live, fresh, third string) error {
		return d.Link(context.Background(), live, third)
	},
	"move": func(d sqlitestore.Driver, live, fresh, third string) error {
		return d.Move(context.Background(), live, third)
	},
	"replace": func(d sqlitestore.Driver, live, fresh, third string) error {
		return d.Replace(context.Background(), fresh, live)
	},
	"remove": func(d sqlitestore.Driver, live, fresh, third string) error {
		return d.Remove(context.Background(), live)
	},
}

func init() {
	for name, shift := range shifts {
		roles["shift "+name] = func(d sqlitestore.Driver, dir string) error {
			countable()
			return shift(d, filepath.Join(dir, "live"), filepath.Join(dir, "fresh"), filepath.Join(dir, "third"))
		}
	}
}

// A move that is killed at whatever system call leaves one of the states that are
// documented, and comes to the same end when it is done again.
func TestMoveKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		left, fresh := copyOfAnOpenStore(t, d), newPath(t)
		inFresh := fill(t, d, fresh)
		inLive := contentOf(t, mustOpen(t, d, copied(t, left, "live"), false))
		for name, shift := range shifts {
			t.Run(name, func(t *testing.T) {
				fired := 0
				for _, call := range []string{"link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "fsync", "fdatasync", "pwrite64", "ftruncate"} {
					step := 1
					if call == "pwrite64" { // SQLite's, which are the same in each of the moves
						if name != "move" {
							continue
						}
						step = 4
					}
					for at := 1; ; at += step {
						live := copied(t, left, "live")
						dir := filepath.Dir(live)
						write(t, filepath.Join(dir, "fresh"), read(t, fresh))
						if _, ok := injected(t, "shift "+name, d, dir, call, "signal=KILL", at); !ok {
							break
						}
						fired++
						t.Run(fmt.Sprintf("%s %d", call, at), func(t *testing.T) {
							fresh, third := filepath.Join(dir, "fresh"), filepath.Join(dir, "third")
							killed := stateOf(t, d, inLive, inFresh, live, fresh, third)
							err := shift(d, live, fresh, third)
							if errors.Is(err, fs.ErrNotExist) && (name == "move" || name == "replace") {
								err = nil // it was through
							}
							if err != nil {
								t.Errorf("once more: %v", err)
							}
							done := stateOf(t, d, inLive, inFresh, live, fresh, third)
							if !allowed[name][killed] || done != ends[name] {
								t.Errorf("the kill left %s, which ends in %s", killed, done)
							}
						})
					}
				}
				if fired == 0 {
					t.Error("nothing was killed: the test tests nothing")
				}
			})
		}
	})
}

// allowed are the states that a kill may leave, and ends those without one: what is
// at live, fresh and third.
var (
	allowed = map[string]map[string]bool{
		"link":    {"live fresh -": true, "live fresh live": true},
		"move":    {"live fresh -": true, "live fresh live": true, "- fresh live": true},
		"replace": {"live fresh -": true, "fresh - -": true},
		"remove":  {"live fresh -": true, "- fresh -": true},
	}
	ends = map[string]string{"link": "live fresh live", "move": "- fresh live", "replace": "fresh - -", "remove": "- fresh -"}
)

// stateOf tells which store lies under each name.
func stateOf(t *testing.T, d sqlitestore.Driver, live, fresh content, paths ...string) (state string) {
	t.Helper()
	for i, path := range paths {
		if i > 0 {
			state += " "
		}
		db, err := store.Open(t.Context(), d, path, &items.Schema, store.Options{ReadOnly: true})
		if errors.Is(err, fs.ErrNotExist) {
			state += "-"
			continue
		}
		if err != nil {
			state += "(" + err.Error() + ")"
			continue
		}
		switch got := contentOf(t, db); {
		case reflect.DeepEqual(got, live):
			state += "live"
		case reflect.DeepEqual(got, fresh):
			state += "fresh"
		default:
			state += fmt.Sprintf("(%+v)", got)
		}
		db.Close()
	}
	return state
}

// copied is a copy of a store and of what lies beside it, in a folder of its own.
func copied(t *testing.T, path, name string) string {
	t.Helper()
	to := filepath.Join(directory(t), name)
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if _, err := os.Stat(path + suffix); err == nil {
			write(t, to+suffix, read(t, path+suffix))
		}
	}
	return to
}
