package model_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
)

// FormatTime writes what the time package would for all nine digits, and the order
// of the texts is that of the instants.
func TestFormatTime(t *testing.T) {
	first, last := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(t, "zone"))
		return time.Unix(rapid.Int64Range(first, last).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone)
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := instant.Draw(t, "a"), instant.Draw(t, "b")
		text := model.FormatTime(a)
		if want := a.UTC().Format("2006-01-02T15:04:05.000000000Z"); text != want {
			t.Errorf("%v: %s, want %s", a, text, want)
		}
		if got, want := strings.Compare(text, model.FormatTime(b)), a.Compare(b); got != want {
			t.Errorf("%s and %s compare as %d, the instants as %d", text, model.FormatTime(b), got, want)
		}
	})
}
