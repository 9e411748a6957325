package boltstore

import (
	"math/rand/v2"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
)

// fillWith writes plain objects in the order given, in transactions of a size.
func fillWith(t testing.TB, e *engine, m *model.Info, ids []int, size int) {
	t.Helper()
	for len(ids) > 0 {
		n := min(size, len(ids))
		update(t, e, func(tx *tx) error {
			for _, id := range ids[:n] {
				key, row := itemRow(id)
				if err := tx.Insert(m, key, row); err != nil {
					return err
				}
			}
			return nil
		})
		ids = ids[n:]
	}
}

func plain() *model.Info {
	m := item("item")
	m.Fields[1].Unique = false
	return m
}

func upTo(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	return ids
}

func pages(t testing.TB, e *engine, m *model.Info) (n int) {
	t.Helper()
	tx, err := e.begin(t.Context(), false)
	must(t, "beginning to read", err)
	defer tx.Rollback()
	b, err := tx.bucket(objectsBucket(0))
	must(t, "finding a bucket", err)
	return b.Stats().LeafPageN
}

// Objects that are written in order, in one transaction or in many, take little
// more than half of the pages that they take in no order.
func TestPacked(t *testing.T) {
	const n = 6000
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(n)
	sizes := map[string]int{}
	for _, c := range []struct {
		name string
		ids  []int
		size int
	}{{"in order", upTo(n), n}, {"in order, by and by", upTo(n), 100}, {"in no order", shuffled, n}, {"in no order, by and by", shuffled, 100}} {
		m := plain()
		e := mustOpen(t, newPath(t), false, m)
		fillWith(t, e, m, c.ids, c.size)
		sizes[c.name] = pages(t, e, m)
	}
	t.Logf("pages: %v", sizes)
	for _, name := range []string{"in order", "in order, by and by"} {
		if sizes[name]*100 > 62*sizes["in no order"] {
			t.Errorf("%s they take %d pages, in no order %d", name, sizes[name], sizes["in no order"])
		}
	}
	if sizes["in no order, by and by"] > sizes["in no order"]*11/10 {
		t.Errorf("pages that are filled by and by are not shared well: %v", sizes)
	}
}

func BenchmarkFill(b *testing.B) {
	const n = 20000
	for name, ids := range map[string][]int{"sorted": upTo(n), "shuffled": rand.New(rand.NewPCG(1, 2)).Perm(n)} {
		for kind, m := range map[string]*model.Info{"plain": plain(), "unique": item("item")} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				for b.Loop() {
					e := mustOpen(b, newPath(b), false, m)
					fillWith(b, e, m, ids, n)
					must(b, "closing", e.Close())
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
			})
		}
	}
}

// BenchmarkOpen tells what it costs to look a store over.
func BenchmarkOpen(b *testing.B) {
	m, path := plain(), newPath(b)
	e := mustOpen(b, path, false, m)
	fillWith(b, e, m, upTo(300000), 50000)
	must(b, "closing", e.Close())
	b.SetBytes(usedSize(b, path))
	for b.Loop() {
		must(b, "closing", mustOpen(b, path, true, m).Close())
	}
}
