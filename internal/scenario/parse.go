package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/replica"
)

// Load reads the scenarios of a file, or of every file in a folder and the folders
// in it whose name ends in ".json", in the order of their names.
func Load(path string) ([]*Scenario, error) {
	files, err := list(path)
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		scenarios, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, scenarios...)
	}
	return all, nil
}

func list(path string) (files []string, err error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, err
	}
	err = filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(file) == ".json" {
			files = append(files, file)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no .json file in the folder %s", path)
	}
	return files, err
}

// Parse reads an array of scenarios. Its errors name the scenario, and what in it
// is wrong.
func Parse(text []byte) ([]*Scenario, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	var raw []json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("it is no array of scenarios: %w", err)
	}
	if raw == nil {
		return nil, errors.New("it is no array of scenarios: it is null")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the array of scenarios")
	}
	all := make([]*Scenario, 0, len(raw))
	for i, text := range raw {
		s, name, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("scenario %d, %q: %w", i+1, name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func parse(text json.RawMessage) (s *Scenario, name string, err error) {
	o, wrong := membersOf(text)
	if o == nil {
		return nil, "", wrong
	}
	s = &Scenario{}
	if err := o.read("name", &s.Name); err != nil || s.Name == "" {
		return nil, s.Name, errors.Join(wrong, err, errors.New("it has no name"))
	}
	if wrong != nil {
		return nil, s.Name, wrong
	}
	err = s.parse(o)
	if err == nil {
		err = o.rest()
	}
	return s, s.Name, err
}

func (s *Scenario) parse(o *members) error {
	name, strategy := "", reconcile.Recover.String()
	if err := errors.Join(o.read("model", &name), o.read("strategy", &strategy)); err != nil {
		return err
	}
	if s.table = tables[name]; s.table == nil {
		return fmt.Errorf("model is %q (allowed: %q)", name, slices.Sorted(maps.Keys(tables)))
	}
	var err error
	if s.strategy, err = reconcile.ParseStrategy(strategy); err == nil && s.strategy == reconcile.Manual {
		err = errors.New("the strategy manual needs a function of an app's")
	}
	if err != nil {
		return err
	}
	if err := s.parsePolicy(o); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if s.base, err = o.content("base"); err != nil {
		return err
	}
	if s.want, err = o.content("want"); err != nil {
		return err
	}
	if err := errors.Join(o.read("want_pending", &s.pending), o.read("want_conflicts", &s.conflicts), o.read("want_error", &s.failure)); err != nil {
		return err
	}
	if s.want == nil && s.failure == "" {
		return errors.New("it has neither want nor want_error")
	}
	var events []json.RawMessage
	if err := o.read("events", &events); err != nil {
		return err
	}
	for i, text := range events {
		e, err := parseEvent(text)
		if err == nil && e.what == rollback && (e.to < 0 || e.to >= i) {
			err = fmt.Errorf("to is %d and must be the index of an earlier event, from 0 to %d", e.to, i-1)
		}
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		s.events = append(s.events, e)
	}
	return nil
}

func (s *Scenario) parsePolicy(o *members) error {
	text, ok := o.take("policy")
	if !ok {
		return nil
	}
	p, err := membersOf(text)
	if err != nil {
		return err
	}
	remoteDeleted, localDeleted, dangling := "restore", "keep", "report"
	if err := errors.Join(p.read("remote_deleted", &remoteDeleted), p.read("local_deleted", &localDeleted), p.read("dangling", &dangling)); err != nil {
		return err
	}
	s.policy.RemoteDeleted, err = choose("remote_deleted", remoteDeleted, map[string]model.RemoteDeleted{"restore": model.Restore, "drop": model.Drop})
	if err != nil {
		return err
	}
	s.policy.LocalDeleted, err = choose("local_deleted", localDeleted, map[string]model.LocalDeleted{"keep": model.Keep, "delete": model.Delete})
	if err != nil {
		return err
	}
	s.policy.Dangling, err = choose("dangling", dangling, map[string]model.Dangling{"report": model.ReportDangling, "clear": model.ClearDangling})
	if err != nil {
		return err
	}
	return p.rest()
}

// choose is the meaning of a word.
func choose[T any](what, word string, words map[string]T) (T, error) {
	meaning, ok := words[word]
	if !ok {
		return meaning, fmt.Errorf("%s is %q (allowed: %q)", what, word, slices.Sorted(maps.Keys(words)))
	}
	return meaning, nil
}

// steps are where a crash can be.
var steps = map[string]replica.Step{
	"downloading": replica.Downloading, "downloaded": replica.Downloaded, "closed": replica.Closed,
	"reconciled": replica.Reconciled, "moved": replica.Moved, "swapped": replica.Swapped,
}

// happenings are what can happen, by who does it.
var happenings = map[side][]kind{
	local:  {set, touch, add, remove, save},
	remote: {set, add, remove},
	nobody: {push, pushLostAck, pushPartial, pull, trim, recreate, rollback, reset, crash, restart},
}

func parseEvent(text json.RawMessage) (e event, err error) {
	o, err := membersOf(text)
	if err != nil {
		return e, err
	}
	e.text = text
	words := 0
	for _, s := range []struct {
		key string
		who side
	}{{"local", local}, {"remote", remote}, {"event", nobody}} {
		if _, there := o.left[s.key]; !there {
			continue
		}
		word := ""
		if err := o.read(s.key, &word); err != nil {
			return e, err
		}
		words++
		e.who, e.what = s.who, kind(word)
		if !slices.Contains(happenings[s.who], e.what) {
			return e, fmt.Errorf("%s is %q (allowed: %q)", s.key, word, happenings[s.who])
		}
	}
	if words != 1 {
		return e, errors.New("it needs one of the keys local, remote and event")
	}
	if err := e.parse(o); err != nil {
		return e, fmt.Errorf("%s: %w", e.what, err)
	}
	return e, o.rest()
}

// parse reads what belongs to an event of its kind; what is left over is unknown.
func (e *event) parse(o *members) (err error) {
	if e.who != nobody {
		shift := ""
		if err := errors.Join(o.read("key", &e.key), o.read("stamp", &shift)); err != nil {
			return err
		}
		if e.key == "" {
			return errors.New("it has no key")
		}
		if shift != "" {
			if e.shift, err = time.ParseDuration(shift); err != nil {
				return fmt.Errorf("stamp: %w", err)
			}
		}
	}
	switch e.what {
	case set, add:
		if e.with, err = o.object("fields", e.key); err != nil {
			return err
		}
		for _, f := range e.with.named {
			if e.what == add && f.add == nil {
				return fmt.Errorf("fields: %s is no counter", f.name)
			}
		}
	case save:
		e.with, err = o.object("object", e.key)
	case touch:
		var names []string
		if err := o.read("fields", &names); err != nil {
			return err
		}
		for _, name := range names {
			f := fieldNamed(name)
			if f == nil {
				return fmt.Errorf("fields: there is no field %q", name)
			}
			e.touch = append(e.touch, f)
		}
	case crash:
		at := ""
		if err := o.read("at", &at); err != nil {
			return err
		}
		e.at, err = choose("at", at, steps)
	case rollback:
		e.to = -1
		err = o.read("to", &e.to)
	}
	return err
}

// members are the members of a JSON object that were not read yet.
type members struct{ left map[string]json.RawMessage }

// membersOf reads a JSON object. Where a member is there twice it gives what it has read
// beside the error.
func membersOf(text json.RawMessage) (*members, error) {
	var twice error
	o := &members{left: map[string]json.RawMessage{}}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("it is no JSON object: %s", text)
	}
	for d.More() {
		var value json.RawMessage
		name, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return nil, fmt.Errorf("it is no JSON object: %s: %w", text, err)
		}
		key := name.(string)
		if _, there := o.left[key]; there && twice == nil {
			twice = fmt.Errorf("%s is there twice", key)
		}
		o.left[key] = value
	}
	return o, twice
}

// noNull refuses null and members that are there twice, at any depth of what is not null
// itself.
func noNull(text json.RawMessage) error {
	inner := map[string]json.RawMessage{}
	switch text[0] {
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		for i, e := range list {
			inner[fmt.Sprintf("element %d", i)] = e
		}
	case '{':
		o, err := membersOf(text)
		if err != nil {
			return err
		}
		inner = o.left
	}
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		if string(inner[name]) == "null" {
			return fmt.Errorf("%s is null", name)
		}
		if err := noNull(inner[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// take takes a member out.
func (o *members) take(key string) (text json.RawMessage, ok bool) {
	text, ok = o.left[key]
	delete(o.left, key)
	return text, ok
}

// read reads a member, if it is there.
func (o *members) read(key string, to any) error {
	text, ok := o.take(key)
	if !ok {
		return nil
	}
	if string(text) == "null" {
		return fmt.Errorf("%s is null", key)
	}
	if _, raw := to.(*[]json.RawMessage); !raw {
		if err := noNull(text); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %s", key, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// rest refuses what nobody has read.
func (o *members) rest() error {
	if len(o.left) > 0 {
		return fmt.Errorf("unknown key %q", slices.Sorted(maps.Keys(o.left))[0])
	}
	return nil
}

// content reads objects by their keys; nil where the member is not there.
func (o *members) content(key string) (map[string]object, error) {
	text, ok := o.take(key)
	if !ok {
		return nil, nil
	}
	all, err := membersOf(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	content := map[string]object{}
	for _, id := range slices.Sorted(maps.Keys(all.left)) {
		if id == "" {
			return nil, fmt.Errorf("%s: an object has an empty key", key)
		}
		if content[id], err = all.object(id, id); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return content, nil
}

// object reads the fields of the object with the id, none where the member is not
// there.
func (o *members) object(key, id string) (v object, err error) {
	text, ok := o.take(key)
	if !ok {
		return v, nil
	}
	values, err := membersOf(text)
	if err == nil {
		err = values.flatten("sub", "sub.deep")
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	same := id
	if err := values.read("id", &same); err != nil || same != id {
		return v, errors.Join(err, fmt.Errorf("%s: the id is %q, and the key is %q", key, same, id))
	}
	for _, f := range fields {
		if text, ok := values.take(f.name); ok {
			if err := f.read(&v.plain, text); err != nil {
				return v, fmt.Errorf("%s: %w", key, err)
			}
			v.named = append(v.named, f)
		}
	}
	if err := values.rest(); err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}

// flatten gives the members of nested structs dotted names.
func (o *members) flatten(nested ...string) error {
	for _, name := range nested {
		text, ok := o.take(name)
		if !ok {
			continue
		}
		inner, err := membersOf(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for member, text := range inner.left {
			member = name + "." + member
			if _, twice := o.left[member]; twice {
				return fmt.Errorf("%s is there twice", member)
			}
			o.left[member] = text
		}
	}
	return nil
}
