package sqlitestore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/resetgen/resetgen/runtime/model"
)

// bind is the form in which a value lies in its column.
func bind(v model.Value) driver.Value {
	switch v.Kind() {
	case model.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	case model.Int:
		return v.Int()
	case model.Uint:
		if v.Uint() > math.MaxInt64 {
			return fmt.Sprintf("%020d", v.Uint())
		}
		return int64(v.Uint())
	case model.Float:
		if f := v.Float(); !math.IsNaN(f) { // SQLite has no NaN
			return f
		}
	case model.String, model.JSON:
		return v.Text()
	case model.Bytes:
		return []byte(v.Text())
	case model.Time:
		return model.FormatTime(v.Time())
	}
	return nil
}

// column says how the values of one column are read.
type column struct {
	kind model.Kind  // Absent where it is not known
	null model.Value // what a NULL stands for
}

// columnOf is the column of a stored field.
func columnOf(kind model.Kind, null bool) column {
	if kind == model.Float && !null {
		return column{kind, model.FloatValue(math.NaN())}
	}
	return column{kind, model.NullValue()}
}

// value is the value that a column holds. What does not fit the column's kind is
// handed out as it is found, so that it can be reported.
func (c column) value(found driver.Value) model.Value {
	switch v := found.(type) {
	case nil:
		return c.null
	case int64:
		return c.number(v)
	case float64:
		return model.FloatValue(v)
	case string:
		return c.text(v)
	case []byte:
		return model.BytesValue(v)
	case bool:
		return model.BoolValue(v)
	}
	return model.StringValue(fmt.Sprint(found))
}

func (c column) number(n int64) model.Value {
	switch {
	case c.kind == model.Bool && (n == 0 || n == 1):
		return model.BoolValue(n == 1)
	case c.kind == model.Uint && n >= 0:
		return model.UintValue(uint64(n))
	}
	return model.IntValue(n)
}

func (c column) text(s string) model.Value {
	switch c.kind {
	case model.Uint:
		if n, err := strconv.ParseUint(s, 10, 64); err == nil && n > math.MaxInt64 && len(s) == 20 {
			return model.UintValue(n)
		}
	case model.Time:
		if t, err := model.ParseTime(s); err == nil {
			return model.TimeValue(t)
		}
	case model.JSON:
		if json.Valid([]byte(s)) {
			return model.JSONValue(s)
		}
	}
	return model.StringValue(s)
}
