// Package jsonform has types that bring their own JSON form.
package jsonform

import (
	"encoding/json"
	"fmt"
)

// Color is written as a list of three numbers.
type Color struct{ r, g, b uint8 }

// RGB makes a Color.
func RGB(r, g, b uint8) Color { return Color{r, g, b} }

func (c Color) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d, %d, %d]", c.r, c.g, c.b), nil
}

func (c *Color) UnmarshalJSON(text []byte) error {
	var rgb [3]uint8
	err := json.Unmarshal(text, &rgb)
	c.r, c.g, c.b = rgb[0], rgb[1], rgb[2]
	return err
}

type Paint struct {
	ID     string `reset:"key"`
	Color  Color
	Coats  []Color
	Extra  *Color           `reset:"merge=remote"`
	ByName map[string]Color `reset:"merge=map"`
	Swatch []Color          `reset:"merge=set"`
	Raw    json.RawMessage
	Raws   []json.RawMessage
}
