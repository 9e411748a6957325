// Package items has one model three times, each tracked in another way, with a
// field of every kind and rule: what the rules are tested with.
package items

import "time"

//go:generate resetgen

// Row is an element of a list that is merged by identity.
type Row struct {
	ID   string
	Text string
	Num  int64
}

// Deep is nested in Sub.
type Deep struct {
	C string
}

// Sub is nested in the items: its leaves are fields of their own.
type Sub struct {
	A    string
	B    int64
	Deep Deep
}

// FieldItem has a stamp for each field.
type FieldItem struct {
	_      struct{} `reset:"track=field"`
	ID     string   `reset:"key"`
	Text   string
	Other  string
	Num    int64
	Real   float64
	Flag   bool
	When   time.Time
	Data   []byte
	Opt    *string
	OptNum *int64 `reset:"name=optnum"`
	Top    int64  `reset:"merge=max"`
	Low    int64  `reset:"merge=min"`
	Newest string `reset:"merge=newest"`
	Theirs string `reset:"merge=remote"`
	Count  int64  `reset:"merge=counter"`
	Whole  []string
	Tags   []string          `reset:"merge=set"`
	Attrs  map[string]string `reset:"merge=map"`
	Nums   map[string]int64  `reset:"merge=map"`
	List   []string          `reset:"merge=list"`
	Rows   []Row             `reset:"merge=list,by=ID"`
	Doc    string            `reset:"merge=text"`
	Sub    Sub
	Ref    string `reset:"ref=FieldItem"`
}

// ObjectItem has one stamp.
type ObjectItem struct {
	_      struct{} `reset:"track=object"`
	ID     string   `reset:"key"`
	Text   string
	Other  string
	Num    int64
	Real   float64
	Flag   bool
	When   time.Time
	Data   []byte
	Opt    *string
	OptNum *int64 `reset:"name=optnum"`
	Top    int64  `reset:"merge=max"`
	Low    int64  `reset:"merge=min"`
	Newest string `reset:"merge=newest"`
	Theirs string `reset:"merge=remote"`
	Count  int64  `reset:"merge=counter"`
	Whole  []string
	Tags   []string          `reset:"merge=set"`
	Attrs  map[string]string `reset:"merge=map"`
	Nums   map[string]int64  `reset:"merge=map"`
	List   []string          `reset:"merge=list"`
	Rows   []Row             `reset:"merge=list,by=ID"`
	Doc    string            `reset:"merge=text"`
	Sub    Sub
	Ref    string `reset:"ref=ObjectItem"`
}

// JournalItem has no stamps, so no field can be merged by them.
type JournalItem struct {
	_      struct{} `reset:"track=journal"`
	ID     string   `reset:"key"`
	Text   string
	Other  string
	Num    int64
	Real   float64
	Flag   bool
	When   time.Time
	Data   []byte
	Opt    *string
	OptNum *int64 `reset:"name=optnum"`
	Top    int64  `reset:"merge=max"`
	Low    int64  `reset:"merge=min"`
	Newest string
	Theirs string `reset:"merge=remote"`
	Count  int64  `reset:"merge=counter"`
	Whole  []string
	Tags   []string          `reset:"merge=set"`
	Attrs  map[string]string `reset:"merge=map"`
	Nums   map[string]int64  `reset:"merge=map"`
	List   []string          `reset:"merge=list"`
	Rows   []Row             `reset:"merge=list,by=ID"`
	Doc    string            `reset:"merge=text"`
	Sub    Sub
	Ref    string `reset:"ref=JournalItem"`
}
