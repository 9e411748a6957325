package store

import (
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
)

// Holding yields the objects of a model whose field f has one of the values, in
// their stored form. A store that speaks SQL looks them up, at once where the field is
// indexed, value by value, and each in the order of the keys. Of any other store every
// object is read, once, so that the order is that of the keys alone. It ends after an
// error.
func (tx *Tx) Holding(m *model.Info, f int, values []model.Value) iter.Seq2[*model.Row, error] {
	if _, ok := tx.engine.(Querier); !ok {
		return tx.filtered(m, f, values)
	}
	condition := `"` + m.Fields[f].Name + `" = ?`
	return func(yield func(*model.Row, error) bool) {
		for _, v := range values {
			for row, err := range tx.query(m, condition, []any{v}) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// filtered is what is left of all objects of a model.
func (tx *Tx) filtered(m *model.Info, f int, values []model.Value) iter.Seq2[*model.Row, error] {
	wanted := make(map[model.Value]bool, len(values))
	for _, v := range values {
		wanted[v] = true
	}
	return func(yield func(*model.Row, error) bool) {
		for row, err := range tx.Rows(m) {
			if err == nil && !wanted[row.Values[f]] {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
