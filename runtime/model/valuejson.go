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
// (AppendValue). Its errors wrap ErrDecode.
func (v *Value) UnmarshalJSON(text []byte) error {
	if !json.Valid(text) {
		return fmt.Errorf("%w: a value that is not JSON: %s", ErrDecode, shorten(string(text)))
	}
	switch text = bytes.TrimSpace(text); text[0] {
	case 'n':
		*v = NullValue()
	case 't', 'f':
		*v = BoolValue(text[0] == 't')
	case '"':
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return fmt.Errorf("%w: %w", ErrDecode, err)
		}
		*v = StringValue(s)
	case '[', '{':
		var one bytes.Buffer // on one line, however the report was laid out
		if err := json.Compact(&one, text); err != nil {
			return fmt.Errorf("%w: %w", ErrDecode, err)
		}
		*v = JSONValue(one.String())
	default:
		return v.number(text)
	}
	return nil
}

// number reads the kind of number that has the value.
func (v *Value) number(text []byte) error {
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*v = IntValue(n)
	} else if n, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		*v = UintValue(n)
	} else {
		var f float64
		if err := json.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("%w: %w", ErrDecode, err)
		}
		*v = FloatValue(f)
	}
	return nil
}
