package storefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/store"
)

// Locate is the file that a path means, unless ctx has ended: what lies beside a store,
// its lock included, lies beside that and not beside a link to it.
func Locate(ctx context.Context, path string) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	if path == "" {
		return "", fmt.Errorf("%w: the path names no file; package memstore keeps a store in memory", store.ErrNotAStore)
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(file); err == nil {
		return resolved, nil
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		return filepath.Join(dir, filepath.Base(file)), nil
	}
	return file, nil
}

// regular refuses, before anything is touched, what cannot be a store.
func regular(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !readOnly:
		if dir, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("the directory of the store: %w", err)
		} else if !dir.IsDir() {
			return fmt.Errorf("%s is not a directory", filepath.Dir(path))
		}
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%w: %s is a directory", store.ErrNotAStore, path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", store.ErrNotAStore, path)
	}
	return nil
}
