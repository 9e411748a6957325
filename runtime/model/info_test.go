package model

import (
	"errors"
	"testing"
)

func TestFieldFit(t *testing.T) {
	cents := func(v Value) (Value, error) {
		switch {
		case v.IsNull():
			return FloatValue(-1), nil
		case v.Int() < 0:
			return Value{}, errors.New("it is negative")
		}
		return FloatValue(float64(v.Int()) / 100), nil
	}
	price := Field{Kind: Float, From: Int, Convert: cents}
	nullable := Field{Kind: Float, Null: true, From: Int, Convert: cents}
	wrong := Field{Kind: Float, From: Int, Convert: func(Value) (Value, error) { return StringValue("x"), nil }}
	for _, c := range []struct {
		name  string
		field Field
		v     Value
		want  Value
		fails bool
	}{
		{name: "a value of the field's kind", field: price, v: FloatValue(1250), want: FloatValue(1250)},
		{name: "an earlier value, although it would fit", field: price, v: IntValue(1250), want: FloatValue(12.5)},
		{name: "the same without a conversion", field: Field{Kind: Float}, v: IntValue(1250), want: FloatValue(1250)},
		{name: "an earlier value that is refused, although it would fit", field: price, v: IntValue(-1), fails: true},
		{name: "a value of a third kind", field: price, v: StringValue("1"), fails: true},
		{name: "nothing", field: price},
		{name: "a null that the field cannot hold", field: price, v: NullValue(), want: FloatValue(-1)},
		{name: "a null that it can hold", field: nullable, v: NullValue(), want: NullValue()},
		{name: "what the conversion should not give", field: wrong, v: IntValue(1), fails: true},
	} {
		if got, err := c.field.Fit(c.v); (err != nil) != c.fails || got != c.want {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}
