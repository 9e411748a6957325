package gentest

import (
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/testdata/golden/scalars"
)

// The benchmarks set generated code against what one would write by hand for a
// struct of two dozen fields.

func sample() scalars.Scalar {
	return scalars.Scalar{
		ID: "s-1", Bool: true, Int: 1, Int64: 2, Uint: 3, Float64: 4.5, String: "a string", Label: "a label", Measure: 6,
	}
}

// byHand is what a setter costs at least.
type byHand struct {
	value   scalars.Scalar
	changed uint64
}

//go:noinline
func (r *byHand) SetString(v string) {
	if r.value.String != v {
		r.value.String = v
		r.changed |= 1 << 16
	}
}

var names = [2]string{"one", "two"}

func BenchmarkSetter(b *testing.B) {
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		var r scalars.ScalarRecord
		for i := 0; b.Loop(); i++ {
			r.SetString(names[i&1])
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		var r byHand
		for i := 0; b.Loop(); i++ {
			r.SetString(names[i&1])
		}
	})
}

// diffByHand lists what differs, as one would without a generator.
//
//go:noinline
func diffByHand(a, b *scalars.Scalar) (d uint64) {
	note := func(f int, differ bool) {
		if differ {
			d |= 1 << f
		}
	}
	note(0, a.ID != b.ID)
	note(1, a.Bool != b.Bool)
	note(2, a.Int != b.Int)
	note(3, a.Int8 != b.Int8)
	note(4, a.Int16 != b.Int16)
	note(5, a.Int32 != b.Int32)
	note(6, a.Int64 != b.Int64)
	note(7, a.Rune != b.Rune)
	note(8, a.Uint != b.Uint)
	note(9, a.Uint8 != b.Uint8)
	note(10, a.Uint16 != b.Uint16)
	note(11, a.Uint32 != b.Uint32)
	note(12, a.Uint64 != b.Uint64)
	note(13, a.Byte != b.Byte)
	note(14, a.Float32 != b.Float32)
	note(15, a.Float64 != b.Float64)
	note(16, a.String != b.String)
	note(17, a.Flag != b.Flag)
	note(18, a.Small != b.Small)
	note(19, a.Signed != b.Signed)
	note(20, a.Octet != b.Octet)
	note(21, a.Big != b.Big)
	note(22, a.Ratio != b.Ratio)
	note(23, a.Measure != b.Measure)
	note(24, a.Label != b.Label)
	return d
}

func BenchmarkDiff(b *testing.B) {
	x, y := sample(), sample()
	y.Int, y.String, y.Measure = 2, "another string", 7
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if d := scalars.DiffScalar(&x, &y); d.Empty() {
				b.Fatal("empty")
			}
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if diffByHand(&x, &y) == 0 {
				b.Fatal("empty")
			}
		}
	})
}

// mergeByHand takes the local value of what changed locally.
//
//go:noinline
func mergeByHand(changed uint64, local, remote *scalars.Scalar) scalars.Scalar {
	m := *remote
	take(changed, 1, &m.Bool, local.Bool)
	take(changed, 2, &m.Int, local.Int)
	take(changed, 3, &m.Int8, local.Int8)
	take(changed, 4, &m.Int16, local.Int16)
	take(changed, 5, &m.Int32, local.Int32)
	take(changed, 6, &m.Int64, local.Int64)
	take(changed, 7, &m.Rune, local.Rune)
	take(changed, 8, &m.Uint, local.Uint)
	take(changed, 9, &m.Uint8, local.Uint8)
	take(changed, 10, &m.Uint16, local.Uint16)
	take(changed, 11, &m.Uint32, local.Uint32)
	take(changed, 12, &m.Uint64, local.Uint64)
	take(changed, 13, &m.Byte, local.Byte)
	take(changed, 14, &m.Float32, local.Float32)
	take(changed, 15, &m.Float64, local.Float64)
	take(changed, 16, &m.String, local.String)
	take(changed, 17, &m.Flag, local.Flag)
	take(changed, 18, &m.Small, local.Small)
	take(changed, 19, &m.Signed, local.Signed)
	take(changed, 20, &m.Octet, local.Octet)
	take(changed, 21, &m.Big, local.Big)
	take(changed, 22, &m.Ratio, local.Ratio)
	take(changed, 23, &m.Measure, local.Measure)
	take(changed, 24, &m.Label, local.Label)
	return m
}

func take[T any](changed uint64, f int, into *T, v T) {
	if changed&(1<<f) != 0 {
		*into = v
	}
}

func BenchmarkMerge(b *testing.B) {
	base, local, remote := sample(), sample(), sample()
	local.Int, local.String, local.Measure = 2, "another string", 7
	remote.Label = "another label"
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		mc := &merge.Context{Local: scalars.DiffScalar(&base, &local).Fields}
		for b.Loop() {
			mc.Reset()
			if m, err := scalars.MergeScalar(mc, &base, &local, &remote); err != nil || m.Int != 2 {
				b.Fatal(m, err)
			}
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		changed := diffByHand(&base, &local)
		for b.Loop() {
			if m := mergeByHand(changed, &local, &remote); m.Int != 2 {
				b.Fatal(m)
			}
		}
	})
}

// What is plain costs no memory: the compiler may change its mind, so this is
// held on to.
func TestPlainFieldsAllocateNothing(t *testing.T) {
	base, local, remote := sample(), sample(), sample()
	local.Int, local.Float64, remote.Label = 2, 9, "another label"
	mc := &merge.Context{Local: model.FirstFields(25)}
	var r scalars.ScalarRecord
	for name, f := range map[string]func(){
		"setters": func() {
			r.SetString(names[time.Now().UnixNano()&1])
			r.SetFloat64(1)
			r.SetInt(3)
		},
		"diff": func() { scalars.DiffScalar(&base, &local).Empty() },
		"merge": func() {
			mc.Reset()
			if _, err := scalars.MergeScalar(mc, &base, &local, &remote); err != nil {
				t.Error(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
