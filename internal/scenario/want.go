package scenario

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// end looks at what the scenario came to, uploads what is unsynced and looks at
// what the backend has then.
func (r *run) end(ctx context.Context) error {
	var wrong []string
	if r.s.failure != "" && !r.failed {
		wrong = append(wrong, fmt.Sprintf("wanted an error with the text %q, found none", r.s.failure))
	}
	local, pending, err := r.stored(ctx)
	if err != nil {
		return err
	}
	wrong = append(wrong, r.differences("", local)...)
	wrong = append(wrong, compare("pending", r.s.pending, pending)...)
	wrong = append(wrong, compare("conflicts", r.s.conflicts, r.conflicts())...)

	if err := r.contact(ctx, (*replica.Replica).Upload, fine); err != nil {
		return errors.Join(append(texts(wrong), fmt.Errorf("the last push: %w", err))...)
	}
	if _, pending, err = r.stored(ctx); err != nil {
		return err
	}
	wrong = append(wrong, compare("pending after the last push", []string{}, pending)...)
	remote, err := content(ctx, r.backend, r.now, r.s.table)
	if err != nil {
		return err
	}
	wrong = append(wrong, r.differences("at the backend: ", remote)...)
	return errors.Join(texts(wrong)...)
}

func texts(wrong []string) (errs []error) {
	for _, text := range wrong {
		errs = append(errs, errors.New(text))
	}
	return errs
}

// stored is what the local store holds, and what of it is unsynced.
func (r *run) stored(ctx context.Context) (all map[string]plain, pending []string, err error) {
	err = r.device.view(ctx, func(tx *store.Tx) (err error) {
		if all, err = r.s.table.all(tx); err == nil {
			pending, err = r.pending(tx)
		}
		return err
	})
	return all, pending, err
}

// pending lists what is unsynced: where a cut is open, by what the backend has
// taken of it.
func (r *run) pending(tx *store.Tx) (pending []string, err error) {
	m := r.s.table.info()
	client, _ := tx.Ledger().Client()
	var entries iter.Seq2[*model.Entry, error] = tx.Ledger().Settled(r.backend.Mark(client))
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		key := e.Key.Text()
		if e.Change == model.Deleted {
			pending = append(pending, key)
			continue
		}
		changed := map[string]bool{}
		for i := range e.Fields {
			changed[e.Fields[i].Name] = true
		}
		if e.Change == model.Recreated { // what it had, and has not any more, is a difference too
			row, err := tx.Row(m, e.Key)
			if err != nil {
				return nil, err
			}
			differing := row.Differing(model.RowOf(m, e.Base))
			for _, name := range m.Names(differing) {
				changed[name] = true
			}
		}
		for name := range changed {
			pending = append(pending, key+"."+name)
		}
	}
	return pending, nil
}

// conflicts lists those of the latest reset.
func (r *run) conflicts() (conflicts []string) {
	if r.device.report == nil {
		return nil
	}
	for _, o := range r.device.report.Objects {
		for _, c := range o.Conflicts {
			name := o.Key.Text()
			if c.Field != "" {
				name += "." + c.Field
			}
			conflicts = append(conflicts, name)
		}
	}
	return conflicts
}

// compare compares lists in which neither order nor repetition means anything. A
// nil one wants nothing.
func compare(what string, want, found []string) []string {
	if want == nil {
		return nil
	}
	want, found = once(want), once(found)
	if slices.Equal(want, found) {
		return nil
	}
	return []string{fmt.Sprintf("%s: wanted [%s], found [%s]", what, strings.Join(want, " "), strings.Join(found, " "))}
}

func once(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// differences lists where objects are not what is wanted.
func (r *run) differences(where string, found map[string]plain) (wrong []string) {
	if r.s.want == nil {
		return nil
	}
	keys := once(slices.Concat(slices.Collect(maps.Keys(r.s.want)), slices.Collect(maps.Keys(found))))
	for _, key := range keys {
		want, wanted := r.s.want[key]
		v, there := found[key]
		switch {
		case !there:
			wrong = append(wrong, fmt.Sprintf("%swanted %s, found no such object", where, key))
			continue
		case !wanted:
			wrong = append(wrong, fmt.Sprintf("%swanted no %s, found one", where, key))
			continue
		}
		for _, f := range fields {
			if a, b := f.show(&want.plain), f.show(&v); a != b {
				wrong = append(wrong, fmt.Sprintf("%s%s.%s: wanted %s, found %s", where, key, f.name, a, b))
			}
		}
	}
	return wrong
}
