package p

import "time"

// Old is not a function.
type Old string

func Generic[T any](old T) (int, error) { return 0, nil }

func Two(old, older string) (int, error) { return 0, nil }

func NoError(old string) int { return 0 }

func Variadic(old ...string) (int, error) { return 0, nil }

func ToText(old int) (string, error) { return "", nil }

func FromChannel(old chan int) (int, error) { return 0, nil }

func FromMap(old map[bool]string) (int, error) { return 0, nil }

func FromUnknown(old Missing) (int, error) { return 0, nil }

func FromInt32(old int32) (int, error) { return 0, nil }

func FromOld(old *Old) (string, error) { return "", nil }

func ToWhere(old string) (Where, error) { return Where{}, nil }

// Where is tracked field by field.
type Where struct{ Lat, Lng float64 }

type Finding struct {
	ID       string `reset:"key,convert=func:ToText"`
	Nothing  int    `reset:"convert"`
	Bare     int    `reset:"convert=ToText"`
	Odd      int    `reset:"convert=to text"`
	Method   int    `reset:"convert=func:strings.Join"`
	Unknown  int    `reset:"convert=func:Unknown"`
	Type     int    `reset:"convert=func:Old"`
	Generic  int    `reset:"convert=func:Generic"`
	Two      int    `reset:"convert=func:Two"`
	NoError  int    `reset:"convert=func:NoError"`
	Variadic int    `reset:"convert=func:Variadic"`
	Result   int    `reset:"convert=func:ToText"`
	Channel  int    `reset:"convert=func:FromChannel"`
	Keys     int    `reset:"convert=func:FromMap"`
	Missing  int    `reset:"convert=func:FromUnknown"`
	Same     int    `reset:"convert=func:FromInt32"`
	SameText string `reset:"convert=func:FromOld"`
	Test     int    `reset:"convert=func:OnlyInTests"`
	Where    Where  `reset:"convert=func:ToWhere"`
	Fine     string `reset:"convert=func:ToText"`
	Since    time.Time
}
