package stamp_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/stamp"
)

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stamp.Stamp(rapid.Uint64().Draw(t, "stamp"))
		text, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back stamp.Stamp
		if s.Time().Year() > 9999 { // RFC 3339 has four digits
			t.Skip()
		}
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Fatalf("%d became %s and then %d (%v)", s, text, back, err)
		}
	})
}

func TestAtIsTheStartOfTheMillisecond(t *testing.T) {
	for _, c := range []struct {
		time time.Time
		want stamp.Stamp
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(-5, 0), 0},
		{time.Unix(1, 999_999), 1000 << 16},
		{time.UnixMilli(math.MaxInt64), (1<<48 - 1) << 16},
	} {
		if got := stamp.At(c.time); got != c.want {
			t.Errorf("At(%v) = %d, want %d", c.time, got, c.want)
		}
	}
}

// A clock's readings rise whatever the wall clock does.
func TestClockNeverRunsBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wall := time.UnixMilli(1_700_000_000_000)
		clock := stamp.NewClock(0, func() time.Time { return wall }, 0)
		last := stamp.Stamp(0)
		for range 200 {
			wall = wall.Add(time.Duration(rapid.Int64Range(-5000, 5000).Draw(t, "step")) * time.Millisecond)
			switch rapid.IntRange(0, 9).Draw(t, "action") {
			case 0: // a restart
				clock = stamp.NewClock(clock.High(), func() time.Time { return wall }, 0)
			case 1: // somebody else's stamp
				remote := stamp.At(wall.Add(time.Duration(rapid.Int64Range(-7200, 7200).Draw(t, "seconds")) * time.Second))
				before := clock.High()
				took := clock.Observe(remote)
				if want := remote <= stamp.At(wall.Add(time.Hour)) || remote <= before; took != want {
					t.Fatalf("Observe(%v) = %v at %v", remote, took, wall)
				}
				if took && clock.High() < remote || !took && clock.High() != before {
					t.Fatalf("after Observe(%v) = %v the clock stands at %v", remote, took, clock.High())
				}
			}
			now := clock.Next()
			if now <= last || now < clock.High() {
				t.Fatalf("%v after %v", now, last)
			}
			last = now
		}
	})
}

func TestClockFollowsTheWallClock(t *testing.T) {
	wall := time.UnixMilli(1_700_000_000_000)
	clock := stamp.NewClock(0, func() time.Time { return wall }, 0)
	if got := clock.Next(); got != stamp.At(wall) {
		t.Errorf("the first reading is %v", got)
	}
	if got := clock.Next(); got != stamp.At(wall)+1 {
		t.Errorf("the second reading is %v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "yesterday", "2024-01-01T00:00:00.000Z+x", "2024-01-01T00:00:00.000Z+65536", "1969-12-31T00:00:00.000Z"} {
		if s, err := stamp.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, s)
		}
	}
}

// Every stamp is read back from its text, in the years of five digits too.
func TestParseReadsEveryStamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stamp.Stamp(rapid.Uint64().Draw(t, "stamp"))
		if back, err := stamp.Parse(s.String()); err != nil || back != s {
			t.Fatalf("%d is %q, which is %d (%v)", s, s, back, err)
		}
	})
	for _, s := range []stamp.Stamp{1, stamp.Max, stamp.At(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)), stamp.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), stamp.At(time.Date(10400, 2, 29, 0, 0, 0, 0, time.UTC))} {
		if back, err := stamp.Parse(s.String()); err != nil || back != s {
			t.Errorf("%d is %q, which is %d (%v)", s, s, back, err)
		}
	}
}

// A clock that goes on with another's life does not run backwards, however wrong the
// wall clock is by now.
func TestClockResumes(t *testing.T) {
	wall := time.UnixMilli(1_700_000_000_000)
	clock := stamp.NewClock(0, func() time.Time { return wall }, 0)
	ahead := stamp.At(wall.Add(48 * time.Hour))
	if clock.Observe(ahead); clock.High() >= ahead {
		t.Error("it follows a stamp from far ahead")
	}
	clock.Resume(ahead)
	clock.Resume(1)
	if got := clock.Next(); got <= ahead {
		t.Errorf("the next reading is %v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2024-01-01T00:00:00.000Z+7")
	f.Add("never")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := stamp.Parse(text)
		if err != nil {
			return
		}
		if back, err := stamp.Parse(s.String()); err != nil || back != s {
			t.Errorf("%q is %d, which is %q, which is %d (%v)", text, s, s, back, err)
		}
	})
}

func ExampleClock() {
	// The wall clock of this device is set back by an hour between two writes.
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	clock := stamp.NewClock(0, func() time.Time { return wall }, 0)
	fmt.Println(clock.Next())
	wall = wall.Add(-time.Hour)
	fmt.Println(clock.Next())
	// Output:
	// 2026-05-01T12:00:00.000Z
	// 2026-05-01T12:00:00.000Z+1
}
