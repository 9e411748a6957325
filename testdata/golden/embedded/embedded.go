// Package embedded has models that embed structs, whose fields are promoted, the
// key among them. Base is no model: it only lends its key.
package embedded

import "time"

// Base is what all models have.
type Base struct {
	ID      string `reset:"key"`
	Created time.Time
}

// Tagged can be tagged.
type Tagged struct {
	Tags []string `reset:"merge=set"`
}

type audited struct {
	// By is who changed it last.
	By string
}

// Task embeds structs of both kinds.
type Task struct {
	_ struct{} `reset:"track=object"`
	Base
	Tagged
	audited
	Title string
}

// Job has nothing in common with Task but what both embed.
type Job struct {
	_ struct{} `reset:"track=field"`
	Base
	audited
	Done  bool
	Steps []Step
}

// Step is stored whole, so that what it embeds may be a pointer.
type Step struct {
	Name string
	*audited
}
