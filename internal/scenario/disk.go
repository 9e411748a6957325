package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// Store is the kind of store that the local client has.
type Store string

// The kinds.
const (
	Memory Store = "memory"
	SQLite Store = "sqlite"
)

// Stores lists the kinds.
func Stores() []Store { return []Store{Memory, SQLite} }

// disk is where the local client's store lies.
type disk interface {
	driver() driver

	// kill ends the process that has the folder open, from within. It gives the
	// folder as that leaves it, or does not return.
	kill(folder string) (left string, err error)
}

// driver is what a replica needs.
type driver interface {
	store.Driver
	store.Files
}

func newDisk(kind Store) (disk, error) {
	switch kind {
	case Memory:
		return memory{memstore.New()}, nil
	case SQLite:
		d, ok := any(sqlitestore.Driver{Name: "sqlite"}).(driver)
		if !ok {
			return nil, fmt.Errorf("%T is no store.Files", sqlitestore.Driver{})
		}
		return files{d}, nil
	}
	return nil, fmt.Errorf("there is no store %q (there are %q)", kind, Stores())
}

type memory struct{ *memstore.Disk }

func (m memory) driver() driver { return m.Disk }

// kill ends what is open on the disk, and the call that is under way: what it would
// do next to the disk, and to the files of a reset, a killed process does not do.
func (m memory) kill(folder string) (left string, err error) {
	m.Kill()
	runtime.Goexit()
	return folder, nil
}

type files struct{ with driver }

func (f files) driver() driver { return f.with }

// kill copies the folder as it is. Locks die with a process, and so does the use of
// a -shm, which the next one makes anew.
func (f files) kill(folder string) (left string, err error) {
	left, err = os.MkdirTemp(filepath.Dir(folder), "left-")
	if err != nil {
		return "", err
	}
	return left, copyFolder(folder, left)
}

func copyFolder(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		ofProcess := slices.ContainsFunc([]string{".lock", "-shm"}, func(end string) bool { return strings.HasSuffix(e.Name(), end) })
		switch {
		case ofProcess:
		case e.IsDir():
			if err := os.Mkdir(target, 0o700); err != nil {
				return err
			}
			if err := copyFolder(source, target); err != nil {
				return err
			}
		default:
			content, err := os.ReadFile(source)
			if err != nil {
				return err
			}
			if err := os.WriteFile(target, content, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
