package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"
)

// The oracle says what must become of each edit, from the three files alone: with
// plain maps, and none of the code that it judges.

type object = map[string]any

type oracle struct {
	base, remote map[string]object
	edits        []object
}

func readOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{base: map[string]object{}, remote: map[string]object{}, edits: readLines(t, "local-edits")}
	for _, f := range readLines(t, "base") {
		o.base[f["id"].(string)] = f
	}
	for _, f := range readLines(t, "remote") {
		o.remote[f["id"].(string)] = f
	}
	return o
}

func readLines(t *testing.T, name string) (all []object) {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one object
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// zero is a feature of which nothing was set.
func zero(id string) object {
	return object{
		"id": id, "description": "", "mdn_url": "", "source_file": "", "spec_urls": []any{}, "tags": []any{},
		"deprecated": false, "experimental": false, "standard_track": false, "support": object{},
	}
}

// judgement is what must become of one object.
type judgement struct {
	outcome   string           // "" where no report mentions it
	result    object           // nil: no such feature afterwards
	conflicts map[place]values // all of them
}

// place is where both sides changed something: a field, a key of a map, or, where
// both are empty, the object.
type place struct{ field, part string }

type values struct{ base, local, remote, result any }

// judge says what must become of every object that an option does something about.
func (o *oracle) judge(c options) map[string]judgement {
	all := map[string]judgement{}
	if c.strategy == "overwrite" {
		for id, base := range o.base {
			all[id] = overwritten(base, o.remote[id])
		}
	}
	for _, edit := range o.edits {
		id := edit["id"].(string)
		base, remote := o.base[id], o.remote[id]
		if edit["op"] == "create" {
			base = zero(id)
		}
		local := apply(base, edit)
		switch c.strategy {
		case "discard":
			all[id] = judgement{"dropped", remote, nil}
		case "overwrite":
			if all[id] = overwritten(local, remote); local == nil {
				all[id] = judgement{"kept", remote, nil}
			}
		case published:
			all[id] = judgement{"", local, nil}
			if local == nil && !same(base, remote) { // updated since
				all[id] = judgement{"", remote, nil}
			}
		case "manual": // giveWay
			if all[id] = recovered(c, edit["op"], base, local, remote); len(all[id].conflicts) > 0 {
				all[id] = judgement{"dropped", remote, nil}
			}
		default:
			all[id] = recovered(c, edit["op"], base, local, remote)
		}
	}
	return all
}

// recovered is what recovering must come to.
func recovered(c options, op any, base, local, remote object) judgement {
	deletesWin := c.policy == "deletes-win"
	clash := func(result object) map[place]values {
		return map[place]values{{}: {whole(base), whole(local), whole(remote), whole(result)}}
	}
	switch {
	case op == "delete" && remote == nil:
		return judgement{"already there", nil, nil}
	case op == "delete" && same(base, remote):
		return judgement{"recovered", nil, nil}
	case op == "delete" && deletesWin:
		return judgement{"conflict", nil, clash(nil)}
	case op == "delete":
		return judgement{"kept", remote, clash(remote)}
	case op == "create" && remote == nil:
		return judgement{"recovered", local, nil}
	case remote == nil && deletesWin:
		return judgement{"dropped", nil, clash(nil)}
	case remote == nil:
		return judgement{"restored", local, clash(local)}
	}
	return merged(base, local, remote, op == "set" && c.track == "object")
}

// overwritten is what must become of an object of the backup that is written over
// the backend's.
func overwritten(local, remote object) judgement {
	j := judgement{"overwrote", local, map[place]values{}}
	if same(local, remote) {
		j.outcome = ""
	}
	for name := range remote {
		if !same(local[name], remote[name]) {
			j.conflicts[place{name, ""}] = values{nil, local[name], remote[name], local[name]}
		}
	}
	return j
}

// whole is an object as a report shows it.
func whole(o object) any {
	if o == nil {
		return nil
	}
	return o
}

// apply is the object after an edit; nil after its deletion.
func apply(to, edit object) object {
	if edit["op"] == "delete" {
		return nil
	}
	to = maps.Clone(to)
	maps.Copy(to, edit["fields"].(object))
	return to
}

// merged merges the fields in which local differs from base, or all.
func merged(base, local, remote object, all bool) judgement {
	j := judgement{result: maps.Clone(remote), conflicts: map[place]values{}}
	for name := range remote {
		if same(base[name], local[name]) && !all {
			continue
		}
		switch b := base[name].(type) {
		case []any:
			j.result[name] = mergeElements(b, local[name].([]any), remote[name].([]any))
		case object:
			j.result[name] = j.mergeKeys(name, b, local[name].(object), remote[name].(object))
		default:
			j.result[name] = local[name]
			if !same(remote[name], b) && !same(remote[name], local[name]) {
				j.conflicts[place{name, ""}] = values{b, local[name], remote[name], local[name]}
			}
		}
	}
	switch {
	case len(j.conflicts) > 0:
		j.outcome = "conflict"
	case same(j.result, remote):
		j.outcome = "already there"
	case same(base, remote):
		j.outcome = "recovered"
	default:
		j.outcome = "merged"
	}
	return j
}

// mergeElements merges a set, whose elements keep the backend's order; the
// contributor's come after them. An order that the backend left alone is the
// contributor's.
func mergeElements(base, local, remote []any) []any {
	if same(base, remote) {
		return local
	}
	merged := []any{}
	for _, e := range remote {
		if slices.Contains(local, e) || !slices.Contains(base, e) {
			merged = append(merged, e)
		}
	}
	for _, e := range local {
		if !slices.Contains(base, e) && !slices.Contains(remote, e) {
			merged = append(merged, e)
		}
	}
	return merged
}

// mergeKeys merges a map, where a key that is missing is one more value.
func (j *judgement) mergeKeys(field string, base, local, remote object) object {
	merged := maps.Clone(remote)
	keys := maps.Clone(base)
	maps.Copy(keys, local)
	for k := range keys {
		b, l, r := base[k], local[k], remote[k]
		if l == b {
			continue
		}
		if merged[k] = l; l == nil {
			delete(merged, k)
		}
		if r != b && r != l {
			j.conflicts[place{field, k}] = values{b, l, r, l}
		}
	}
	return merged
}

// same compares; the order of a list counts, also where that is a set.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }
