package storefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
)

// same tells whether two names are of one file, or of files with one content.
func same(from, to string) (bool, error) {
	b, err := os.Open(to)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer b.Close()
	a, err := os.Open(from)
	if err != nil {
		return false, err
	}
	defer a.Close()
	infoA, errA := a.Stat()
	infoB, errB := b.Stat()
	if err := errors.Join(errA, errB); err != nil || os.SameFile(infoA, infoB) || infoA.Size() != infoB.Size() {
		return err == nil && os.SameFile(infoA, infoB), err
	}
	const size = 1 << 16
	partA, partB := make([]byte, size), make([]byte, size)
	for {
		n, errA := io.ReadFull(a, partA)
		m, errB := io.ReadFull(b, partB)
		switch {
		case !bytes.Equal(partA[:n], partB[:m]):
			return false, nil
		case errA == io.EOF || errA == io.ErrUnexpectedEOF:
			return true, nil
		case errA != nil || errB != nil:
			return false, errors.Join(errA, errB)
		}
	}
}

// duplicate copies a file to a name that nothing has: the lock of the name keeps
// others from making a store there meanwhile.
func (f Files) duplicate(ctx context.Context, from, to string) error {
	return Create(to, f.Companions, func(draft string) error {
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(draft, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, &breakable{ctx, in})
		return errors.Join(err, out.Sync(), out.Close())
	})
}

// checksum is the SHA-256 of a file, in hexadecimal.
func checksum(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, &breakable{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// breakable is a reader that ends with its context.
type breakable struct {
	ctx context.Context
	io.Reader
}

func (r *breakable) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
