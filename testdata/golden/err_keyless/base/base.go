// Package base has structs for others to embed.
package base

// Audit is embedded by a model of another package.
type Audit struct {
	By string `reset:"merge=remote"`
}

// Trail is embedded by none that is read, and says that it is meant so.
type Trail struct {
	By string `reset:"merge=remote"`
}

var _ struct{ Trail }
