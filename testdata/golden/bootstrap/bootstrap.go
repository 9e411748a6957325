// Package bootstrap uses what is generated for it, in bodies and in types, so it
// does not compile before.
package bootstrap

import "fmt"

type Task struct {
	ID    string `reset:"key"`
	Title string `reset:"merge=func:shorter"`
	Done  bool
	Open  *TaskRecord `reset:"-"`
	last  map[string]TaskDiff
}

// Last shows that fields which are not stored may be of generated types.
func (t *Task) Last(day string) TaskDiff { return t.last[day] }

// Editor holds a record.
type Editor struct{ task *TaskRecord }

// Rename changes the title.
func (e *Editor) Rename(title string) { e.task.SetTitle(title) }

// Compare shows what differs.
func Compare(a, b *Task) string { return fmt.Sprint(DiffTask(a, b)) }

func shorter(base, local, remote string) (string, error) {
	return min(local, remote), nil
}
