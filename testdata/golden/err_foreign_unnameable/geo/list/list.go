package list

import "github.com/resetgen/resetgen/testdata/golden/err_foreign_unnameable/geo/internal/item"

// List is a list of what only packages below geo can import.
type List []item.Item
