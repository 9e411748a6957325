package main

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/resetgen/resetgen/example/catalog"
)

// An audit compares what came out with what went in, change by change, without
// asking how it was done: the same for every strategy.
type audit struct {
	contributor, maintainers tally // of what one side changed alone
	agreed                   int   // changed by both, to the same
	contested                int   // changed by both, differently: one of them had to give way
	revived                  int   // features that the maintainers removed, there again
	vanished                 int   // features that the maintainers have, deleted though they had changed them
}

// tally counts changes: a plain field, one element of a set or one key of a map
// that differs from the last sync, or a whole feature that is new or gone.
type tally struct{ made, survived int }

func (t tally) lost() int { return t.made - t.survived }

func (t *tally) count(survived bool) {
	t.made++
	if survived {
		t.survived++
	}
}

// compare audits a result.
func compare(base, local, remote, result map[string]parts) audit {
	var a audit
	ids := maps.Clone(base)
	maps.Copy(ids, local)
	maps.Copy(ids, remote)
	for id := range ids {
		b, l, r, now := base[id], local[id], remote[id], result[id]
		if b != nil && r == nil && now != nil {
			a.revived++
		}
		if r != nil && now == nil && !r.equal(b) {
			a.vanished++
		}
		a.object(b, l, r, now)
	}
	return a
}

// object audits one feature. Where a side deleted it, that is one change.
func (a *audit) object(base, local, remote, result parts) {
	if base != nil && (local == nil || remote == nil) {
		byLocal, byRemote := !local.equal(base), !remote.equal(base)
		switch {
		case byLocal && byRemote && local.equal(remote):
			a.agreed++
		case byLocal && byRemote:
			a.contested++
		case byLocal:
			a.contributor.count(result.equal(local))
		case byRemote:
			a.maintainers.count(result.equal(remote))
		}
		return
	}
	names := maps.Clone(base)
	if names == nil {
		names = parts{}
	}
	maps.Copy(names, local)
	maps.Copy(names, remote)
	for name := range names {
		b, l, r, now := base[name], local[name], remote[name], result[name]
		switch {
		case l != b && l == r:
			a.agreed++
		case l != b && r != b:
			a.contested++
		case l != b:
			a.contributor.count(now == l)
		case r != b:
			a.maintainers.count(now == r)
		}
	}
}

// parts is a feature cut into what can change by itself. A part that is not
// there is "".
type parts map[string]string

func (p parts) equal(q parts) bool { return (p == nil) == (q == nil) && maps.Equal(p, q) }

// cut cuts a feature into its parts.
func cut(f catalog.Feature) parts {
	p := parts{}
	add := func(name string, value any, zero bool) {
		if !zero {
			text, _ := json.Marshal(value) // strings and bools always have a form
			p[name] = string(text)
		}
	}
	add("description", f.Description, f.Description == "")
	add("mdn_url", f.MDNURL, f.MDNURL == "")
	add("source_file", f.SourceFile, f.SourceFile == "")
	add("deprecated", f.Deprecated, !f.Deprecated)
	add("experimental", f.Experimental, !f.Experimental)
	add("standard_track", f.StandardTrack, !f.StandardTrack)
	for _, url := range f.SpecURLs {
		add("spec_urls "+url, true, false)
	}
	for _, tag := range f.Tags {
		add("tags "+tag, true, false)
	}
	for browser, version := range f.Support {
		add("support "+browser, version, false)
	}
	return p
}

// cutAll cuts a whole catalogue.
func cutAll(features []catalog.Feature) map[string]parts {
	all := make(map[string]parts, len(features))
	for _, f := range features {
		all[f.ID] = cut(f)
	}
	return all
}

// edited is the catalogue as the contributor left it.
func edited(base []catalog.Feature, edits []Edit) (map[string]parts, error) {
	byID := make(map[string]catalog.Feature, len(base))
	for _, f := range base {
		byID[f.ID] = f
	}
	all := cutAll(base)
	for _, e := range edits {
		if e.Op == "delete" {
			delete(all, e.ID)
			continue
		}
		f := byID[e.ID]
		text, err := json.Marshal(e.Fields)
		if err != nil {
			return nil, err
		}
		f.ID, f.Support = e.ID, maps.Clone(f.Support)
		f.SpecURLs, f.Tags = slices.Clone(f.SpecURLs), slices.Clone(f.Tags)
		if _, whole := e.Fields["support"]; whole {
			f.Support = nil // decoding into a map would keep its other keys
		}
		if err := json.Unmarshal(text, &f); err != nil {
			return nil, err
		}
		all[e.ID] = cut(f)
	}
	return all, nil
}
