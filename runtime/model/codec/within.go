package codec

import "strings"

// placed is an error about something inside of a value. Its path is kept from
// the inside out and put together once, however deep it is.
type placed struct {
	path []string
	err  error
}

// within says in which part of a value an error came up.
func within(part string, err error) error {
	p, ok := err.(*placed)
	if !ok {
		p = &placed{err: err}
	}
	p.path = append(p.path, part)
	return p
}

// Error names the parts from the outside in, those between left out where they
// are many.
func (p *placed) Error() string {
	const most = 8
	var text strings.Builder
	for i := len(p.path) - 1; i >= 0; i-- {
		if i == len(p.path)-1-most && i >= most {
			text.WriteString("…: ")
			i = most - 1
		}
		text.WriteString(p.path[i] + ": ")
	}
	return text.String() + p.err.Error()
}

func (p *placed) Unwrap() error { return p.err }
