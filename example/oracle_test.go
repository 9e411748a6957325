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

// judgement is what must become of one edit.
type judgement struct {
	outcome string
	result  object // nil: no such feature in the fresh store
}

func (o *oracle) judge(edit object, track, strategy, policy string) judgement {
	id := edit["id"].(string)
	base, remote := o.base[id], o.remote[id]
	if strategy == "discard" {
		return judgement{"dropped", remote}
	}
	deletesWin := policy == "deletes-win"
	switch op := edit["op"]; {
	case op == "delete" && remote == nil:
		return judgement{"already there", nil}
	case op == "delete" && same(base, remote):
		return judgement{"recovered", nil}
	case op == "delete" && deletesWin:
		return judgement{"conflict", nil}
	case op == "delete":
		return judgement{"kept", remote}
	case op == "create" && remote == nil:
		return judgement{"recovered", apply(zero(id), edit)}
	case op == "create":
		return judgeFields(zero(id), apply(zero(id), edit), remote, nil)
	case remote == nil && deletesWin:
		return judgement{"dropped", nil}
	case remote == nil:
		return judgement{"restored", apply(base, edit)}
	}
	var all []string
	if track == "object" {
		all = slices.Collect(maps.Keys(base))
	}
	return judgeFields(base, apply(base, edit), remote, all)
}

func apply(to, edit object) object {
	to = maps.Clone(to)
	maps.Copy(to, edit["fields"].(object))
	return to
}

// judgeFields merges the fields in which local differs from base, and those that
// count as changed whatever their value.
func judgeFields(base, local, remote object, changed []string) judgement {
	result := maps.Clone(remote)
	conflict := false
	for name := range remote {
		if same(base[name], local[name]) && !slices.Contains(changed, name) {
			continue
		}
		var clash bool
		switch b := base[name].(type) {
		case []any:
			result[name] = mergeElements(b, local[name].([]any), remote[name].([]any))
		case object:
			result[name], clash = mergeKeys(b, local[name].(object), remote[name].(object))
		default:
			result[name] = local[name]
			clash = !same(remote[name], b) && !same(remote[name], local[name])
		}
		conflict = conflict || clash
	}
	switch {
	case conflict:
		return judgement{"conflict", result}
	case same(result, remote):
		return judgement{"already there", result}
	case same(base, remote):
		return judgement{"recovered", result}
	}
	return judgement{"merged", result}
}

func mergeElements(base, local, remote []any) []any {
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

func mergeKeys(base, local, remote object) (merged object, clash bool) {
	merged = maps.Clone(remote)
	for k := range base {
		if _, kept := local[k]; !kept {
			if r, there := remote[k]; there && r != base[k] {
				clash = true
			}
			delete(merged, k)
		}
	}
	for k, v := range local {
		b, had := base[k]
		if had && b == v {
			continue
		}
		r, there := remote[k]
		if there != had || r != b {
			clash = clash || !there || r != v
		}
		merged[k] = v
	}
	return merged, clash
}

// same compares; the order of a set's elements does not count.
func same(a, b any) bool {
	switch a := a.(type) {
	case object:
		b, ok := b.(object)
		return ok && (a == nil) == (b == nil) && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && !slices.ContainsFunc(a, func(e any) bool { return !slices.Contains(b, e) })
	}
	return reflect.DeepEqual(a, b)
}
