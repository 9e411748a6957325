package integration

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// A value that another object has is told with the field's name and the other's
// key, in the words of a store.
func TestUniqueNamed(t *testing.T) {
	user := &model.Info{Name: "user", Fields: []model.Field{
		{Name: "id", Kind: model.Int, Zero: model.IntValue(0)},
		{Name: "mail", Kind: model.String, Zero: model.StringValue(""), Unique: true},
		{Name: "work.mail (new)", Kind: model.String, Null: true, Zero: model.NullValue(), Unique: true},
	}}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		inEngine(t, d, newPath(t), user, false, func(tx store.EngineTx) error {
			row := func(id int64, mail string, work model.Value) *model.Row {
				return &model.Row{Values: []model.Value{model.IntValue(id), model.StringValue(mail), work}, Stamps: make([]stamp.Stamp, 3)}
			}
			work := model.StringValue("a@work")
			if err := tx.Insert(user, model.IntValue(7), row(7, "a@b (c)", work)); err != nil {
				return err
			}
			if err := tx.Insert(user, model.IntValue(8), row(8, "b", model.NullValue())); err != nil {
				return err
			}
			wantError(t, "inserting", tx.Insert(user, model.IntValue(9), row(9, "a@b (c)", model.NullValue())), store.ErrConstraint, `user.mail`, `"a@b (c)"`, " 7 ")
			wantError(t, "updating", tx.Update(user, model.IntValue(8), row(8, "a@b (c)", model.NullValue()), model.FieldSetOf(1)), store.ErrConstraint, `user.mail`, " 7 ")
			wantError(t, "replacing", tx.Replace(user, model.IntValue(8), row(8, "b", work)), store.ErrConstraint, `user.work.mail (new)`, `"a@work"`)
			wantError(t, "replacing what is new", tx.Replace(user, model.IntValue(9), row(9, "a@b (c)", model.NullValue())), store.ErrConstraint, `user.mail`, " 7 ")
			wantError(t, "inserting again", tx.Insert(user, model.IntValue(7), row(7, "c", model.NullValue())), store.ErrConstraint, "this key")
			return nil
		})
	})
}
