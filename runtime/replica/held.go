package replica

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// heldName is the note in the store that has what a constraint kept out: the
// backend's objects, as it sent them last. They are tried again until they are in.
const heldName = "held"

// heldObject is an object in that note. Values are in their binary form, in which
// they come back as they were.
type heldObject struct {
	Model  string      `json:"model"`
	Key    []byte      `json:"key"`
	Stamp  stamp.Stamp `json:"stamp"`
	Fields []heldField `json:"fields"`
}

type heldField struct {
	Name  string      `json:"name"`
	Value []byte      `json:"value"`
	Stamp stamp.Stamp `json:"stamp"`
}

// holdBack makes the note. No object in it is deleted: nothing keeps a deletion out.
func holdBack(tx *store.Tx, objects []*remote.Object) error {
	note := make([]heldObject, len(objects))
	for i, o := range objects {
		note[i] = heldObject{Model: o.Model, Key: model.AppendValue(nil, o.Key), Stamp: o.Stamp}
		for _, f := range o.Fields {
			note[i].Fields = append(note[i].Fields, heldField{f.Name, model.AppendValue(nil, f.Value), f.Stamp})
		}
	}
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return tx.SetMeta(heldName, text)
}

// heldBack reads the note.
func heldBack(tx *store.Tx) ([]*remote.Object, error) {
	text, err := tx.Meta(heldName)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	var note []heldObject
	objects := []*remote.Object{}
	err = json.Unmarshal(text, &note)
	for _, h := range note {
		o := &remote.Object{Model: h.Model, Stamp: h.Stamp}
		if err == nil {
			o.Key, err = model.DecodeValue(h.Key)
		}
		for _, f := range h.Fields {
			var v model.Value
			if err == nil {
				v, err = model.DecodeValue(f.Value)
			}
			o.Fields = append(o.Fields, remote.Field{Name: f.Name, Value: v, Stamp: f.Stamp})
		}
		objects = append(objects, o)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the note of what was held back: %w", store.ErrCorrupt, err)
	}
	return objects, nil
}

// letIn tries what was held back once more: the app may have changed what was in its
// way.
func (r *Replica) letIn(ctx context.Context) error {
	var back []*remote.Object
	err := r.View(ctx, func(tx *store.Tx) (err error) {
		back, err = heldBack(tx)
		return err
	})
	if err != nil || len(back) == 0 {
		return err
	}
	err = r.settling(ctx, func(tx *store.Tx) error {
		in, err := r.newIntake(tx)
		if err == nil {
			err = in.end()
		}
		if err != nil {
			return err
		}
		return r.noteMerged(tx, in.merged)
	})
	if err == nil {
		r.tellMerged(ctx)
	}
	return err
}

// countHeld shows how much is held back.
func (r *Replica) countHeld(ctx context.Context) error {
	return r.View(ctx, func(tx *store.Tx) error {
		back, err := heldBack(tx)
		if err == nil {
			r.setStatus(func(s *Status) { s.HeldBack = len(back) })
		}
		return err
	})
}
