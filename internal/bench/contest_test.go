package bench

import (
	"slices"
	"testing"
	"time"
)

// versus runs ours and theirs in turns and reports how many times as long ours
// takes: the median of the rounds. Each of the two does a round's work and says
// how long that took, preparations left out. The turns change places, so that
// neither always comes second.
func versus(b *testing.B, unit string, ours, theirs func() time.Duration) {
	b.Helper()
	var ratios []float64
	for b.Loop() {
		var a, z time.Duration
		if len(ratios)%2 == 0 {
			a = ours()
			z = theirs()
		} else {
			z = theirs()
			a = ours()
		}
		ratios = append(ratios, float64(a)/float64(z))
	}
	b.ReportMetric(median(ratios), unit)
	b.ReportMetric(0, "ns/op") // a round's time says nothing on a machine that is shared
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// repeated is a round of work that is too short to be timed alone.
func repeated(n int, do func()) func() time.Duration {
	return func() time.Duration {
		start := time.Now()
		for range n {
			do()
		}
		return time.Since(start)
	}
}
