package bench

import (
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
)

// The work of generated code, each against the same written by hand.

// batch is how many objects a round goes through: a setter that always hits the
// same word would wait for itself.
const batch = 64

func inspection() Inspection {
	return Inspection{
		ID: "i-1", Site: "north", Building: "B", Floor: 2, Room: "2.17", Title: "cracked beam", Summary: "seen from below",
		Inspector: "Ada", Company: "Beam & Sons", Severity: 3, Priority: 1, Findings: 7, Photos: 12, Lat: 47.1, Lng: 8.5, Open: true,
		Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_003_600, 0).UTC(), Weather: "rain",
	}
}

var titles = [2]string{"cracked beam", "cracked wall"}

// BenchmarkSetter sets a field to another value, against a compare and a store
// that mark nothing.
func BenchmarkSetter(b *testing.B) {
	records := make([]InspectionRecord, batch)
	plain := make([]Inspection, batch)
	b.Run("string", func(b *testing.B) {
		var i, j int
		versus(b, "x-plain",
			repeated(1000, func() {
				i++
				for k := range records {
					records[k].SetTitle(titles[i&1])
				}
			}),
			repeated(1000, func() {
				j++
				for k := range plain {
					if v := titles[j&1]; plain[k].Title != v {
						plain[k].Title = v
					}
				}
			}))
	})
	b.Run("int", func(b *testing.B) {
		var i, j int
		versus(b, "x-plain",
			repeated(1000, func() {
				i++
				for k := range records {
					records[k].SetSeverity(i)
				}
			}),
			repeated(1000, func() {
				j++
				for k := range plain {
					if plain[k].Severity != j {
						plain[k].Severity = j
					}
				}
			}))
	})
}

// The fields of an Inspection, by hand.
const (
	bitID = 1 << iota
	bitSite
	bitBuilding
	bitFloor
	bitRoom
	bitTitle
	bitSummary
	bitInspector
	bitCompany
	bitSeverity
	bitPriority
	bitFindings
	bitPhotos
	bitLat
	bitLng
	bitOpen
	bitUrgent
	bitStarted
	bitFinished
	bitWeather
)

// diffByHand tells which fields differ.
//
//go:noinline
func diffByHand(a, b *Inspection) (d uint64) {
	if a.ID != b.ID {
		d |= bitID
	}
	if a.Site != b.Site {
		d |= bitSite
	}
	if a.Building != b.Building {
		d |= bitBuilding
	}
	if a.Floor != b.Floor {
		d |= bitFloor
	}
	if a.Room != b.Room {
		d |= bitRoom
	}
	if a.Title != b.Title {
		d |= bitTitle
	}
	if a.Summary != b.Summary {
		d |= bitSummary
	}
	if a.Inspector != b.Inspector {
		d |= bitInspector
	}
	if a.Company != b.Company {
		d |= bitCompany
	}
	if a.Severity != b.Severity {
		d |= bitSeverity
	}
	if a.Priority != b.Priority {
		d |= bitPriority
	}
	if a.Findings != b.Findings {
		d |= bitFindings
	}
	if a.Photos != b.Photos {
		d |= bitPhotos
	}
	if a.Lat != b.Lat {
		d |= bitLat
	}
	if a.Lng != b.Lng {
		d |= bitLng
	}
	if a.Open != b.Open {
		d |= bitOpen
	}
	if a.Urgent != b.Urgent {
		d |= bitUrgent
	}
	if !a.Started.Equal(b.Started) {
		d |= bitStarted
	}
	if !a.Finished.Equal(b.Finished) {
		d |= bitFinished
	}
	if a.Weather != b.Weather {
		d |= bitWeather
	}
	return d
}

// pairs are equal but for three fields, and the strings are not the same memory,
// as with two objects that were read from somewhere.
func pairs() (before, after []Inspection) {
	for range batch {
		x, y := inspection(), inspection()
		for _, s := range []*string{&y.ID, &y.Site, &y.Building, &y.Room, &y.Summary, &y.Inspector, &y.Company, &y.Weather} {
			*s = strings.Clone(*s)
		}
		y.Floor, y.Title, y.Lat = 3, "cracked wall", 48
		before, after = append(before, x), append(after, y)
	}
	return before, after
}

func BenchmarkDiff(b *testing.B) {
	before, after := pairs()
	versus(b, "x-byhand",
		repeated(100, func() {
			for i := range before {
				if d := DiffInspection(&before[i], &after[i]); d.Fields.Len() != 3 {
					b.Fatal(d)
				}
			}
		}),
		repeated(100, func() {
			for i := range before {
				if d := diffByHand(&before[i], &after[i]); bits.OnesCount64(d) != 3 {
					b.Fatal(d)
				}
			}
		}))
}

// mergeByHand takes of what changed locally the local value, and tells in which
// fields the remote side had changed it too.
//
//go:noinline
func mergeByHand(changed uint64, base, local, remote *Inspection) (m Inspection, conflicts uint64) {
	m = *remote
	if changed&bitSite != 0 {
		if remote.Site != base.Site && remote.Site != local.Site {
			conflicts |= bitSite
		}
		m.Site = local.Site
	}
	if changed&bitBuilding != 0 {
		if remote.Building != base.Building && remote.Building != local.Building {
			conflicts |= bitBuilding
		}
		m.Building = local.Building
	}
	if changed&bitFloor != 0 {
		if remote.Floor != base.Floor && remote.Floor != local.Floor {
			conflicts |= bitFloor
		}
		m.Floor = local.Floor
	}
	if changed&bitRoom != 0 {
		if remote.Room != base.Room && remote.Room != local.Room {
			conflicts |= bitRoom
		}
		m.Room = local.Room
	}
	if changed&bitTitle != 0 {
		if remote.Title != base.Title && remote.Title != local.Title {
			conflicts |= bitTitle
		}
		m.Title = local.Title
	}
	if changed&bitSummary != 0 {
		if remote.Summary != base.Summary && remote.Summary != local.Summary {
			conflicts |= bitSummary
		}
		m.Summary = local.Summary
	}
	if changed&bitInspector != 0 {
		if remote.Inspector != base.Inspector && remote.Inspector != local.Inspector {
			conflicts |= bitInspector
		}
		m.Inspector = local.Inspector
	}
	if changed&bitCompany != 0 {
		if remote.Company != base.Company && remote.Company != local.Company {
			conflicts |= bitCompany
		}
		m.Company = local.Company
	}
	if changed&bitSeverity != 0 {
		if remote.Severity != base.Severity && remote.Severity != local.Severity {
			conflicts |= bitSeverity
		}
		m.Severity = local.Severity
	}
	if changed&bitPriority != 0 {
		if remote.Priority != base.Priority && remote.Priority != local.Priority {
			conflicts |= bitPriority
		}
		m.Priority = local.Priority
	}
	if changed&bitFindings != 0 {
		if remote.Findings != base.Findings && remote.Findings != local.Findings {
			conflicts |= bitFindings
		}
		m.Findings = local.Findings
	}
	if changed&bitPhotos != 0 {
		if remote.Photos != base.Photos && remote.Photos != local.Photos {
			conflicts |= bitPhotos
		}
		m.Photos = local.Photos
	}
	if changed&bitLat != 0 {
		if remote.Lat != base.Lat && remote.Lat != local.Lat {
			conflicts |= bitLat
		}
		m.Lat = local.Lat
	}
	if changed&bitLng != 0 {
		if remote.Lng != base.Lng && remote.Lng != local.Lng {
			conflicts |= bitLng
		}
		m.Lng = local.Lng
	}
	if changed&bitOpen != 0 {
		if remote.Open != base.Open && remote.Open != local.Open {
			conflicts |= bitOpen
		}
		m.Open = local.Open
	}
	if changed&bitUrgent != 0 {
		if remote.Urgent != base.Urgent && remote.Urgent != local.Urgent {
			conflicts |= bitUrgent
		}
		m.Urgent = local.Urgent
	}
	if changed&bitStarted != 0 {
		if !remote.Started.Equal(base.Started) && !remote.Started.Equal(local.Started) {
			conflicts |= bitStarted
		}
		m.Started = local.Started
	}
	if changed&bitFinished != 0 {
		if !remote.Finished.Equal(base.Finished) && !remote.Finished.Equal(local.Finished) {
			conflicts |= bitFinished
		}
		m.Finished = local.Finished
	}
	if changed&bitWeather != 0 {
		if remote.Weather != base.Weather && remote.Weather != local.Weather {
			conflicts |= bitWeather
		}
		m.Weather = local.Weather
	}
	return m, conflicts
}

// BenchmarkMerge merges three fields that changed locally into an object in which
// others changed: when it is known which they are, as in a store, and when that
// must be found out first.
func BenchmarkMerge(b *testing.B) {
	base, local := pairs()
	remote, _ := pairs()
	for i := range remote {
		remote[i].Weather, remote[i].Severity = "sun", 4
	}
	b.Run("marked", func(b *testing.B) {
		mc := &merge.Context{Local: DiffInspection(&base[0], &local[0]).Fields}
		changed := diffByHand(&base[0], &local[0])
		versus(b, "x-byhand",
			repeated(100, func() {
				for i := range base {
					mc.Reset()
					if m, err := MergeInspection(mc, &base[i], &local[i], &remote[i]); err != nil || m.Floor != 3 || m.Severity != 4 {
						b.Fatal(m, err)
					}
				}
			}),
			repeated(100, func() {
				for i := range base {
					if m, conflicts := mergeByHand(changed, &base[i], &local[i], &remote[i]); conflicts != 0 || m.Floor != 3 || m.Severity != 4 {
						b.Fatal(m, conflicts)
					}
				}
			}))
	})
	b.Run("compared", func(b *testing.B) {
		versus(b, "x-byhand",
			repeated(100, func() {
				for i := range base {
					if m, err := MergeInspection(nil, &base[i], &local[i], &remote[i]); err != nil || m.Floor != 3 || m.Severity != 4 {
						b.Fatal(m, err)
					}
				}
			}),
			repeated(100, func() {
				for i := range base {
					changed := diffByHand(&base[i], &local[i])
					if m, conflicts := mergeByHand(changed, &base[i], &local[i], &remote[i]); conflicts != 0 || m.Floor != 3 || m.Severity != 4 {
						b.Fatal(m, conflicts)
					}
				}
			}))
	})
}
