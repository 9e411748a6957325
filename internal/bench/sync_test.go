package bench

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// exchanged is how many objects are pulled and pushed.
func exchanged() int { return min(*rows, 100_000) }

// BenchmarkPull pulls new objects into a store that is in sync, against loading the
// same rows into a store, as many in a transaction.
func BenchmarkPull(b *testing.B) {
	n := exchanged()
	pages := written(n)
	var rows []*model.Row
	m := FindingRecords.Model().Info
	for _, p := range pages {
		for i := range p.Objects {
			rows = append(rows, p.Objects[i].Row(m))
		}
	}
	versus(b, "x-load", pulling(b, pages, n), loading(b, m, rows))
}

// written is the first n findings, in pages.
func written(n int) (pages []*remote.Page) {
	for from := 0; from < n; from += page {
		p := &remote.Page{Cursor: "end"}
		for i := from; i < min(from+page, n); i++ {
			f := finding(i)
			p.Objects = append(p.Objects, sent(&f))
		}
		pages = append(pages, p)
	}
	return pages
}

func pulling(b *testing.B, pages []*remote.Page, n int) func() time.Duration {
	return func() time.Duration {
		from := &backend{}
		r := openReplica(b, newPath(b), from)
		must(b, r.Download(b.Context()))
		from.written = pages
		start := time.Now()
		must(b, r.Download(b.Context()))
		took := time.Since(start)
		closeReplica(b, r, n)
		return took
	}
}

func loading(b *testing.B, m *model.Info, rows []*model.Row) func() time.Duration {
	const batch = 10_000 // as a pull has it
	return func() time.Duration {
		path := newPath(b)
		db := openStore(b, sqlitestore.Driver{Name: pure}, path)
		start := time.Now()
		for from := 0; from < len(rows); from += batch {
			must(b, db.Update(b.Context(), func(tx *store.Tx) error {
				for _, row := range rows[from:min(from+batch, len(rows))] {
					if err := tx.Load(m, row.Values[m.Key], row); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		took := time.Since(start)
		must(b, db.Close())
		must(b, os.RemoveAll(filepath.Dir(path)))
		return took
	}
}

var quiet = slog.New(slog.DiscardHandler)

func openReplica(b *testing.B, path string, from remote.Remote) *replica.Replica {
	b.Helper()
	r, err := replica.Open(b.Context(), replica.Options{Driver: sqlitestore.Driver{Name: pure}, Path: path, Schema: &Schema, Remote: from, Logger: quiet})
	must(b, err)
	return r
}

// closeReplica makes sure that it has n objects, and removes it.
func closeReplica(b *testing.B, r *replica.Replica, n int) {
	b.Helper()
	must(b, r.View(b.Context(), func(tx *store.Tx) error {
		for _, err := range tx.Rows(FindingRecords.Model().Info) {
			if n--; err != nil {
				return err
			}
		}
		return nil
	}))
	if n != 0 {
		b.Fatalf("%d objects are missing", n)
	}
	must(b, r.Close())
	must(b, os.RemoveAll(filepath.Dir(r.Path())))
}

// BenchmarkPush pushes objects of which two fields were changed, all of them, and
// tells which share of the whole is not the backend's. The backend lies in memory, so
// it takes a tenth of what the store takes; a line to it takes a round trip for each
// chunk of a thousand.
func BenchmarkPush(b *testing.B) {
	b.Run("no line", func(b *testing.B) { benchmarkPush(b, 0) })
	b.Run("50 ms", func(b *testing.B) { benchmarkPush(b, 50*time.Millisecond) })
}

func benchmarkPush(b *testing.B, roundTrip time.Duration) {
	n := exchanged()
	in := &clocked{Backend: memremote.New(memremote.Options{Latency: func(_ string, call memremote.Call) time.Duration {
		if call != memremote.Push {
			return 0
		}
		return roundTrip
	}})}
	for i := range n {
		f := finding(i)
		in.Put(sent(&f))
	}
	r := openReplica(b, newPath(b), in)
	must(b, r.Download(b.Context()))
	var shares, own []float64
	for b.Loop() {
		must(b, r.Update(b.Context(), func(tx *store.Tx) error { return editEach(tx, n, len(shares)) }))
		in.took = 0
		start := time.Now()
		must(b, r.Upload(b.Context()))
		whole := time.Since(start)
		shares = append(shares, float64(whole-in.took)/float64(whole))
		own = append(own, (whole-in.took).Seconds()*1e6/float64(n))
	}
	b.ReportMetric(median(shares), "x-whole")
	b.ReportMetric(median(own), "µs-object")
	b.ReportMetric(0, "ns/op")
	must(b, r.View(b.Context(), func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			return fmt.Errorf("%v was not pushed: %w", e, err)
		}
		return nil
	}))
	closeReplica(b, r, n)
}

// BenchmarkPushParts pushes the same changes step by step, to a backend that takes no
// time, and says what share of it each of the store's steps is: making the cut, reading
// its chunks and settling it.
func BenchmarkPushParts(b *testing.B) {
	n := exchanged()
	in := memremote.New(memremote.Options{})
	for i := range n {
		f := finding(i)
		in.Put(sent(&f))
	}
	r := openReplica(b, newPath(b), in)
	must(b, r.Download(b.Context()))
	var cuts, reads, settles []float64
	for b.Loop() {
		must(b, r.Update(b.Context(), func(tx *store.Tx) error { return editEach(tx, n, len(cuts)) }))
		var cut, read, push, settle time.Duration
		timed := func(took *time.Duration, do func() error) {
			start := time.Now()
			must(b, do())
			*took += time.Since(start)
		}
		timed(&cut, func() error {
			return r.Update(b.Context(), func(tx *store.Tx) error { _, err := tx.Ledger().OpenCut(0); return err })
		})
		var answer *remote.Answer
		for chunk := (*model.Chunk)(nil); ; {
			timed(&read, func() error {
				return r.View(b.Context(), func(tx *store.Tx) (err error) { chunk, err = tx.Ledger().Chunk(chunk); return err })
			})
			if chunk == nil {
				break
			}
			timed(&push, func() (err error) { answer, err = in.Push(b.Context(), chunk); return err })
		}
		timed(&settle, func() error {
			return r.Update(b.Context(), func(tx *store.Tx) error { _, err := tx.Ledger().Settle(answer.Mark); return err })
		})
		whole := (cut + read + push + settle).Seconds()
		cuts, reads, settles = append(cuts, cut.Seconds()/whole), append(reads, read.Seconds()/whole), append(settles, settle.Seconds()/whole)
	}
	b.ReportMetric(median(cuts), "x-cut")
	b.ReportMetric(median(reads), "x-read")
	b.ReportMetric(median(settles), "x-settle")
	b.ReportMetric(0, "ns/op")
	closeReplica(b, r, n)
}

func editEach(tx *store.Tx, n, round int) error {
	for i := range n {
		r, err := FindingRecords.Get(tx, finding(i).ID)
		if err != nil {
			return err
		}
		r.SetTitle(fmt.Sprintf("cracked beam, seen again %d", round))
		r.SetUpdated(r.Updated() + 1)
		if err := FindingRecords.Put(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// clocked is a backend that knows how long its calls took.
type clocked struct {
	*memremote.Backend
	took time.Duration
}

func (c *clocked) clock() func() {
	start := time.Now()
	return func() { c.took += time.Since(start) }
}

// Push implements remote.Remote.
func (c *clocked) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	defer c.clock()()
	return c.Backend.Push(ctx, chunk)
}

// Settle implements remote.Remote.
func (c *clocked) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	defer c.clock()()
	return c.Backend.Settle(ctx, client, epoch)
}

// Pull implements remote.Remote.
func (c *clocked) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	defer c.clock()()
	return c.Backend.Pull(ctx, client, after)
}
