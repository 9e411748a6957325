package p

func mergeNote(base, local, remote string) (string, error) { return remote, nil }

func decodeFinding() {}

type Size struct{ Area int }
