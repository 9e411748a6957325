package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
)

// shifts are the moves of a process that is killed, each in a folder with the stores
// "live" and "fresh".
var shifts = map[string]func(live, fresh, third string) error{
	"link":    func(live, fresh, third string) error { return Driver{}.Link(context.Background(), live, third) },
	"copy":    func(live, fresh, third string) error { return Driver{}.Copy(context.Background(), live, third) },
	"replace": func(live, fresh, third string) error { return Driver{}.Replace(context.Background(), fresh, live) },
	"remove":  func(live, fresh, third string) error { return Driver{}.Remove(context.Background(), live) },
}

func init() {
	for name, shift := range shifts {
		roles["shift "+name] = func(dir string) error {
			runtime.LockOSThread() // strace counts the calls of each thread
			return shift(filepath.Join(dir, "live"), filepath.Join(dir, "fresh"), filepath.Join(dir, "third"))
		}
	}
}

// killed are the states that a kill may leave, and ends those that the move comes to:
// what is at live, fresh and third.
var (
	killed = map[string][]string{
		"link":    {"live fresh -", "live fresh live"},
		"copy":    {"live fresh -", "live fresh live"},
		"replace": {"live fresh -", "fresh - -"},
		"remove":  {"live fresh -", "- fresh -"},
	}
	ends = map[string]string{"link": "live fresh live", "copy": "live fresh live", "replace": "fresh - -", "remove": "- fresh -"}
)

// A move that is killed at whatever system call leaves one of the states that are
// documented, and comes to the same end when it is done again.
func TestMoveKilled(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: kills are not tested")
	}
	live, fresh := newPath(t), newPath(t)
	m := item("item")
	texts := map[string]string{}
	for path, name := range map[string]string{live: "live", fresh: "fresh"} {
		e := mustOpen(t, path, false, m)
		update(t, e, func(tx *tx) error { return tx.SetMeta("state", []byte(name)) })
		text, err := content(e, m)
		must(t, "reading", err)
		texts[text] = name
		mustClose(t, e)
	}
	for name, shift := range shifts {
		fired := 0
		for _, call := range []string{"link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "fsync", "flock", "write"} {
			for at := 1; ; at++ {
				dir := directory(t)
				live2, fresh2, third := filepath.Join(dir, "live"), filepath.Join(dir, "fresh"), filepath.Join(dir, "third")
				write(t, live2, read(t, live))
				write(t, fresh2, read(t, fresh))
				if !killedAt(t, strace, "shift "+name, dir, call, at) {
					break
				}
				fired++
				left := stateOf(t, m, texts, live2, fresh2, third)
				err := shift(live2, fresh2, third)
				if name == "replace" && errors.Is(err, fs.ErrNotExist) || name == "copy" && errors.Is(err, fs.ErrExist) {
					err = nil // it was through
				}
				done := stateOf(t, m, texts, live2, fresh2, third)
				if err != nil || done != ends[name] || left != killed[name][0] && left != killed[name][1] {
					t.Errorf("%s, killed at %s %d, leaves %s, which ends in %s, %v", name, call, at, left, done, err)
				}
			}
		}
		if fired < 3 {
			t.Errorf("%s was killed %d times: the test tests little", name, fired)
		}
	}
}

// killedAt runs a second process under strace, which kills it at the call. It tells
// whether the process came that far.
func killedAt(t *testing.T, strace, role, path, call string, at int) bool {
	t.Helper()
	process := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", filepath.Join(directory(t), "trace"), "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, at), os.Args[0])
	process.Env = append(os.Environ(), envRole+"="+role, envPath+"="+path)
	var errs bytes.Buffer
	process.Stderr = &errs
	err := process.Run()
	if strings.Contains(strings.ToLower(errs.String()), "ptrace") {
		t.Skipf("strace is not allowed here: %s", &errs)
	}
	if errs.Len() > 0 {
		t.Errorf("%s, %s %d: %s", role, call, at, &errs)
	}
	return err != nil
}

// stateOf tells which store lies under each name.
func stateOf(t *testing.T, m *model.Info, texts map[string]string, paths ...string) string {
	t.Helper()
	var state []string
	for _, path := range paths {
		e, err := open(context.Background(), path, true, m)
		if errors.Is(err, fs.ErrNotExist) {
			state = append(state, "-")
			continue
		}
		must(t, "opening", err)
		text, err := content(e, m)
		must(t, "reading", err)
		mustClose(t, e)
		state = append(state, texts[text])
	}
	return strings.Join(state, " ")
}
