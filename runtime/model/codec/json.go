package codec

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/resetgen/resetgen/runtime/model"
)

func appendScalar(b []byte, v model.Value) ([]byte, error) {
	switch v.Kind() {
	case model.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case model.Int:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case model.Uint:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case model.Float:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return b, fmt.Errorf("%v has no form inside a list, map or struct", f)
		}
		text, err := json.Marshal(v.Float())
		return append(b, text...), err
	case model.String:
		return appendString(b, v.Text()), nil
	case model.Bytes:
		return appendString(b, base64.StdEncoding.EncodeToString([]byte(v.Text()))), nil
	case model.Time:
		return appendString(b, model.FormatTime(v.Time())), nil
	}
	return append(b, v.Text()...), nil
}

// appendString writes valid UTF-8 as a JSON string, escaping only what JSON
// requires, so that there is one spelling for each string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = append(b, fmt.Sprintf(`\u%04x`, c)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func parseAs[T any](kind func(T) model.Value) func([]byte) (model.Value, error) {
	return func(raw []byte) (model.Value, error) {
		var v T
		if err := parseJSON(raw, &v); err != nil {
			return model.Value{}, err
		}
		return kind(v), nil
	}
}

// parseJSON reads one JSON value that must not be null: encoding/json would
// pass over a null and leave what was there.
func parseJSON(raw []byte, dst any) error {
	if string(raw) == "null" {
		return errNull
	}
	return json.Unmarshal(raw, dst)
}

// whole makes the codec of something that is stored as one JSON text.
func whole[T any](equal func(a, b T) bool, clone func(T) T, app func([]byte, T) ([]byte, error), parse func(piece, *T) error) Codec[T] {
	return Codec[T]{
		kind: model.JSON, equal: equal, clone: clone, append: app, parse: parse,
		store: func(v T) (model.Value, error) {
			text, err := app(nil, v)
			if err == nil {
				err = checkDepth(text)
			}
			return model.JSONValue(string(text)), err
		},
		load: func(v model.Value, dst *T) error { return parse(cutUp([]byte(v.Text())), dst) },
	}
}
