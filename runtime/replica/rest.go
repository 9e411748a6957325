package replica

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"

	"github.com/resetgen/resetgen/runtime/reconcile"
)

// rest writes the objects that a report does not hold on to, each on a line of its
// own, beside the outcome that has the report.
type rest struct {
	path string
	of   *Report // the report in whose making they come
	file *os.File
	text *bufio.Writer
	json *json.Encoder
}

// add writes an object; the first of a report begins the file anew.
func (w *rest) add(of *Report, o *reconcile.Object) (err error) {
	if w.of != of {
		if err := w.close(); err != nil {
			return err
		}
		if w.file, err = os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return err
		}
		w.of, w.text = of, bufio.NewWriterSize(w.file, 1<<16)
		w.json = json.NewEncoder(w.text)
		w.json.SetEscapeHTML(false)
	}
	return w.json.Encode(o)
}

// end makes what was written last.
func (w *rest) end() error {
	if w.file == nil {
		return nil
	}
	return errors.Join(w.text.Flush(), w.file.Sync(), w.close(), syncDir(filepath.Dir(w.path)))
}

func (w *rest) close() error {
	if w.file == nil {
		return nil
	}
	file := w.file
	w.file = nil
	return file.Close()
}

// keepRest puts what the report does not hold on to beside it. A process that was
// killed may have done that already.
func (r *Replica) keepRest(done *outcome) error {
	if done.Report.Rest == 0 {
		return nil
	}
	to := restOf(done.Saved.Path)
	err := copyFile(r.o.restFile(), to)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err = os.Stat(to); errors.Is(err, fs.ErrNotExist) { // somebody has removed it
			return nil
		}
	}
	if err == nil {
		done.Report.RestFile = to
	}
	return err
}

// copyFile makes a copy that is there whole or not at all, and lasts.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	draft := draftOf(to)
	out, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = atomic.ReplaceFile(draft, to)
	}
	if err != nil {
		os.Remove(draft) // a full disk has room again
		return err
	}
	return syncDir(filepath.Dir(to))
}
