package integration

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Permissions do not bind root, so where root runs the tests, those about permissions
// run once more as nobody.
func TestAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("these tests run as they are")
	}
	dir, err := os.MkdirTemp("", "") // that of a test is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	write(t, program, read(t, self))
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	again := osexec.Command(program, "-test.run=^TestReadOnlyDirectory$", "-test.v")
	again.Dir, again.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := again.CombinedOutput()
	for _, driver := range drivers {
		if err != nil || !strings.Contains(string(out), "--- PASS: TestReadOnlyDirectory/"+driver+" (") {
			t.Fatalf("with %s: %v\n%s", driver, err, out)
		}
	}
}
