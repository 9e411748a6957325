package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// peak is the largest memory of any round that has a process of its own, in bytes;
// 0 where the system does not tell.
type peak int64

// of runs a program in a child process and reads what it found out.
func (p *peak) of(b *testing.B, found any, program string, args ...string) {
	b.Helper()
	child := exec.Command(os.Args[0], args...)
	child.Env = append(os.Environ(), childEnv+"="+program)
	child.Stderr = os.Stderr
	out, err := child.Output()
	must(b, err)
	r := result{Found: found}
	must(b, json.Unmarshal(out, &r))
	*p = max(*p, r.Peak)
}

func (p peak) report(b *testing.B, unit string) {
	if p > 0 {
		b.ReportMetric(float64(p)/(1<<20), unit)
	}
}

// childEnv tells the test binary that it is a child, and with which program.
const childEnv = "RESETGEN_BENCH_CHILD"

var programs = map[string]func(args []string) (any, error){
	"reconcile": reconcileChild,
	"reset":     resetChild,
}

// result is what a child prints.
type result struct {
	Found any
	Peak  peak
}

func runChild() error {
	program := programs[os.Getenv(childEnv)]
	if program == nil {
		return fmt.Errorf("%s=%s: there is no such program", childEnv, os.Getenv(childEnv))
	}
	found, err := program(os.Args[1:])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{found, peakMemory()})
}

// peakMemory is the most that this process had in memory: only Linux tells that
// by a file.
func peakMemory() peak {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return peak(kib << 10)
		}
	}
	return 0
}
