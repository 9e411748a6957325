package replica_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
	"github.com/resetgen/resetgen/testdata/golden/options"
	"github.com/resetgen/resetgen/testdata/golden/rules"
)

// What was merged and needs attention is told, and nothing else.
func TestMerged(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, func(o *replica.Options) {
			told := o.Merged
			o.Merged = func(ctx context.Context, m []replica.Merge) { told(ctx, m); panic("the app has a bug") }
		})
		for _, id := range []string{"both", "parts", "gone", "kept"} {
			a.set(id, write("base", 1))
		}
		syncAll(a, b)
		a.set("both", write("a", 0))
		a.set("parts", write("", 2))
		a.delete("gone")
		a.set("kept", write("a", 0))
		b.set("both", write("b", 0))
		b.set("parts", write("", 4))
		b.set("gone", write("b", 0))
		b.delete("kept")
		syncAll(a, b, a)
		for _, d := range []*device{a, b} {
			d.has("both", "b", 1)
			d.has("parts", "base", 7)
			d.has("gone", "b", 1)
			d.has("kept", "a", 1)
			d.clean()
		}
		outcomes := map[string]merge.Outcome{}
		for _, m := range b.merged {
			outcomes[m.Key.Text()] = m.Outcome
			if m.Model != itemModel || m.Reason == "" || len(m.Conflicts) != 1 {
				t.Errorf("told of %+v", m)
			}
		}
		if len(outcomes) != 3 || outcomes["both"] != merge.Conflicted || outcomes["gone"] != merge.Restored || outcomes["kept"] != merge.Kept {
			t.Errorf("told of %v", outcomes)
		}
		if len(a.merged) != 0 {
			t.Errorf("the other one is told of %+v", a.merged)
		}
	})
}

// orders is a device whose model has a rule of the app's own, and count the elements
// of the field that it merges.
func orderDevice(t *testing.T, backend remote.Remote) *device {
	return newDevice(t, backend, func(o *replica.Options) { o.Schema = &rules.Schema })
}

func setOrder(d *device, elements int) {
	d.t.Helper()
	d.must(d.Update(context.Background(), func(tx *store.Tx) error {
		r, err := rules.OrderRecords.Get(tx, "o")
		if errors.Is(err, store.ErrNotFound) {
			r, err = rules.OrderRecords.New(tx, "o")
		}
		if err != nil {
			return err
		}
		r.SetFuncList(make([]int, elements))
		return rules.OrderRecords.Put(tx, r)
	}))
}

func order(d *device) (elements int) {
	d.t.Helper()
	d.must(d.View(context.Background(), func(tx *store.Tx) error {
		r, err := rules.OrderRecords.Get(tx, "o")
		if err == nil {
			elements = len(r.Plain().FuncList)
		}
		return err
	}))
	return elements
}

// Where the app's own rule fails the local value stands and is not sent until
// somebody has decided.
func TestRuleFailsInPull(t *testing.T) {
	for _, decide := range []string{"retry", "discard", "write"} {
		t.Run(decide, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := orderDevice(t, backend), orderDevice(t, backend)
				setOrder(a, 1)
				syncAll(a, b)
				setOrder(a, 700)
				syncAll(a)
				setOrder(b, 800)
				b.begin()
				var refused *replica.RefusedError
				if err := b.WaitForUpload(t.Context()); !errors.As(err, &refused) || len(refused.Refusals) != 1 || !strings.Contains(err.Error(), "too long") {
					t.Fatalf("waiting for upload: %v", err)
				}
				if r := refused.Refusals[0]; r.Model != "order" || r.Key.Text() != "o" || r.Change != model.Updated || !slices.Equal(r.Fields, []string{"func_list"}) {
					t.Errorf("refused: %+v", r)
				}
				if order(b) != 800 || len(b.merged) != 1 || b.merged[0].Outcome != merge.Failed {
					t.Errorf("it has %d elements, told of %+v", order(b), b.merged)
				}
				want := 800
				switch decide {
				case "retry":
					b.must(b.Retry(t.Context(), "order", key("o")))
				case "discard":
					b.must(b.Discard(t.Context(), "order", key("o")))
					want = 700
				case "write":
					setOrder(b, 5)
					want = 5
				}
				syncAll(b, a)
				if order(a) != want || order(b) != want {
					t.Errorf("they have %d and %d elements, want %d", order(a), order(b), want)
				}
				b.clean()
			})
		})
	}
}

// siteDevice is a device whose model has a unique field.
func siteDevice(t *testing.T, backend remote.Remote) *device {
	return newDevice(t, backend, func(o *replica.Options) { o.Schema = &options.Schema })
}

func setSite(d *device, id, code string) {
	d.t.Helper()
	d.must(d.Update(context.Background(), func(tx *store.Tx) error {
		r, err := options.SiteRecords.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			r, err = options.SiteRecords.New(tx, id)
		}
		if err != nil {
			return err
		}
		r.SetCode(code)
		return options.SiteRecords.Put(tx, r)
	}))
}

// sites lists codes by id.
func sites(d *device) (all string) {
	d.t.Helper()
	d.must(d.View(context.Background(), func(tx *store.Tx) error {
		for r, err := range options.SiteRecords.All(tx) {
			if err != nil {
				return err
			}
			all += r.ID() + "=" + r.Code() + " "
		}
		return nil
	}))
	return strings.TrimSpace(all)
}

// An object whose unique value is taken here is held back, and comes in when the
// value is free.
func TestHeldBack(t *testing.T) {
	ways := map[string]func(t *testing.T, a *device, backend *memremote.Backend){
		"pull": func(t *testing.T, a *device, backend *memremote.Backend) { syncAll(a) },
		"pull after more was pulled": func(t *testing.T, a *device, backend *memremote.Backend) {
			syncAll(a)
			for range 3 {
				backend.Set("place", key("other"), 1, model.Named{Name: "title", Value: model.StringValue(time.Now().String())})
				syncAll(a)
				time.Sleep(time.Second)
			}
			backend.Trim(backend.Position())
		},
		"reset": func(t *testing.T, a *device, backend *memremote.Backend) {
			syncAll(a)
			backend.Reset("", remote.Operator)
			syncAll(a)
		},
	}
	for name, way := range ways {
		for _, frees := range []string{"here", "there", "deleted there"} {
			t.Run(name+", freed "+frees, func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					a, b := siteDevice(t, backend), siteDevice(t, backend)
					syncAll(a, b)
					setSite(a, "a", "same")
					setSite(b, "b", "same")
					syncAll(b) // before a, which has everything to pull
					if err := a.Upload(t.Context()); err != nil {
						t.Fatal(err)
					}
					way(t, a, backend)
					a.begin()
					if n := a.Status().HeldBack; n != 1 {
						t.Fatalf("%d objects are held back, want 1; it has %s", n, sites(a))
					}
					a.reopen(nil)
					a.begin()
					if n := a.Status().HeldBack; n != 1 {
						t.Fatalf("%d objects are held back after a restart, want 1; it has %s", n, sites(a))
					}
					want := "a=same b=new"
					switch frees {
					case "here":
						free := "a"
						if strings.Contains(sites(a), "b=same") {
							free = "b"
						}
						setSite(a, free, "new")
						if free == "a" {
							want = "a=new b=same"
						}
					case "there":
						backend.Set("place", key("b"), 9, model.Named{Name: "code", Value: model.StringValue("new")})
					case "deleted there":
						backend.Delete("place", key("b"), 9)
						want = "a=same"
					}
					synctest.Wait()
					syncAll(a)
					if got := sites(a); !strings.HasPrefix(got, want) {
						t.Errorf("it has %s, want %s", got, want)
					}
					if n := a.Status().HeldBack; n != 0 {
						t.Errorf("%d objects are held back", n)
					}
					a.clean()
				})
			})
		}
	}
}

// What a first download cannot let in is held back too.
func TestHeldBackFromTheBeginning(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		b := siteDevice(t, backend)
		setSite(b, "b", "same")
		syncAll(b)
		a := siteDevice(t, backend)
		setSite(a, "a", "same")
		a.begin()
		if n := a.Status().HeldBack; n != 1 {
			t.Errorf("%d objects are held back, want 1", n)
		}
		setSite(a, "a", "new")
		synctest.Wait()
		if got := sites(a); got != "a=new b=same" {
			t.Errorf("it has %s", got)
		}
	})
}

// newer is the schema of a version of the app that has one more field, and one more
// model.
func newer() *store.Schema {
	m := *items.Schema.Model(itemModel)
	info := *m.Info
	info.Fields = append(slices.Clone(info.Fields), model.Field{Name: "color", Kind: model.String, Zero: model.StringValue("")})
	m.Info = &info
	s := &store.Schema{}
	s.Add(&m)
	for _, other := range items.Schema.Models() {
		if other.Info.Name != itemModel {
			s.Add(other)
		}
	}
	return store.Join(s, &options.Schema)
}

// A deletion is discarded by a version of the app that does not know all of the object:
// the rest comes from the backend when the app is updated.
func TestDiscardedDeletionOfNewerVersion(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		schema := newer()
		a := newDevice(t, backend, func(o *replica.Options) { o.Schema = schema })
		backend.Set(itemModel, key("x"), 1, model.Named{Name: "text", Value: model.StringValue("new")}, model.Named{Name: "color", Value: model.StringValue("red")})
		syncAll(a)
		a.reopen(func(o *replica.Options) { o.Schema = &items.Schema })
		a.delete("x")
		a.must(a.Discard(t.Context(), itemModel, key("x")))
		a.has("x", "new", 0)
		a.clean()
		a.reopen(func(o *replica.Options) { o.Schema = schema })
		syncAll(a)
		a.must(a.View(t.Context(), func(tx *store.Tx) error {
			info := schema.Model(itemModel).Info
			row, err := tx.Row(info, key("x"))
			if err == nil && row.Values[info.Index("color")].Text() != "red" {
				t.Errorf("x is %v", row.Values)
			}
			return err
		}))
		if err := a.Discard(t.Context(), "FieldItem", key("x")); !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), itemModel) {
			t.Errorf("discarding by a name that is no stored one: %v", err)
		}
	})
}

// What a newer version of the app has written is left out, stays at the backend, and
// comes in when this app is updated.
func TestNewerVersion(t *testing.T) {
	for _, first := range []bool{true, false} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, nil)
			if !first {
				syncAll(a)
			}
			backend.Set(itemModel, key("x"), 1, model.Named{Name: "text", Value: model.StringValue("new")}, model.Named{Name: "color", Value: model.StringValue("red")})
			backend.Set("place", key("p"), 1, model.Named{Name: "title", Value: model.StringValue("there")})
			syncAll(a)
			a.has("x", "new", 0)
			a.set("x", write("mine", 1))
			syncAll(a)
			a.set("x", write("", 2))
			a.reopen(nil)
			syncAll(a)
			if len(a.reports) > 0 {
				t.Error("it starts over without need")
			}
			if f := backend.Get(itemModel, key("x")).Field("color"); f == nil || f.Value.Text() != "red" {
				t.Errorf("the backend's color is %+v", f)
			}

			var why []remote.Reason
			schema := newer()
			a.reopen(func(o *replica.Options) {
				o.Schema = schema
				o.Before = func(_ context.Context, e *remote.ClientResetError, _ replica.View) error {
					why = append(why, e.Reason)
					return nil
				}
			})
			syncAll(a)
			a.reopen(nil)
			syncAll(a)
			if !slices.Equal(why, []remote.Reason{remote.SchemaChanged}) {
				t.Errorf("it started over because of %v", why)
			}
			a.must(a.View(t.Context(), func(tx *store.Tx) error {
				info := schema.Model(itemModel).Info
				row, err := tx.Row(info, key("x"))
				if err != nil {
					return err
				}
				if color := row.Values[info.Index("color")]; color.Text() != "red" || row.Values[info.Index("text")].Text() != "mine" || row.Values[info.Index("count")].Int() != 3 {
					t.Errorf("x is %v", row.Values)
				}
				site, err := options.SiteRecords.Get(tx, "p")
				if err == nil && site.Name() != "there" {
					t.Errorf("p is %q", site.Name())
				}
				return err
			}))
		})
	}
}
