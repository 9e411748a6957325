package p

type Celsius float64

type A struct {
	ID Celsius `reset:"key"`
}

type B struct {
	ID *string `reset:"key"`
}

type C struct {
	ID [8]byte `reset:"key"`
}

type D struct {
	ID []byte `reset:"key"`
}

type E struct {
	ID string `reset:"key,merge=remote,index"`
}
