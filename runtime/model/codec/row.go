package codec

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
)

// Encoder turns the fields of a struct into a row, one Put each. What cannot be
// stored is collected, so that an error names every field at once.
type Encoder struct {
	info *model.Info
	row  *model.Row
	only model.FieldSet
	errs []error
}

// NewEncoder writes the values of the fields in only into row, which has a place
// for every field.
func NewEncoder(info *model.Info, row *model.Row, only model.FieldSet) *Encoder {
	return &Encoder{info: info, row: row, only: only}
}

// Err joins the *model.FieldError of each field that could not be stored.
func (e *Encoder) Err() error { return errors.Join(e.errs...) }

func (e *Encoder) put(f int, v model.Value, err error) {
	if !e.only.Has(f) {
		return
	}
	if err != nil {
		e.errs = append(e.errs, &model.FieldError{Model: e.info.Name, Field: e.info.Fields[f].Name, Err: err})
		return
	}
	e.row.Values[f] = v
}

// PutBool stores a bool as field f.
func PutBool[T ~bool](e *Encoder, f int, v T) { e.put(f, model.BoolValue(bool(v)), nil) }

// PutInt stores a signed integer as field f.
func PutInt[T Signed](e *Encoder, f int, v T) { e.put(f, model.IntValue(int64(v)), nil) }

// PutUint stores an unsigned integer as field f.
func PutUint[T Unsigned](e *Encoder, f int, v T) { e.put(f, model.UintValue(uint64(v)), nil) }

// PutFloat stores a floating-point number as field f.
func PutFloat[T Real](e *Encoder, f int, v T) { e.put(f, model.FloatValue(float64(v)), nil) }

// PutString stores a string as field f; it must be valid UTF-8.
func PutString[T ~string](e *Encoder, f int, v T) {
	e.put(f, model.StringValue(string(v)), checkString(string(v)))
}

// PutBytes stores bytes as field f.
func PutBytes[T ~[]byte](e *Encoder, f int, v T) { e.put(f, model.BytesValue(v), nil) }

// PutTime stores an instant as field f; its year must be from 0 to 9999.
func PutTime(e *Encoder, f int, v time.Time) { e.put(f, model.TimeValue(v), checkTime(v)) }

// Put stores a value of any other type as field f.
func Put[T any](e *Encoder, f int, c Codec[T], v T) {
	if e.only.Has(f) { // lists and maps are costly to write
		value, err := c.Value(v)
		e.put(f, value, err)
	}
}

// Decoder turns a row into the fields of a struct, one Get each. An absent
// value gives the zero value; one that does not fit is collected and gives the
// zero value too, so that the rest can be read.
type Decoder struct {
	info *model.Info
	row  *model.Row
	errs []*model.FieldError
}

// NewDecoder reads the values of row.
func NewDecoder(info *model.Info, row *model.Row) *Decoder { return &Decoder{info: info, row: row} }

// Misfits lists the values that do not fit their fields.
func (d *Decoder) Misfits() []*model.FieldError { return d.errs }

// Err joins Misfits.
func (d *Decoder) Err() error {
	errs := make([]error, len(d.errs))
	for i, err := range d.errs {
		errs[i] = err
	}
	return errors.Join(errs...)
}

// value is what is stored as field f in the form that the field has, and
// whether there is something to read.
func (d *Decoder) value(f int) (model.Value, bool) {
	field := &d.info.Fields[f]
	v, err := field.Fit(d.row.Values[f])
	if err != nil {
		d.misfit(f, err)
		return v, false
	}
	return v, !v.IsAbsent()
}

func (d *Decoder) misfit(f int, err error) {
	d.errs = append(d.errs, &model.FieldError{Model: d.info.Name, Field: d.info.Fields[f].Name, Value: d.row.Values[f], Err: err})
}

// get reads field f with load.
func get[T any](d *Decoder, f int, dst *T, load func(model.Value, *T) error) {
	v, ok := d.value(f)
	var fresh T
	if ok {
		if err := load(v, &fresh); err != nil {
			d.misfit(f, err)
			var zero T
			fresh = zero
		}
	}
	*dst = fresh
}

// GetBool reads field f.
func GetBool[T ~bool](d *Decoder, f int, dst *T) {
	v, _ := d.value(f)
	*dst = T(v.Bool())
}

// GetInt reads field f.
func GetInt[T Signed](d *Decoder, f int, dst *T) { get(d, f, dst, loadInt) }

// GetUint reads field f.
func GetUint[T Unsigned](d *Decoder, f int, dst *T) { get(d, f, dst, loadUint) }

// GetFloat reads field f.
func GetFloat[T Real](d *Decoder, f int, dst *T) { get(d, f, dst, loadFloat) }

// GetString reads field f.
func GetString[T ~string](d *Decoder, f int, dst *T) {
	v, _ := d.value(f)
	*dst = T(v.Text())
}

// GetBytes reads field f.
func GetBytes[T ~[]byte](d *Decoder, f int, dst *T) { get(d, f, dst, loadBytes) }

// GetTime reads field f.
func GetTime(d *Decoder, f int, dst *time.Time) { get(d, f, dst, loadTime) }

// Get reads field f of any other type.
func Get[T any](d *Decoder, f int, c Codec[T], dst *T) { get(d, f, dst, c.load) }

// Key is the stored form of a key: not empty, and of a kind that stores can
// order.
func Key[K any](info *model.Info, c Codec[K], key K) (model.Value, error) {
	v, err := c.Value(key)
	if err != nil {
		return v, &model.FieldError{Model: info.Name, Field: info.Fields[info.Key].Name, Err: err}
	}
	return v, CheckKey(info, v)
}

// ErrKey is wrapped by every error about a key that cannot be one.
var ErrKey = errors.New("not a key")

// CheckKey tells whether v can be the key of an object of the model: an empty
// string, bytes that are all zero and a number outside of the 64-bit signed
// range cannot.
func CheckKey(info *model.Info, v model.Value) error {
	field := &info.Fields[info.Key]
	var reason string
	switch {
	case v.Kind() != field.Kind:
		reason = fmt.Sprintf("%v is of kind %s, the key of kind %s", v, v.Kind(), field.Kind)
	case v.Kind() == model.String && v.Text() == "":
		reason = "the key is empty"
	case v.Kind() == model.Bytes && strings.Trim(v.Text(), "\x00") == "":
		reason = "the key is empty (all bytes are zero)"
	case v.Kind() == model.Uint && int64(v.Uint()) < 0:
		reason = fmt.Sprintf("%d is above %d", v.Uint(), uint64(1<<63-1))
	default:
		return nil
	}
	return fmt.Errorf("%s.%s: %s: %w", info.Name, field.Name, reason, ErrKey)
}
