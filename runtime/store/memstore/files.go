package memstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// closed finds the store at path, which nobody may have open; the disk is locked.
func (d *Disk) closed(path string) (*file, error) {
	f := d.files[path]
	switch {
	case f == nil:
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	case f.writer != nil || len(f.readers) > 0:
		return nil, fmt.Errorf("%w: %s is open", store.ErrInUse, path)
	}
	return f, nil
}

// Claim implements store.Files: there is no other process, so it only finds out
// whether the store is open.
func (d *Disk) Claim(ctx context.Context, path string) (release func() error, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.closed(path); err != nil && d.files[path] != nil {
		return nil, err
	}
	return func() error { return nil }, context.Cause(ctx)
}

// Link implements store.Files. What is under both names is written apart.
func (d *Disk) Link(ctx context.Context, from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.closed(from)
	if err != nil {
		return fmt.Errorf("linking: %w", err)
	}
	if there := d.files[to]; there != nil && from != to && there.content == f.content {
		return nil
	}
	return d.copy("linking", f, from, to)
}

// Copy implements store.Files.
func (d *Disk) Copy(ctx context.Context, from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.closed(from)
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	return d.copy("copying", f, from, to)
}

// copy makes a file at to; the disk is locked.
func (d *Disk) copy(doing string, f *file, from, to string) error {
	if d.files[to] != nil {
		return fmt.Errorf("%s %s to %s: %w: a store is there", doing, from, to, fs.ErrExist)
	}
	d.files[to] = &file{content: f.content, readers: map[*engine]bool{}}
	return nil
}

// Replace implements store.Files.
func (d *Disk) Replace(ctx context.Context, from, over string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.closed(from)
	if err != nil {
		return fmt.Errorf("replacing %s: %w", over, err)
	}
	if _, err := d.closed(over); err != nil && d.files[over] != nil {
		return fmt.Errorf("replacing: %w", err)
	}
	if from == over {
		return fmt.Errorf("replacing %s by %s: %w: they are one", over, from, fs.ErrExist)
	}
	d.files[over] = f
	delete(d.files, from)
	return nil
}

// Remove implements store.Files.
func (d *Disk) Remove(ctx context.Context, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.closed(path); err != nil && d.files[path] != nil {
		return fmt.Errorf("removing: %w", err)
	}
	delete(d.files, path)
	return nil
}

// Checksum implements store.Files.
func (d *Disk) Checksum(ctx context.Context, path string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.closed(path)
	if err != nil {
		return "", fmt.Errorf("checking: %w", err)
	}
	sum := sha256.New()
	part := func(b []byte) {
		sum.Write(binary.AppendUvarint(nil, uint64(len(b))))
		sum.Write(b)
	}
	catalog, err := json.Marshal(f.content.catalog)
	if err != nil {
		return "", fmt.Errorf("checking %s: %w", path, err)
	}
	part(catalog)
	for _, name := range slices.Sorted(maps.Keys(f.content.tables)) {
		part([]byte(name))
		for o := range all(f.content.tables[name].objects) {
			b := model.AppendValue(nil, o.key)
			for _, v := range o.values {
				b = model.AppendValue(b, v)
			}
			part(model.PackStamps(binary.AppendUvarint(b, uint64(o.stamp)), o.stamp, o.stamps))
		}
	}
	for e := range all(f.content.entries) {
		part(model.AppendEntry(model.AppendValue([]byte(e.Model), e.Key), e))
	}
	for _, name := range slices.Sorted(maps.Keys(f.content.meta)) {
		part([]byte(name))
		part(f.content.meta[name])
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
