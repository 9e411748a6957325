package codec

import (
	"encoding/json"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// DiffString shows the fields of a generated diff to people: a line for each,
// with the stored name and both values. A value that cannot be stored is shown
// as absent.
func DiffString[T any](info *model.Info, encode func(*Encoder, *T), fields model.FieldSet, from, to *T) string {
	a, b := diffRows(info, encode, fields, from, to)
	var text strings.Builder
	for f := range fields.All() {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(info.Fields[f].Name + ": " + a.Values[f].String() + " -> " + b.Values[f].String())
	}
	return text.String()
}

// DiffJSON shows the fields of a generated diff to machines: an object with the
// stored name of each field, and in it {"from": …, "to": …}.
func DiffJSON[T any](info *model.Info, encode func(*Encoder, *T), fields model.FieldSet, from, to *T) ([]byte, error) {
	type change struct {
		From model.Value `json:"from"`
		To   model.Value `json:"to"`
	}
	a, b := diffRows(info, encode, fields, from, to)
	changes := make(map[string]change, fields.Len())
	for f := range fields.All() {
		changes[info.Fields[f].Name] = change{From: a.Values[f], To: b.Values[f]}
	}
	return json.Marshal(changes)
}

func diffRows[T any](info *model.Info, encode func(*Encoder, *T), fields model.FieldSet, from, to *T) (a, b *model.Row) {
	a = &model.Row{Values: make([]model.Value, len(info.Fields))}
	b = &model.Row{Values: make([]model.Value, len(info.Fields))}
	if !fields.Empty() {
		encode(NewEncoder(info, a, fields), from)
		encode(NewEncoder(info, b, fields), to)
	}
	return a, b
}
