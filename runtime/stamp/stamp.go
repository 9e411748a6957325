// Package stamp says when a write happened, in a form that two devices can
// compare: a hybrid logical clock reading of 64 bits.
//
// A stamp answers "which of two writes is newer?" and, for people, "when was
// this?". It never answers "does the backend have this?": clocks are set back,
// drift and disagree, so that question is left to the commit sequence of a
// store.
//
// The clock is the one of Kulkarni, Demirbas, Madappa, Avva and Leone,
// "Logical Physical Clocks and Consistent Snapshots in Globally Distributed
// Databases" (2014), in its 48+16 bit packing.
package stamp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Stamp is one reading of a hybrid logical clock: 48 bits of Unix milliseconds
// above 16 bits of a logical counter, so that the larger of two stamps is the
// later one. The zero Stamp is older than every reading and means "never".
type Stamp uint64

// counterBits is how many of the low bits count readings within a millisecond.
const counterBits = 16

// Max is the largest stamp there is; it lies in the year 10889.
const Max = Stamp(1<<64 - 1)

// At is the first stamp of the millisecond that t lies in. Times before 1970
// give zero, times past the range give the last millisecond.
func At(t time.Time) Stamp {
	ms := t.UnixMilli()
	switch {
	case ms < 0:
		return 0
	case ms >= 1<<48:
		return Stamp(uint64(1<<48-1) << counterBits)
	}
	return Stamp(uint64(ms) << counterBits)
}

// Time is the physical part of s, in UTC, to the millisecond.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s >> counterBits)).UTC() }

// Counter is the logical part of s: it tells apart stamps of one millisecond.
func (s Stamp) Counter() uint16 { return uint16(s) }

// layout is RFC 3339 in UTC with milliseconds.
const layout = "2006-01-02T15:04:05.000Z"

// String gives the time in RFC 3339 with milliseconds, followed by "+n" where
// the logical counter is not zero; "never" for the zero stamp.
func (s Stamp) String() string {
	if s == 0 {
		return "never"
	}
	text := s.Time().Format(layout)
	if n := s.Counter(); n != 0 {
		text += "+" + strconv.Itoa(int(n))
	}
	return text
}

// Parse reads what String wrote.
func Parse(text string) (Stamp, error) {
	if text == "never" {
		return 0, nil
	}
	when, counter, counted := strings.Cut(text, "+")
	t, err := parseTime(when)
	if err != nil {
		return 0, fmt.Errorf("stamp: %q is not a time in the form %s: %w", text, layout, err)
	}
	if ms := t.UnixMilli(); ms < 0 || ms >= 1<<48 {
		return 0, fmt.Errorf("stamp: %q is out of the range of a stamp (1970 to 10889)", text)
	}
	s := At(t)
	if counted {
		n, err := strconv.ParseUint(counter, 10, counterBits)
		if err != nil {
			return 0, fmt.Errorf("stamp: %q has no counter between 0 and 65535 after the plus sign: %w", text, err)
		}
		s |= Stamp(n)
	}
	return s, nil
}

// parseTime reads what Format wrote by the layout, also in the years after 9999, which
// time.Parse does not: the calendar is the same 8000 years earlier.
func parseTime(text string) (time.Time, error) {
	late, ok := strings.CutPrefix(text, "10")
	if !ok || len(text) != len(layout)+1 {
		return time.Parse(layout, text)
	}
	t, err := time.Parse(layout, "2"+late)
	return t.AddDate(8000, 0, 0), err
}

// MarshalText gives the form of String.
func (s Stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the form of String.
func (s *Stamp) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
