// Package bench measures what resetgen costs. Every figure is a ratio of two ways
// to do the same work that take turns within one run, and the median of the
// rounds: so it holds on a machine that is shared, where times do not. From the
// root of the repository:
//
//	go test ./internal/bench -run '^$' -bench . -benchtime 10s -rows 1000000
//
// makes all the figures, in some ten minutes. A ratio says how many times as long
// resetgen takes as
//
//	BenchmarkSetter     x-plain     a compare and a store; the bound is 1.3
//	BenchmarkDiff       x-byhand    the same written by hand; 1.2
//	BenchmarkMerge      x-byhand    the same written by hand; 2
//	BenchmarkReconcile  x-scan      the published recipe in SQL, on a million objects; 0.1, in 64 MiB
//	BenchmarkTracking   x-bare      the same SQL that records nothing; 1.4
//	BenchmarkLoad       x-bare      a prepared INSERT; 1.25 for Load
//	BenchmarkOpen       x-thousand  opening a store of a thousand objects; 1
//	BenchmarkSpace      B           nothing: it tells bytes for each object
//
// Both sides have the same settings of SQLite, each commit waits for the disk, and
// what is written is never what is there already, for SQLite skips that.
//
// What is unsynced in BenchmarkReconcile is spread evenly over the table, a page
// of the file for each object, which is the worst that can be. So are the
// changes in BenchmarkTracking, which begins with nothing unsynced: its entries
// lie close together. Among very many other entries they would not, and each
// change would write two pages in the place of one.
package bench
