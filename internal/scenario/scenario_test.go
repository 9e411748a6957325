package scenario_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/internal/scenario"
)

// Every scenario that is kept here holds with every store.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scenarios", err)
	}
	for _, file := range files {
		all := load(t, file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			names := map[string]bool{}
			for s, err := range scenario.Replay(t.Context(), all, scenario.Stores()) {
				if err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
				if names[s.Name] {
					t.Errorf("two scenarios are called %q", s.Name)
				}
				names[s.Name] = true
			}
		})
	}
}

func load(t *testing.T, file string) []*scenario.Scenario {
	t.Helper()
	all, err := scenario.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The runner tells each thing that a scenario wants from another one: the rules, each
// changed in one place, all fail.
func TestChangedScenariosFail(t *testing.T) {
	text, err := os.ReadFile("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	var rules []map[string]any
	if err := json.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	var changed []map[string]any
	change := func(rule map[string]any, key string, value any) {
		if _, ok := rule[key]; !ok && key != "want_error" {
			return
		}
		other := map[string]any{}
		for k, v := range rule {
			other[k] = v
		}
		other["name"], other[key] = rule["name"].(string)+", with another "+key, value
		changed = append(changed, other)
	}
	for _, rule := range rules {
		want := map[string]any{}
		for k, v := range rule["want"].(map[string]any) {
			want[k] = v
		}
		want["another"] = map[string]any{}
		change(rule, "want", want)
		for key, v := range rule["want"].(map[string]any) {
			object := map[string]any{"real": 1.5}
			for k, v := range v.(map[string]any) {
				object[k] = v
			}
			change(rule, "want", map[string]any{key: object})
			change(rule, "want", map[string]any{})
		}
		for _, key := range []string{"want_pending", "want_conflicts"} {
			list, _ := rule[key].([]any)
			change(rule, key, append(list[:len(list):len(list)], "another.text"))
			if len(list) > 0 {
				change(rule, key, list[1:])
			}
		}
		change(rule, "want_error", "an error that never comes")
	}
	if text, err = json.Marshal(changed); err != nil {
		t.Fatal(err)
	}
	all, err := scenario.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for s, err := range scenario.Replay(t.Context(), all, []scenario.Store{scenario.Memory}) {
		if err == nil {
			t.Errorf("%s: it passes", s.Name)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the message has several lines: %v", s.Name, err)
		}
	}
}

// A message names what was wanted and what was found.
func TestMessages(t *testing.T) {
	for want, text := range map[string]string{
		`x.text: wanted "c", found "b"; at the backend: x.text: wanted "c", found "b"`:                        `"want": {"x": {"text": "c"}}`,
		`wanted y, found no such object; at the backend: wanted y, found no such object`:                      `"want": {"x": {"text": "b"}, "y": {}}`,
		`wanted no x, found one; at the backend: wanted no x, found one`:                                      `"want": {}`,
		`pending: wanted [x], found [x.text]`:                                                                 `"want": {"x": {"text": "b"}}, "want_pending": ["x"]`,
		`conflicts: wanted [x.text], found []`:                                                                `"want": {"x": {"text": "b"}}, "want_conflicts": ["x.text"]`,
		`wanted an error with the text "disk", found none`:                                                    `"want_error": "disk"`,
		`event 1, {"local": "touch", "key": "q", "fields": ["text"]}: reading field_item "q": no such object`: `"want": {}, "touch": true`,
	} {
		events := `[{"local": "set", "key": "x", "fields": {"text": "b"}}]`
		if rest, ok := strings.CutSuffix(text, `, "touch": true`); ok {
			text, events = rest, strings.TrimSuffix(events, "]")+`, {"local": "touch", "key": "q", "fields": ["text"]}]`
		}
		all, err := scenario.Parse([]byte(`[{"name": "n", "model": "FieldItem", "base": {"x": {"text": "a"}}, "events": ` + events + `, ` + text + `}]`))
		if err != nil {
			t.Fatal(err)
		}
		if err := all[0].Run(t.Context(), scenario.Memory); err == nil || err.Error() != want {
			t.Errorf("%s:\n%v, want\n%s", text, err, want)
		}
	}
	all, err := scenario.Parse([]byte(`[{"name": "n", "model": "FieldItem", "events": [], "want": {}}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := all[0].Run(t.Context(), "tape"); err == nil || !strings.Contains(err.Error(), `no store "tape"`) {
		t.Errorf("a store that there is not: %v", err)
	}
}

// What is not a scenario is refused, with the scenario's name and what is wrong.
func TestNotScenarios(t *testing.T) {
	const name = `scenario 1, "n": `
	for text, want := range map[string]string{
		`{}`:                               "no array of scenarios",
		`null`:                             "it is no array of scenarios: it is null",
		`[null]`:                           `scenario 1, "": it is no JSON object: null`,
		scen(`"model": "ObjectItem"`):      name + "model is there twice",
		scen(`"base": {"x": {}, "x": {}}`): name + "base: x is there twice",
		scen(`"base": {"x": {"num": 1, "num": 2}}`):               name + "base: x: num is there twice",
		scen(`"base": {"x": {"sub": {"a": "p", "a": "q"}}}`):      name + "base: x: sub: a is there twice",
		scen(`"base": {"x": {"attrs": {"k": "p", "k": "q"}}}`):    name + "base: x: attrs: k is there twice",
		scen(`"base": {"x": {"rows": [{"id": "1", "id": "2"}]}}`): name + "base: x: rows: element 0: id is there twice",
		scen(`"base": {"x": {"rows": [{"ID": "1"}]}}`):            name + `base: x: rows: unknown field "ID"`,
		scen(`"base": {"x": {"rows": [{"id": "1"}, null]}}`):      name + "base: x: rows: element 1 is null",
		scen(`"base": {"x": {"rows": [{"id": null}]}}`):           name + "base: x: rows: element 0: id is null",
		scen(`"base": {"x": {"list": [null]}}`):                   name + "base: x: list: element 0 is null",
		scen(`"base": {"x": {"nums": {"k": null}}}`):              name + "base: x: nums: k is null",
		scen(`"want_pending": [null]`):                            name + "want_pending: element 0 is null",
		scen(`"events": [null]`):                                  name + "event 0: it is no JSON object: null",
		event(`{"event": "push", "event": "pull"}`):               name + "event 0: event is there twice",
		event(`{"local": "set", "event": "", "key": "x"}`):        name + `event 0: event is "" (allowed: [`,
		event(`{"local": "", "event": "push"}`):                   name + `event 0: local is "" (allowed: [`,
		`[`:                                                       "no array of scenarios",
		`[] []`:                                                   "something follows",
		`[7]`:                                                     `scenario 1, "": it is no JSON object: 7`,
		`[{}]`:                                                    "it has no name",
		`[{"name": 7}]`:                                           "name: ",
		scen(`"modle": "FieldItem"`):                              name + `unknown key "modle"`,
		scen(`"Strategy": "discard"`):                             name + `unknown key "Strategy"`,
		`[{"name": "n", "events": [], "want": {}}]`:               name + `model is "" (allowed: ["FieldItem" "JournalItem" "ObjectItem"])`,
		`[{"name": "n", "model": "FieldItem", "events": []}]`:     name + "it has neither want nor want_error",
		scen(`"strategy": "hope"`):                                name + `"hope" is not a strategy`,
		scen(`"strategy": "manual"`):                              name + "the strategy manual needs a function",
		scen(`"strategy": null`):                                  name + "strategy is null",
		scen(`"policy": {"remote": "drop"}`):                      name + `policy: unknown key "remote"`,
		scen(`"policy": {"remote_deleted": "keep"}`):              name + `policy: remote_deleted is "keep" (allowed: ["drop" "restore"])`,
		scen(`"policy": {"local_deleted": "drop"}`):               name + `policy: local_deleted is "drop" (allowed: ["delete" "keep"])`,
		scen(`"policy": {"dangling": "no"}`):                      name + `policy: dangling is "no" (allowed: ["clear" "report"])`,
		scen(`"base": {"x": {"txet": "a"}}`):                      name + `base: x: unknown key "txet"`,
		scen(`"base": {"x": {"sub": {"d": 1}}}`):                  name + `base: x: unknown key "sub.d"`,
		scen(`"base": {"x": {"sub.a": "p", "sub": {"a": "q"}}}`):  name + `base: x: sub.a is there twice`,
		scen(`"base": {"x": {"sub": 1}}`):                         name + `base: x: sub: it is no JSON object: 1`,
		scen(`"base": {"x": {"text": 1}}`):                        name + `base: x: text: cannot unmarshal number`,
		scen(`"base": {"x": {"text": null}}`):                     name + `base: x: text cannot be null`,
		scen(`"base": {"x": {"rows": [{"ident": "1"}]}}`):         name + `base: x: rows: unknown field "ident"`,
		scen(`"base": {"x": {"id": "y"}}`):                        name + `base: x: the id is "y", and the key is "x"`,
		scen(`"base": {"": {}}`):                                  name + `base: an object has an empty key`,
		scen(`"base": []`):                                        name + `base: it is no JSON object: []`,
		scen(`"want_pending": "x"`):                               name + `want_pending: cannot unmarshal string`,
		event(`{"local": "set", "key": "x", "fields": {"text": "b"}, "at": "moved"}`): name + `event 0: unknown key "at"`,
		event(`{"local": "set", "key": "x", "filds": {}}`):                            name + `event 0: unknown key "filds"`,
		event(`{"local": "set", "fields": {}}`):                                       name + `event 0: set: it has no key`,
		event(`{"local": "set", "key": "x", "stamp": "soon"}`):                        name + `event 0: set: stamp: `,
		event(`{"local": "set", "remote": "set", "key": "x"}`):                        name + `event 0: it needs one of the keys local, remote and event`,
		event(`{}`):                                                 name + `event 0: it needs one of the keys local, remote and event`,
		event(`{"local": "push"}`):                                  name + `event 0: local is "push" (allowed: ["set" "touch" "add" "delete" "save"])`,
		event(`{"remote": "touch", "key": "x"}`):                    name + `event 0: remote is "touch" (allowed: ["set" "add" "delete"])`,
		event(`{"event": "set", "key": "x"}`):                       name + `event 0: event is "set"`,
		event(`{"local": "add", "key": "x", "fields": {"num": 1}}`): name + `event 0: add: fields: num is no counter`,
		event(`{"local": "touch", "key": "x", "fields": ["txet"]}`): name + `event 0: touch: fields: there is no field "txet"`,
		event(`{"event": "push", "key": "x"}`):                      name + `event 0: unknown key "key"`,
		event(`{"event": "crash"}`):                                 name + `event 0: crash: at is ""`,
		event(`{"event": "crash", "at": "settling"}`):               name + `event 0: crash: at is "settling"`,
		event(`{"event": "rollback"}`):                              name + `event 0: to is -1`,
		event(`{"event": "push"}, {"event": "rollback", "to": 1}`):  name + `event 1: to is 1 and must be the index of an earlier event, from 0 to 0`,
	} {
		_, err := scenario.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v, want\n%s", text, err, want)
		}
	}
}

// scen is a scenario with a member more.
func scen(member string) string {
	return `[{"name": "n", "model": "FieldItem", "want": {}, ` + member + `}]`
}

func event(events string) string { return scen(`"events": [` + events + `]`) }

// Files and folders can be named; a folder without scenarios is an error.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := scenario.Load(dir); err == nil || !strings.Contains(err.Error(), "no .json file") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := scenario.Load(filepath.Join(dir, "none.json")); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	for name, text := range map[string]string{"b.json": scen(`"base": {}`), "deep/a.json": scen(`"base": {}`), "notes.txt": "no scenario"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if all := load(t, dir); len(all) != 2 {
		t.Errorf("%d scenarios, want 2", len(all))
	}
	if _, err := scenario.Load(filepath.Join(dir, "notes.txt")); err == nil || !strings.Contains(err.Error(), "notes.txt: ") {
		t.Errorf("a file that is none: %v", err)
	}
}

// In a set repetition means nothing.
func TestSetsCompare(t *testing.T) {
	for want, holds := range map[string]bool{`["x", "y"]`: true, `["y", "x", "y"]`: true, `["x"]`: false} {
		all, err := scenario.Parse([]byte(`[{"name": "n", "model": "FieldItem", "events": [{"local": "set", "key": "x", "fields": {"tags": ["x", "x", "y"]}}], "want": {"x": {"tags": ` + want + `}}}]`))
		if err != nil {
			t.Fatal(err)
		}
		if err := all[0].Run(t.Context(), scenario.Memory); (err == nil) != holds {
			t.Errorf("%s: %v", want, err)
		}
	}
}
