package codec

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
)

// Convert reads a stored value of the type that a field had before as one of the
// type that it has now, by a function of the app's. The function's panic is an
// error like any other: one odd value must not keep the rest from being read.
func Convert[Old, New any](from Codec[Old], to Codec[New], convert func(Old) (New, error)) func(model.Value) (model.Value, error) {
	return func(v model.Value) (converted model.Value, err error) {
		var old Old
		if err := from.Load(v, &old); err != nil {
			return model.Value{}, err
		}
		now, err := askConvert(convert, old)
		if err != nil {
			return model.Value{}, err
		}
		return to.Value(now)
	}
}

func askConvert[Old, New any](convert func(Old) (New, error), old Old) (now New, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the convert function panicked: %v", v)
		}
	}()
	return convert(old)
}
