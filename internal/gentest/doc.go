// Package gentest holds generated code to what it promises. Its tests compare
// the generated diffs, merges and records of the packages in testdata/golden
// with an oracle that knows the rules from the documentation and the models by
// reflection, and shares no code with the generator or the runtime.
package gentest
