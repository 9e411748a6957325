package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/resetgen/resetgen/example/catalog"
)

//go:embed testdata/*.jsonl.gz
var input embed.FS

// read reads the three files: the catalogue at the last sync, the maintainers'
// release of it, and what the contributor did.
func (s *story) read(context.Context) (err error) {
	if s.base, err = readFile[catalog.Feature]("base"); err != nil {
		return err
	}
	if s.remote, err = readFile[catalog.Feature]("remote"); err != nil {
		return err
	}
	s.edits, err = readFile[Edit]("local-edits")
	return err
}

// readFile reads a compressed file of one JSON object a line.
func readFile[T any](name string) ([]T, error) {
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
