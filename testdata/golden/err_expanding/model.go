package p

type Finding struct {
	ID    string `reset:"key"`
	Chain Chain[int]
	Fork  []Fork[string]
	Trees Tree[Tree[Tree[int]]]
}

type Chain[T any] struct {
	Value T
	Next  *Chain[[]T]
}

type Fork[T any] struct {
	Next map[string]Fork[Pair[T, T]]
}

type Pair[A, B any] struct {
	Left  A
	Right B
}

type Tree[T any] struct {
	Value T
	Kids  []*Tree[T]
}
