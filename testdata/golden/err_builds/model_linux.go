package p

func mergeTitle(base, local, remote string) (string, error) { return local, nil }

func mergeNote(base, local, remote string) (string, error) { return local, nil }

type Size struct{ Width, Height int }

// Device is part of the same builds as its Size.
type Device struct {
	ID    string `reset:"key"`
	Sizes []Size
}
