package main

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/resetgen/resetgen/example/catalog"
)

//go:embed testdata/*.jsonl.gz
var input embed.FS

// Edit is something that the contributor did: set some fields of a feature,
// create one, or delete one.
type Edit struct {
	Op     string                     `json:"op"`
	ID     string                     `json:"id"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// release reads a release of the catalogue: base or remote.
func release(name string) ([]catalog.Feature, error) { return read[catalog.Feature](name) }

// edits reads what the contributor did.
func edits() ([]Edit, error) { return read[Edit]("local-edits") }

// read reads a compressed file of one JSON object a line.
func read[T any](name string) ([]T, error) {
	file := path.Join("testdata", name+".jsonl.gz")
	f, err := input.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	dec := json.NewDecoder(bufio.NewReader(unzipped))
	dec.DisallowUnknownFields()
	var all []T
	for {
		var one T
		switch err := dec.Decode(&one); err {
		case nil:
			all = append(all, one)
		case io.EOF:
			return all, nil
		default:
			return nil, fmt.Errorf("%s, line %d: %w", file, len(all)+1, err)
		}
	}
}
