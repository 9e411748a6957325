// Command resetgen generates, for annotated structs, the code that records, compares
// and merges what is unsynced.
//
//	resetgen [flags] [package patterns]
//
// Without a pattern it works on the package in the current folder. It is meant for go
// generate, in the package of the models or once for a module:
//
//	//go:generate go tool resetgen
//
// The flags are
//
//	-check    list the files that are stale, missing or orphaned, and write nothing
//	-diff     print what would change as a unified diff, and write nothing
//	-models   print a sheet of the models in Markdown, and write nothing
//	-tags     build tags, separated by commas
//	-v        name the files that are written and removed
//	-version  print the version
//
// It is silent on success. It exits with 0 if all is well, 1 if -check or -diff found
// something, and 2 if there was an error.
//
// # Annotations
//
// A struct with a field tagged reset:"key" is a model. Its other exported fields are
// stored too, those of nested and embedded structs leaf by leaf. The options of a
// field's tag are separated by commas:
//
//	key             the key, which never changes: a string, an integer, [16]byte or a
//	                type with MarshalText and UnmarshalText
//	merge=RULE      what becomes of the field when both sides changed it: local (the
//	                default), remote, newest, max, min, counter, set, map, list, text
//	                or func:Name, a func(base, local, remote T) (T, error)
//	by=Field        with merge=list, of structs: what tells the elements apart
//	ref=Model       the key of another model
//	index, unique   for the store
//	name=stored     the stored name; without it, the Go name in snake case
//	was=earlier     an earlier stored name; may be repeated
//	convert=func:F  F, a func(old X) (T, error), reads what was stored as an X
//	-               the field is not stored
//
// A blank field speaks for the model:
//
//	_ struct{} `reset:"track=field"`
//
//	track=field     a stamp per field travels with the object (the default)
//	track=object    one stamp per object does
//	track=journal   nothing is added to the object
//	name=, was=     as for fields
package main
