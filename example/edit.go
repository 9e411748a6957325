package main

import (
	"context"
	"fmt"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/store"
)

// Edit is something that the contributor did: set some fields of a feature,
// create one, or delete one.
type Edit struct {
	Op     string `json:"op"`
	ID     string `json:"id"`
	Fields Fields `json:"fields"`
}

// Fields are the new values of an edit; nil where a field was not touched.
type Fields struct {
	Description   *string           `json:"description"`
	MDNURL        *string           `json:"mdn_url"`
	SourceFile    *string           `json:"source_file"`
	SpecURLs      []string          `json:"spec_urls"`
	Tags          []string          `json:"tags"`
	Deprecated    *bool             `json:"deprecated"`
	Experimental  *bool             `json:"experimental"`
	StandardTrack *bool             `json:"standard_track"`
	Support       map[string]string `json:"support"`
}

// edit makes one edit, in a transaction, through a generated record. An app calls
// its generated collection where this says s.features: catalog.FeatureRecords.
func (s *story) edit(tx *store.Tx, e Edit) error {
	switch e.Op {
	case "set":
		f, err := s.features.Get(tx, e.ID)
		if err != nil {
			return err
		}
		e.Fields.set(f)
		return s.features.Put(tx, f)
	case "create":
		f, err := s.features.New(tx, e.ID)
		if err != nil {
			return err
		}
		e.Fields.set(f)
		return s.features.Put(tx, f)
	case "delete":
		return s.features.Delete(tx, e.ID)
	}
	return fmt.Errorf("edit of %s: there is no operation %q", e.ID, e.Op)
}

// set writes to a record, which marks what is changed.
func (n Fields) set(f record) {
	if n.Description != nil {
		f.SetDescription(*n.Description)
	}
	if n.MDNURL != nil {
		f.SetMDNURL(*n.MDNURL)
	}
	if n.SourceFile != nil {
		f.SetSourceFile(*n.SourceFile)
	}
	if n.SpecURLs != nil {
		f.SetSpecURLs(n.SpecURLs)
	}
	if n.Tags != nil {
		f.SetTags(n.Tags)
	}
	if n.Deprecated != nil {
		f.SetDeprecated(*n.Deprecated)
	}
	if n.Experimental != nil {
		f.SetExperimental(*n.Experimental)
	}
	if n.StandardTrack != nil {
		f.SetStandardTrack(*n.StandardTrack)
	}
	if n.Support != nil {
		f.SetSupport(n.Support)
	}
}

// readAll reads every feature of a store; view is its View.
func (s *story) readAll(ctx context.Context, view func(context.Context, func(*store.Tx) error) error) (all []catalog.Feature, err error) {
	err = view(ctx, func(tx *store.Tx) error {
		for f, err := range s.features.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		return nil
	})
	return all, err
}
