// Package recursive has types that contain themselves. They are stored whole.
package recursive

// Node contains itself twice.
type Node struct {
	Name  string
	Left  *Node
	Right *Node
	Kids  []Node
	Named map[string]*Node
}

// Even and Odd contain each other; Leaf is but part of both.
type (
	Even struct {
		Value int
		Next  *Odd
		Leaf  Leaf
	}
	Odd struct {
		Value int
		Next  *Even
		Leaf  *Leaf
	}
	Leaf struct{ Color string }
)

// Forest has trees of all kinds.
type Forest struct {
	ID    string `reset:"key"`
	Root  Node
	Top   *Node
	Trees []Node
	Chain *Even
	Odd   Odd
}
