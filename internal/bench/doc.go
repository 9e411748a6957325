// Package bench measures what resetgen costs. Every figure is a ratio of two ways
// to do the same work that take turns within one run, and the median of the
// rounds: so it holds on a machine that is shared, where times do not. From the
// root of the repository:
//
//	go test ./internal/bench -run '^$' -bench . -benchtime 10s -rows 1000000
//
// makes all the figures, in a quarter of an hour. A ratio says how many times as long
// resetgen takes as
//
//	BenchmarkSetter     x-plain     a compare and a store; the bound is 1.3
//	BenchmarkDiff       x-byhand    the same written by hand; 1.2
//	BenchmarkMerge      x-byhand    the same written by hand; 2
//	BenchmarkReconcile  x-scan      the published recipe in SQL, on a million objects; 0.1, in 64 MiB
//	BenchmarkTracking   x-bare      the same SQL that records nothing; 1.4 for Write
//	BenchmarkLoad       x-bare      a prepared INSERT; 1.25 for Load
//	BenchmarkOpen       x-thousand  opening a store of a thousand objects; 1
//	BenchmarkPull       x-load      loading the same objects without a session; 1.5
//	BenchmarkSpace      B           nothing: it tells bytes for each object
//
// and which part of the whole is
//
//	BenchmarkReset      x-whole     all of a client reset but the download; 0.05 of a million objects, in 128 MiB
//	BenchmarkPush       x-whole     all of a push of a hundred thousand changed objects but the backend
//	BenchmarkPushParts  x-cut       making the cut, in a push to a backend that takes no time;
//	                    x-settle    settling it: 0.5 with making it; x-read is reading what is sent
//
// Times without a comparison are told where a person waits for them, and say
// little on a machine that is busy: for how long BenchmarkReset keeps an app from its
// store (0.1 s, and closing the stores), what a pushed object costs the store.
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
