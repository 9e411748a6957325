package merge

import (
	"cmp"
	"time"
)

// The rules for values that are merged whole. Each returns what field f becomes;
// it is the remote value unless the field changed locally, and the local value
// if only the local side changed it. The functions whose names end in Func take
// what == cannot compare.

// LocalWins is the rule local.
func LocalWins[T comparable](c *Context, f int, base, local, remote T) T {
	if takeLocal, conflict := contested(c, f, local == remote, remote == base); takeLocal || conflict {
		return local
	}
	return remote
}

// LocalWinsFunc is the rule local.
func LocalWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	if takeLocal, conflict := contestedFunc(c, f, equal, base, local, remote); takeLocal || conflict {
		return local
	}
	return remote
}

// RemoteWins is the rule remote.
func RemoteWins[T comparable](c *Context, f int, base, local, remote T) T {
	if takeLocal, _ := contested(c, f, local == remote, remote == base); takeLocal {
		return local
	}
	return remote
}

// RemoteWinsFunc is the rule remote.
func RemoteWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	if takeLocal, _ := contestedFunc(c, f, equal, base, local, remote); takeLocal {
		return local
	}
	return remote
}

// NewestWins is the rule newest: the value with the larger stamp, the local one
// on a tie.
func NewestWins[T comparable](c *Context, f int, base, local, remote T) T {
	takeLocal, conflict := contested(c, f, local == remote, remote == base)
	if takeLocal || conflict && c.localNewer(f) {
		return local
	}
	return remote
}

// NewestWinsFunc is the rule newest.
func NewestWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	takeLocal, conflict := contestedFunc(c, f, equal, base, local, remote)
	if takeLocal || conflict && c.localNewer(f) {
		return local
	}
	return remote
}

// MaxWins is the rule max. NaN is less than every number.
func MaxWins[T cmp.Ordered](c *Context, f int, base, local, remote T) T {
	return ordered(c, f, cmp.Compare[T], 1, base, local, remote)
}

// MinWins is the rule min. NaN is less than every number.
func MinWins[T cmp.Ordered](c *Context, f int, base, local, remote T) T {
	return ordered(c, f, cmp.Compare[T], -1, base, local, remote)
}

// MaxTimeWins is the rule max: the later instant.
func MaxTimeWins(c *Context, f int, base, local, remote time.Time) time.Time {
	return ordered(c, f, time.Time.Compare, 1, base, local, remote)
}

// MinTimeWins is the rule min: the earlier instant.
func MinTimeWins(c *Context, f int, base, local, remote time.Time) time.Time {
	return ordered(c, f, time.Time.Compare, -1, base, local, remote)
}

// ordered takes the value that compares as sign to the other one.
func ordered[T any](c *Context, f int, compare func(a, b T) int, sign int, base, local, remote T) T {
	takeLocal, conflict := contested(c, f, compare(local, remote) == 0, compare(remote, base) == 0)
	if takeLocal || conflict && compare(local, remote) == sign {
		return local
	}
	return remote
}

// FuncWins is the rule func:Name: decide, a function of the app's, is asked where
// both sides changed the field and differ. Its error or panic fails the object.
func FuncWins[T any](c *Context, f int, equal func(a, b T) bool, decide func(base, local, remote T) (T, error), base, local, remote T) T {
	takeLocal, conflict := contestedFunc(c, f, equal, base, local, remote)
	switch {
	case takeLocal:
		return local
	case !conflict:
		return remote
	}
	result, err := ask(decide, base, local, remote)
	if err != nil {
		c.Fail(f, err)
		return remote
	}
	if !equal(result, local) && !equal(result, remote) {
		c.Mixed.Add(f)
	}
	return result
}

// contestedFunc is contested, and compares only where the answer matters.
func contestedFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) (takeLocal, conflict bool) {
	if !c.Changed(f) {
		return false, false
	}
	return contested(c, f, equal(local, remote), equal(remote, base))
}
