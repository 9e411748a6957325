package codec_test

import (
	"encoding/json"
	"slices"

	"github.com/resetgen/resetgen/runtime/model/codec"
)

// node contains itself in every way there is.
type node struct {
	Name string
	Size int64
	Next *node
	Kids []node
	Two  [2]*node
	By   map[string]*node
	Raw  json.RawMessage
}

func codecNode() codec.Codec[node] {
	return codec.Struct(
		codec.At("name", codec.String[string](), func(v *node) *string { return &v.Name }),
		codec.At("size", codec.Int[int64](), func(v *node) *int64 { return &v.Size }),
		codec.At("next", codec.Ptr(codec.Lazy(codecNode)), func(v *node) **node { return &v.Next }),
		codec.At("kids", codec.Slice[[]node](codec.Lazy(codecNode)), func(v *node) *[]node { return &v.Kids }),
		codec.At("two", codec.Array(codec.Ptr(codec.Lazy(codecNode)), func(v *[2]*node) []*node { return v[:] }), func(v *node) *[2]*node { return &v.Two }),
		codec.At("by", codec.Map[map[string]*node](codec.String[string](), codec.Ptr(codec.Lazy(codecNode))), func(v *node) *map[string]*node { return &v.By }),
		codec.At("raw", codecRaw(), func(v *node) *json.RawMessage { return &v.Raw }),
	)
}

func codecRaw() codec.Codec[json.RawMessage] {
	return codec.JSON[json.RawMessage](nil).CopiedBy(slices.Clone[json.RawMessage])
}

// link is a node in a chain, which has no other list in it.
type link struct {
	Text string
	Next *link
}

func codecLink() codec.Codec[link] {
	return codec.Struct(
		codec.At("text", codec.String[string](), func(v *link) *string { return &v.Text }),
		codec.At("next", codec.Ptr(codec.Lazy(codecLink)), func(v *link) **link { return &v.Next }),
	)
}

func chain(n int, text string) (first *link) {
	for range n {
		first = &link{text, first}
	}
	return first
}

// maybe has the form null where it is not set.
type maybe struct{ n *int }

func (m maybe) MarshalJSON() ([]byte, error)     { return json.Marshal(m.n) }
func (m *maybe) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &m.n) }
