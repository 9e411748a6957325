// Package convert has fields that had another type in an earlier version of the
// app.
package convert

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Severity says how bad a fault is, from 0 to 3.
type Severity int

// Price is an amount of money.
type Price struct {
	Cents    int64
	Currency string
}

// Fault is something that is broken.
type Fault struct {
	ID       string `reset:"key"`
	Title    string
	Severity Severity   `reset:"merge=max,index,convert=func:severityOf"` // once a word
	Tags     []string   `reset:"merge=set,convert=func:split"`            // once a text with commas
	Due      *time.Time `reset:"convert=func:dueOn"`                      // once a day of the month, if any
	Cost     string     `reset:"was=price,convert=func:spell"`
	Where    struct {
		Floor float64 `reset:"convert=func:floorOf"` // once in half floors
	}
}

func severityOf(word string) (Severity, error) {
	i := slices.Index([]string{"none", "low", "high", "extreme"}, word)
	if i < 0 {
		return 0, fmt.Errorf("%q is not a severity", word)
	}
	return Severity(i), nil
}

func split(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	return strings.Split(list, ","), nil
}

// dueOn is asked for what there was a day only: none then is none now.
func dueOn(day *uint8) (*time.Time, error) {
	if *day > 31 {
		panic("no month has a day " + strconv.Itoa(int(*day)))
	}
	due := time.Date(2026, time.January, int(*day), 0, 0, 0, 0, time.UTC)
	return &due, nil
}

func spell(price *Price) (string, error) {
	if price == nil {
		return "", nil
	}
	if price.Currency == "" {
		return "", errors.New("it has no currency")
	}
	return fmt.Sprintf("%d.%02d %s", price.Cents/100, price.Cents%100, price.Currency), nil
}

// floorOf uses what is generated, as conversions may.
func floorOf(halves int) (float64, error) {
	var ground, up Fault
	up.Where.Floor = float64(halves) / 2
	if halves > 1000 {
		return 0, errors.New(DiffFault(&ground, &up).String())
	}
	return up.Where.Floor, nil
}
