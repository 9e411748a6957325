package notify_test

import (
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/internal/notify"
)

func concat(pending, next []int) []int { return append(slices.Clone(pending), next...) }

// What happens while a listener is busy is told by one call, and nothing is left
// out.
func TestMergedWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := notify.Listeners[[]int]{Merge: concat}
		busy := make(chan struct{})
		var calls [][]int
		stop := l.Add(func(v []int) {
			calls = append(calls, v)
			<-busy
		})
		defer stop()
		for i := range 4 {
			l.Tell([]int{i})
			synctest.Wait()
		}
		close(busy)
		synctest.Wait()
		if len(calls) != 2 || !slices.Equal(calls[0], []int{0}) || !slices.Equal(calls[1], []int{1, 2, 3}) {
			t.Error(calls)
		}
	})
}

func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := notify.Listeners[int]{Quiet: 10 * time.Millisecond}
		began := time.Now()
		var told []int
		var when []time.Duration
		defer l.Add(func(v int) {
			told = append(told, v)
			when = append(when, time.Since(began))
		})()
		for i := range 15 {
			l.Tell(i)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(told, []int{0, 10, 14}) && !slices.Equal(told, []int{0, 9, 14}) {
			t.Error(told, when)
		}
	})
}

// A listener that panics is logged, and told again the next time.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := notify.Listeners[int]{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		calls := 0
		defer l.Add(func(int) { calls++; panic("no") })()
		for range 2 {
			l.Tell(1)
			synctest.Wait()
		}
		if calls != 2 {
			t.Errorf("%d calls", calls)
		}
	})
}

// After stop there is no call, not even one that was to come.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := notify.Listeners[int]{Quiet: time.Second}
		calls := 0
		stop := l.Add(func(int) { calls++ })
		l.Tell(1)
		synctest.Wait()
		l.Tell(2)
		stop()
		time.Sleep(time.Minute)
		if calls != 1 || l.Any() {
			t.Errorf("%d calls", calls)
		}
	})
}
