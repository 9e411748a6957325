package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// BenchmarkReset carries out a client reset, in a process of its own, whose largest
// memory is reported. Exchange is the share of it after the download, which
// includes the bulk load. Unavailable is the longest that an app that reads all the time,
// and writes now and then, had to wait for a transaction to begin, and closing the part
// of it that went into closing stores, which is when their logs are worked into the files.
func BenchmarkReset(b *testing.B) {
	for _, name := range drivers {
		b.Run(name, func(b *testing.B) { benchmarkReset(b, name) })
	}
}

func benchmarkReset(b *testing.B, driver string) {
	f := sharedFiles(b)
	var most peak
	var exchange, unavailable, closing []float64
	for b.Loop() {
		live := newPath(b)
		must(b, copyFile(f.backup, live))
		var r resetTimes
		most.of(b, &r, "reset", driver, live, strconv.Itoa(*rows), strconv.FormatInt(f.lastSynced, 10))
		exchange = append(exchange, float64(r.Exchange)/float64(r.Whole))
		unavailable = append(unavailable, r.Unavailable.Seconds()*1000)
		closing = append(closing, r.Closing.Seconds()*1000)
		must(b, os.RemoveAll(filepath.Dir(live)))
	}
	b.ReportMetric(median(exchange), "x-whole")
	b.ReportMetric(median(unavailable), "ms-unavailable")
	b.ReportMetric(median(closing), "ms-closing")
	most.report(b, "MiB-peak")
	b.ReportMetric(0, "ns/op")
}

// resetTimes is how long a reset took.
type resetTimes struct{ Whole, Exchange, Unavailable, Closing time.Duration }

// resetChild is the program of the process that resets the store at a path, with a
// driver.
func resetChild(args []string) (any, error) {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return nil, err
	}
	lastSynced, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return nil, err
	}
	return reset(args[0], args[1], newBackend(n, lastSynced))
}

func reset(name, path string, from *backend) (t resetTimes, err error) {
	ctx := context.Background()
	driver := &timed{Driver: sqlitestore.Driver{Name: name}}
	var downloaded time.Time
	r, err := replica.Open(ctx, replica.Options{
		Driver: driver, Path: path, Schema: &Schema, Remote: from, Logger: quiet,
		OnStep: func(s replica.Step) {
			if s == replica.Downloaded {
				downloaded, driver.closing = time.Now(), 0
			}
		},
	})
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	stop := watch(r, &t.Unavailable)
	start := time.Now()
	err = r.ResetNow(ctx)
	t.Whole, t.Exchange, t.Closing = time.Since(start), time.Since(downloaded), driver.closing
	if err := errors.Join(err, stop()); err != nil {
		return t, err
	}
	all, err := r.Backups(ctx)
	if err == nil && (len(all) != 1 || all[0].Total != unsynced+1 || all[0].Failed != 0) {
		err = fmt.Errorf("the reset left these backups: %+v", all)
	}
	return t, err
}

// watch reads all the time, and writes an object that the backend has not every ten
// milliseconds, until stop is called. It notes how long it had to wait at most.
func watch(r *replica.Replica, most *time.Duration) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var failure error
	done.Go(func() {
		pause := time.NewTicker(time.Millisecond)
		defer pause.Stop()
		for n := int64(0); ctx.Err() == nil && failure == nil; n++ {
			start := time.Now()
			begun := func() { *most = max(*most, time.Since(start)) }
			if n%10 > 0 {
				failure = r.View(context.Background(), func(*store.Tx) error { begun(); return nil })
			} else {
				failure = r.Update(context.Background(), func(tx *store.Tx) error {
					begun()
					return FindingRecords.Replace(tx, &Finding{ID: "busy", Visits: n})
				})
			}
			<-pause.C
		}
	})
	return func() error {
		cancel()
		done.Wait()
		return failure
	}
}

// timed is a driver that knows how long closing its stores took.
type timed struct {
	sqlitestore.Driver
	closing time.Duration
}

// Open implements store.Driver.
func (d *timed) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := d.Driver.Open(ctx, path, schema, o)
	if err != nil {
		return nil, err
	}
	return &timedEngine{e, d}, nil
}

type timedEngine struct {
	store.Engine
	driver *timed
}

// Close implements store.Engine.
func (e *timedEngine) Close() error {
	start := time.Now()
	defer func() { e.driver.closing += time.Since(start) }()
	return e.Engine.Close()
}
