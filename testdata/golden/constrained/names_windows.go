package constrained

// What these builds declare is in the way of generated code only there.
var (
	codec       = 1
	codecShared = 2
)

func store() int { return codec + codecShared }
