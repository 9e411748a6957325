package integration

import (
	"bytes"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// injected runs a second process under strace, which kills it or fails its system
// calls at a place, and gives what the process said and whether the place was
// reached. The end that the process comes to is not looked at.
func injected(t *testing.T, role string, d sqlitestore.Driver, path, call, fault string, at int) (said []string, fired bool) {
	t.Helper()
	strace, err := osexec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: faults of system calls are not tested")
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(directory(t), "trace")
	process := osexec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", trace, "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:%s:when=%d", call, fault, at), binary)
	process.Env = append(os.Environ(), envRole+"="+role, envDriver+"="+d.Name, envPath+"="+path)
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	process.Stdout, process.Stderr = out, errs
	err = process.Run()
	if strings.Contains(errs.String(), "PTRACE") || strings.Contains(errs.String(), "ptrace") {
		t.Skipf("strace is not allowed here: %s", errs)
	}
	if strings.Contains(errs.String(), "panic") || strings.Contains(errs.String(), "DATA RACE") {
		t.Errorf("%s, %s %s at %d: %v\n%s", role, call, fault, at, err, errs)
	}
	calls := string(read(t, trace))
	fired = strings.Contains(calls, "(INJECTED)") || strings.Contains(calls, "+++ killed by SIGKILL +++")
	return strings.Split(strings.TrimSpace(out.String()), "\n"), fired
}

// countable makes a process do all that follows on one thread, by which strace
// counts.
func countable() { runtime.LockOSThread() }
