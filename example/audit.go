package main

import (
	"maps"
	"strconv"
	"strings"

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

// sides are the four catalogues that are compared, each by id and in parts: as it
// was at the last sync, as either side had it then, and the result.
type sides struct{ base, local, remote, result map[string]parts }

func (s *story) sides() sides {
	return sides{cutAll(s.base), cutAll(s.local), cutAll(s.remote), cutAll(s.result)}
}

// at gives one feature of each.
func (s *sides) at(id string) (base, local, remote, result parts) {
	return s.base[id], s.local[id], s.remote[id], s.result[id]
}

// compare audits a result.
func (s *sides) compare() audit {
	var a audit
	ids := maps.Clone(s.base)
	maps.Copy(ids, s.local)
	maps.Copy(ids, s.remote)
	for id := range ids {
		b, l, r, now := s.at(id)
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
	for name := range names(base, local, remote) {
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

// parts is a feature cut into what can change by itself: fields, elements of sets
// and keys of maps, by name. A part that is not there is "".
type parts map[string]string

func (p parts) equal(q parts) bool { return (p == nil) == (q == nil) && maps.Equal(p, q) }

// names are the names of all the parts.
func names(all ...parts) parts {
	names := parts{}
	for _, p := range all {
		maps.Copy(names, p)
	}
	return names
}

// field is the field that a part belongs to.
func field(part string) string {
	name, _, _ := strings.Cut(part, "[")
	return name
}

// cut cuts a feature into its parts. A zero value is no part.
func cut(f catalog.Feature) parts {
	p := parts{}
	text := func(name, value string) {
		if value != "" {
			p[name] = strconv.Quote(value)
		}
	}
	flag := func(name string, value bool) {
		if value {
			p[name] = "true"
		}
	}
	text("description", f.Description)
	text("mdn_url", f.MDNURL)
	text("source_file", f.SourceFile)
	flag("deprecated", f.Deprecated)
	flag("experimental", f.Experimental)
	flag("standard_track", f.StandardTrack)
	for _, url := range f.SpecURLs {
		p["spec_urls["+url+"]"] = strconv.Quote(url)
	}
	for _, tag := range f.Tags {
		p["tags["+tag+"]"] = strconv.Quote(tag)
	}
	for browser, version := range f.Support {
		p["support["+browser+"]"] = strconv.Quote(version)
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
