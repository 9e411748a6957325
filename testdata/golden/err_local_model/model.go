package p

// Visit declares a model where nobody could use it.
func Visit() {
	type Finding struct {
		ID string `reset:"key"`
	}
	_ = func() {
		var _ struct {
			ID string `reset:"key"`
		}
	}
}
