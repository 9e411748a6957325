package item

// Item has a name.
type Item struct{ Name string }
