package model_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
)

var aMark = model.Mark{
	Client: "c", Epoch: 3, N: 7, Nonce: "n", Done: 2,
	Refused:   []model.Refusal{{Model: "m", Key: model.StringValue("k"), Reason: "no"}, {Model: "m", Key: model.IntValue(-1)}},
	Conflicts: []model.ObjectKey{{Model: "m", Key: model.UintValue(1 << 63)}},
}

func TestMarkForm(t *testing.T) {
	for _, m := range []model.Mark{{}, aMark} {
		got, err := model.DecodeMark(model.AppendMark(nil, &m))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Error(diff)
		}
	}
}

// What no backend can mean does not become something that one may.
func TestMarkFormOfNonsense(t *testing.T) {
	for _, done := range []int{-1, -5, math.MinInt, math.MaxInt} {
		if m, err := model.DecodeMark(model.AppendMark(nil, &model.Mark{Done: done})); !errors.Is(err, model.ErrDecode) {
			t.Errorf("%d chunks done are read as %d, %v", done, m.Done, err)
		}
	}
}
