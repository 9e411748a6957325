package merge

import (
	"fmt"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// Decision is what becomes of one object.
type Decision struct {
	Outcome Outcome
	Reason  string // why, for people

	Write  Write
	Row    *model.Row     // what is written by WriteInsert and WriteUpdate
	Fields model.FieldSet // which of its fields WriteUpdate writes

	// Entry is what remains unsynced: the changes rebased on the remote object,
	// with the sequences and stamps that they had. Nil where nothing remains.
	Entry *model.Entry

	Conflicts []Conflict
	Losses    []Loss

	// Of a Failed decision: why, and which fields could not be merged, if it is them.
	Err      error
	Unmerged model.FieldSet
}

// Conflict is what both sides changed: a field, a part of one, or the object as
// a whole.
type Conflict struct {
	Field  string      `json:"field,omitempty"` // the stored name; "" where one side deleted the object
	Part   string      `json:"part,omitempty"`  // the key of a map, or the element of a list
	Rule   string      `json:"rule,omitempty"`  // what decided
	Base   model.Value `json:"base"`
	Local  model.Value `json:"local"`
	Remote model.Value `json:"remote"`
	Result model.Value `json:"result"`
}

// Loss is a local value that could not be carried over.
type Loss struct {
	Field string      `json:"field"`
	Value model.Value `json:"value"`
	Why   string      `json:"why"`
}

// WriteText shows a conflict to people, in lines of "  field: base …".
func (c *Conflict) WriteText(b *strings.Builder) {
	what := c.Field
	switch {
	case what == "":
		what = "the object"
	case c.Part != "":
		what += "[" + c.Part + "]"
	}
	fmt.Fprintf(b, "  %s (%s)\n    base    %v\n    local   %v\n    remote  %v\n    result  %v\n", what, c.Rule, c.Base, c.Local, c.Remote, c.Result)
}
