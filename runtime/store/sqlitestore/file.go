package sqlitestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/resetgen/resetgen/runtime/store"
)

// applicationID marks the SQLite files that are stores: "RGst".
const applicationID = 0x52477374

// The parts of an SQLite file's header that tell whose it is.
const (
	headerSize    = 100
	magic         = "SQLite format 3\x00"
	pageSizeAt    = 16
	applicationAt = 68
)

// inspect looks at the header of a file. Only a file with the mark of a store
// is handed to SQLite, which might complete or undo another program's
// transactions. Its error wraps fs.ErrNotExist where there is no file yet, or an
// empty one.
func inspect(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return orphaned(path, err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	header := make([]byte, headerSize)
	n, err := io.ReadFull(f, header)
	switch {
	case err == io.EOF:
		return orphaned(path, fmt.Errorf("%s is empty: %w", path, fs.ErrNotExist))
	case err != nil && err != io.ErrUnexpectedEOF:
		return err
	case !strings.HasPrefix(string(header[:n]), magic):
		return fmt.Errorf("%w: %s is not an SQLite file", store.ErrNotAStore, path)
	case n < headerSize:
		return fmt.Errorf("%w: %s ends after %d bytes", store.ErrCorrupt, path, n)
	}
	if id := binary.BigEndian.Uint32(header[applicationAt:]); id != applicationID {
		return fmt.Errorf("%w: %s is an SQLite file of another program (application_id %#x)", store.ErrNotAStore, path, id)
	}
	return wholePages(f, header)
}

// wholePages refuses a file that ends in the middle of a page: a copy that was
// broken off. SQLite takes the rest of the page for zeros. With a log beside it the
// file is a process's that was killed, and SQLite makes it whole.
func wholePages(f *os.File, header []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	page := int64(binary.BigEndian.Uint16(header[pageSizeAt:]))
	if page == 1 {
		page = 1 << 16 // which does not fit
	}
	if page < 512 || info.Size()%page == 0 || logOf(f.Name()) != "" { // a size that makes no sense is SQLite's to refuse
		return nil
	}
	return fmt.Errorf("%w: %s ends in the middle of a page, after %d bytes", store.ErrCorrupt, f.Name(), info.Size())
}

// orphaned gives missing, the reason why there is no store, unless there is part
// of one: SQLite would delete a log that has lost its file.
func orphaned(path string, missing error) error {
	if log := logOf(path); log != "" {
		return fmt.Errorf("%w: %s is there without its content, %s, and may hold the newest changes; bring that back, or move %s away",
			store.ErrCorrupt, log, path, filepath.Base(log))
	}
	return missing
}

// logOf finds the log beside a file that SQLite has yet to work off, or gives "".
func logOf(path string) string {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return path + suffix
		}
	}
	return ""
}

// uri is what SQLite is told to open. As a URI a path may have any character.
func uri(path, mode string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	return "file://" + (&url.URL{Path: slashed}).EscapedPath() + "?mode=" + mode
}

// frozen tells whether a directory lies where nobody can write.
func frozen(dir string) bool {
	f, err := os.CreateTemp(dir, "")
	if err == nil {
		f.Close()
		os.Remove(f.Name())
	}
	return errors.Is(err, syscall.EROFS)
}
