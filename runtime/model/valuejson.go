package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// UnmarshalJSON reads what MarshalJSON shows, as far as JSON tells the kinds apart:
// null, bools, numbers and strings; lists and objects become JSON. It is for
// reports that are read again. What must come back as it was has a binary form
// (AppendValue).
func (v *Value) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return fmt.Errorf("reading a value: no JSON")
	}
	switch text[0] {
	case 'n':
		*v = NullValue()
	case 't', 'f':
		var b bool
		if err := json.Unmarshal(text, &b); err != nil {
			return err
		}
		*v = BoolValue(b)
	case '"':
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		*v = StringValue(s)
	case '[', '{':
		var one bytes.Buffer // on one line, however the report was laid out
		if err := json.Compact(&one, text); err != nil {
			return err
		}
		*v = JSONValue(one.String())
	default:
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			*v = IntValue(n)
		} else if n, err := strconv.ParseUint(string(text), 10, 64); err == nil {
			*v = UintValue(n)
		} else {
			var f float64
			if err := json.Unmarshal(text, &f); err != nil {
				return err
			}
			*v = FloatValue(f)
		}
	}
	return nil
}
