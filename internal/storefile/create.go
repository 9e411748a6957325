package storefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// draftOf is the name under which the file at path is made: one that nobody else chooses,
// for what is there is taken for a draft of a process that was killed.
func draftOf(path string) string { return path + ".resetgen-new" }

// Create makes a file under another name and moves it into place, so that there is
// never half a store. fill finds it empty, makes its content last and leaves no
// companions beside it, unless it fails.
func Create(path string, companions []string, fill func(draft string) error) error {
	draft := draftOf(path)
	if err := remove(draft, companions); err != nil { // of a process that was killed
		return err
	}
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err = f.Close(); err == nil {
		err = fill(draft)
	}
	if err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		return errors.Join(err, remove(draft, companions))
	}
	return SyncDir(filepath.Dir(path))
}

// discard removes the store at path, the file before what lies beside it: a log
// without its file is noticed, a file without its log is not.
func (f Files) discard(path string) error {
	if err := Remove(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := SyncDir(dir); err != nil {
		return err
	}
	return errors.Join(remove(path, f.Companions), remove(draftOf(path), f.Companions), SyncDir(dir))
}

// remove removes a file with its companions.
func remove(path string, companions []string) error {
	if err := Remove(path); err != nil {
		return err
	}
	for _, end := range companions {
		if err := Remove(path + end); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a file that may not be there.
func Remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
