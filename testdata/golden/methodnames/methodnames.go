// Package methodnames has fields that are called like methods, functions,
// keywords and the parameters of generated code.
package methodnames

type Thing struct {
	Key       string `reset:"key"`
	Value     string
	Record    int
	Merge     int `reset:"merge=max"`
	Diff      bool
	Set       []string `reset:"merge=set"`
	Add       int      `reset:"merge=counter"`
	Put       map[string]int
	Len       int
	Type      string
	Func      string
	Range     [2]int
	Map       map[string]string `reset:"merge=map"`
	Apply     bool
	Empty     bool
	String    string
	R         int
	V         int
	E         float64
	Fields    []string
	From, To  string
	Interface struct{ Var, Const, Go string }
}
