package gen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/natefinch/atomic"
)

// File is a generated file: what it has to contain, and what it contains.
type File struct {
	Path  string
	Name  string // the path from the working folder
	Old   []byte // nil where there is no such file
	New   []byte // nil where there must not be one
	State State
}

// State is how a file on disk compares with what was generated.
type State int

// The states.
const (
	Fresh    State = iota // as generated
	Stale                 // different
	Missing               // not there
	Orphaned              // there, and generated for nothing any more
)

// String is the lower-case name of the state.
func (s State) String() string { return [...]string{"fresh", "stale", "missing", "orphaned"}[s] }

// Stale lists the files that are not as they have to be.
func (r *Result) Stale() []*File {
	var list []*File
	for _, f := range r.Files {
		if f.State != Fresh {
			list = append(list, f)
		}
	}
	return list
}

// Diff is what Write would change, as a unified diff; "" where that is nothing.
func (r *Result) Diff() string {
	var b strings.Builder
	for _, f := range r.Stale() {
		name := filepath.ToSlash(f.Name)
		from, to := "a/"+name, "b/"+name
		switch f.State {
		case Missing:
			from = os.DevNull
		case Orphaned:
			to = os.DevNull
		}
		b.WriteString(udiff.Unified(from, to, string(f.Old), string(f.New)))
	}
	return b.String()
}

// Write brings the files on disk up to date. Each is replaced in one step, those
// that are as they have to be are not touched, and nothing is removed before
// everything is written.
func (r *Result) Write() error {
	stale := r.Stale()
	for _, f := range stale {
		if f.State == Orphaned {
			continue
		}
		if err := replace(f.Path, f.New); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	for _, f := range stale {
		if f.State != Orphaned {
			continue
		}
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s, which is generated for nothing any more: %w", f.Name, err)
		}
	}
	return nil
}

// replace writes a file beside the old one and lets it take its place, once it
// has reached the disk. The name of the new file begins with a dot, so that the
// go command passes over what a killed process leaves behind. Of a link, the
// file that it leads to is replaced.
func replace(path string, content []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, fmt.Sprintf(".%s.%d.tmp", name, os.Getpid()))
	defer func() {
		if err != nil {
			_ = os.Remove(temp) // the error that led here is the one to report
		}
	}()
	if err := writeSynced(temp, content); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		if err := os.Chmod(temp, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return atomic.ReplaceFile(temp, path)
}

// writeSynced writes a new file, with the mode of any source file: what the
// user's mask leaves.
func writeSynced(path string, content []byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}
