package p

// Each of these structs has twice the fields of the one before.
type (
	T0  struct{ X int }
	T1  struct{ A, B T0 }
	T2  struct{ A, B T1 }
	T3  struct{ A, B T2 }
	T4  struct{ A, B T3 }
	T5  struct{ A, B T4 }
	T6  struct{ A, B T5 }
	T7  struct{ A, B T6 }
	T8  struct{ A, B T7 }
	T9  struct{ A, B T8 }
	T10 struct{ A, B T9 }
	T11 struct{ A, B T10 }
	T12 struct{ A, B T11 }
	T13 struct{ A, B T12 }
	T14 struct{ A, B T13 }
)

// Site has thousands of fields.
type Site struct {
	ID string `reset:"key"`
	T  T14
}
