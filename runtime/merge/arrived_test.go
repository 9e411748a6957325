package merge_test

import (
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
)

// What others wrote between the sending of a chunk that was given up and its arrival
// has been merged into the object, which its record is based on. TestLostCutArrives in
// package store has all that happens without others.
func TestArrivedAfterOthers(t *testing.T) {
	const cut = 5
	field := func(name string, seq uint64, base any) model.FieldChange {
		return model.FieldChange{Name: name, Seq: seq, Base: value(base)}
	}
	updated := func(fields ...model.FieldChange) *model.Entry {
		return &model.Entry{Model: "field_item", Key: value("x"), Change: model.Updated, Seq: 9, Fields: fields}
	}
	for _, c := range []struct {
		name  string
		sent  content // on what sentOn has
		on    content
		e     *model.Entry // by now, on what others wrote
		local content
		want  string
	}{
		{"nothing since", content{"count": 3}, content{"count": 1},
			updated(field("count", 4, 11)), content{"count": 13}, "nothing"},
		{"counted on", content{"count": 3}, content{"count": 1},
			updated(field("count", 7, 11)), content{"count": 18}, "updated count 13"},
		{"counted back", content{"count": 3}, content{"count": 1},
			nil, content{"count": 11}, "updated count 13"},
		{"an element since", content{"tags": `["a","m"]`}, content{"tags": `["a"]`},
			updated(field("tags", 7, `["a","t"]`)), content{"tags": `["a","m","n","t"]`}, `updated tags ["a","t","m"]`},
		{"the element removed again", content{"tags": `["a","m"]`}, content{"tags": `["a"]`},
			nil, content{"tags": `["a","t"]`}, `updated tags ["a","t","m"]`},
		{"another text since", content{"text": "mine"}, content{"text": "a"},
			updated(field("text", 7, "theirs")), content{"text": "again"}, `updated text "mine"`},
		{"the text of others", content{"theirs": "mine"}, content{"theirs": "a"},
			nil, content{"theirs": "theirs"}, "nothing"},
		{"set back", content{"text": "mine"}, content{"text": "a"},
			nil, content{"text": "a"}, `updated text "mine"`},
		{"deleted by others", content{"text": "mine"}, content{"text": "a"}, nil, nil, "nothing"},
	} {
		sent := &model.Entry{Model: "field_item", Key: value("x"), Change: model.Updated, Seq: 4}
		for name, base := range c.on {
			sent.Fields = append(sent.Fields, field(name, 4, base))
		}
		got := merge.Arrived(fieldItem, cut, 9, &model.Sent{Entry: sent, Row: c.sent.row(fieldItem, mine).Named(fieldItem.Info)}, c.e, c.local.row(fieldItem, mine))
		text := "nothing"
		if got != nil {
			text = got.Change.String()
			for _, f := range got.Fields {
				text += fmt.Sprint(" ", f.Name, " ", f.Base)
			}
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}
