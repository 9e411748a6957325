package merge

import (
	"cmp"
	"time"
)

// The rules for values that are merged whole. Generated code asks them about
// fields that changed locally, and each returns what the field becomes: the local
// value if only the local side changed it, and what the rule says if both did. The
// functions whose names end in Func take what == cannot compare.

// LocalWins is the rule local.
func LocalWins[T comparable](c *Context, f int, base, local, remote T) T {
	return whole(c, f, local == remote, remote == base, localSide, local, remote)
}

// LocalWinsFunc is the rule local.
func LocalWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	return whole(c, f, equal(local, remote), equal(remote, base), localSide, local, remote)
}

// RemoteWins is the rule remote.
func RemoteWins[T comparable](c *Context, f int, base, local, remote T) T {
	return whole(c, f, local == remote, remote == base, remoteSide, local, remote)
}

// RemoteWinsFunc is the rule remote.
func RemoteWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	return whole(c, f, equal(local, remote), equal(remote, base), remoteSide, local, remote)
}

// NewestWins is the rule newest: the value with the larger stamp, the local one
// on a tie.
func NewestWins[T comparable](c *Context, f int, base, local, remote T) T {
	return whole(c, f, local == remote, remote == base, c.newerSide(f), local, remote)
}

// NewestWinsFunc is the rule newest.
func NewestWinsFunc[T any](c *Context, f int, equal func(a, b T) bool, base, local, remote T) T {
	return whole(c, f, equal(local, remote), equal(remote, base), c.newerSide(f), local, remote)
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

// FuncWins is the rule func:Name: decide, a function of the app's, is asked where
// both sides changed the field and differ. Its error or panic fails the object.
func FuncWins[T any](c *Context, f int, equal func(a, b T) bool, decide func(base, local, remote T) (T, error), base, local, remote T) T {
	switch {
	case equal(local, remote):
		return remote
	case equal(remote, base):
		return local
	}
	c.Conflict(f, "")
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

// side is which value a rule takes where both sides changed a field.
type side bool

const (
	remoteSide side = false
	localSide  side = true
)

// whole takes one of the two values.
func whole[T any](c *Context, f int, localIsRemote, remoteIsBase bool, wins side, local, remote T) T {
	switch {
	case localIsRemote:
		return remote
	case remoteIsBase:
		return local
	}
	c.Conflict(f, "")
	if wins == localSide {
		return local
	}
	return remote
}

// ordered takes the value that compares as sign to the other one.
func ordered[T any](c *Context, f int, compare func(a, b T) int, sign int, base, local, remote T) T {
	wins := side(compare(local, remote) == sign)
	return whole(c, f, compare(local, remote) == 0, compare(remote, base) == 0, wins, local, remote)
}
