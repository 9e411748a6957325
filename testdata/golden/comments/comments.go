// Package comments has fields whose comments are kept on their getters.
package comments

// Note has comments of all kinds.
//
// They may have paragraphs.
type Note struct {
	ID string `reset:"key"` // ID is what the note is known by.

	// Title is what is shown in lists.
	Title string

	// Body is the text.
	//
	// It may be long:
	//
	//	one := 1
	//	two := 2
	//
	// and has a list:
	//   - first
	//   - second
	Body string `reset:"merge=text"`

	Pinned bool // shown first

	/* Color is in a comment of the other kind. */
	Color string

	/* Shape is in one that gofmt does not lay out:
	a block of code
	*/
	Shape string

	// Deprecated: use Color.
	Hue int

	X, Y int // where it hangs
}
