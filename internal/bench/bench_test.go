package bench

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
)

// Every benchmark runs through, once and on small stores, and reports its figure.
func TestBenchmarksRun(t *testing.T) {
	out, err := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=.", "-test.benchtime=1x", "-rows=3000").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	figures := map[string]string{} // of a benchmark by its name, without those of its parts
	for line := range strings.Lines(string(out)) {
		if name, figure, ok := strings.Cut(line, " "); ok {
			name, _, _ = strings.Cut(strings.TrimSpace(name), "/")
			name, _, _ = strings.Cut(name, "-")
			figures[name] += figure
		}
	}
	for name, unit := range map[string]string{
		"BenchmarkSetter": "x-plain", "BenchmarkDiff": "x-byhand", "BenchmarkMerge": "x-byhand", "BenchmarkReconcile": "x-scan",
		"BenchmarkTracking": "x-bare", "BenchmarkLoad": "x-bare", "BenchmarkOpen": "x-thousand", "BenchmarkSpace": "B-bare",
		"BenchmarkReset": "x-whole", "BenchmarkPull": "x-load", "BenchmarkPush": "x-whole", "BenchmarkPushParts": "x-settle",
	} {
		if !strings.Contains(figures[name], unit) {
			t.Errorf("%s does not report %s:\n%s", name, unit, out)
		}
	}
}

// What is plain costs no memory: the compiler may change its mind, so this is
// held on to.
func TestPlainFieldsAllocateNothing(t *testing.T) {
	base, local, remote := inspection(), inspection(), inspection()
	local.Floor, local.Lat, remote.Weather = 3, 48, "sun"
	mc := &merge.Context{Local: model.FirstFields(20)}
	var r InspectionRecord
	for name, f := range map[string]func(){
		"setters": func() {
			r.SetTitle(titles[time.Now().UnixNano()&1])
			r.SetLat(1)
			r.SetStarted(time.Now())
		},
		"diff": func() { DiffInspection(&base, &local).Empty() },
		"merge": func() {
			mc.Reset()
			if _, err := MergeInspection(mc, &base, &local, &remote); err != nil {
				t.Error(err)
			}
		},
		"merge without a context": func() {
			if _, err := MergeInspection(nil, &base, &local, &remote); err != nil {
				t.Error(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
