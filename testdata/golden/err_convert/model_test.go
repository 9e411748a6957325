package p

func OnlyInTests(old string) (int, error) { return 0, nil }
