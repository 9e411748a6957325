package load

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseOptions(t *testing.T) {
	for _, c := range []struct {
		tag  string
		want string // the options, or the error and the text that it points at
	}{
		{"`reset:\"key\"`", "key"},
		{"`json:\"id\" reset:\"merge=list,by=Hash,was=a,was=b.c\" xml:\"x\"`", "merge=list by=Hash was=a was=b.c"},
		{"\"reset:\\\"merge=func:Longer,index\\\"\"", "merge=func:Longer index"},
		{"`reset:\"merge=list, by=Hash , index\"`", "merge=list by=Hash index"},
		{"`reset:\"index, merge=txt\"`", "error at merge=txt"},
		{"`reset:\"index, ,unique\"`", "error at ,unique"},
		{"`reset:\"-\"`", "-"},
		{"`reset:\"index,merge=txt\"`", "error at merge=txt"},
		{"\"json:\\\"\\u00e4\\\" reset:\\\"index,merge=txt\\\"\"", "error at merge=txt"},
		{"\"reset:\\\"\\\\u0069ndex,\\\\u0069ndx,unique\\\"\"", "error at \\\\u0069ndx,"},
		{"`reset:\"index`", "error at reset:\"index`"},
		{"`json:\"x\", reset:\"index\"`", "error at , reset"},
		{"`json:x reset`", "error at json:x"},
		{"`json:x`", ""},
		{"`yaml:\"reset\"`", ""},
	} {
		literal := c.tag
		value, found, err := findTag(literal)
		var got []string
		if err == nil && found {
			opts, errs := parseOptions(value, fieldRules)
			for _, o := range opts.list {
				got = append(got, o.String())
			}
			if len(errs) > 0 {
				err = errs[0]
			}
		}
		if rest, isError := strings.CutPrefix(c.want, "error at "); isError {
			if err == nil || !strings.HasPrefix(literal[err.offset:], rest) {
				t.Errorf("%s: the error is %+v, want one at %s", literal, err, rest)
			}
		} else if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v, want %q", literal, got, err, c.want)
		}
	}
}

// FuzzTag: whatever stands where a tag belongs, nothing panics, what is read is
// what package reflect reads, and errors point into the tag.
func FuzzTag(f *testing.F) {
	for _, seed := range []string{
		`reset:"key"`, `json:"a" reset:"merge=txt,by=\"x\""`, `reset:"`, `reset:""`, `reset:key`, `x:"\q" reset:"a"`, "reset:\"\\u00e4,\xff=\"", `reset:"-,index"`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, tag string, raw bool) {
		literal := strconv.Quote(tag)
		if raw {
			if strings.ContainsAny(tag, "`\r") || !utf8.ValidString(tag) {
				t.Skip("not a raw string")
			}
			literal = "`" + tag + "`"
		}
		check := func(err *tagError) {
			if err != nil && (err.offset < 0 || err.offset > len(literal)) {
				t.Errorf("%s: the error %q is at %d", literal, err.msg, err.offset)
			}
		}
		value, found, err := findTag(literal)
		check(err)
		if err != nil {
			return
		}
		want, has := reflect.StructTag(tag).Lookup(tagKey)
		if found != has || value.s != want {
			t.Errorf("%s: %q, %v; reflect reads %q, %v", literal, value.s, found, want, has)
		}
		if !found {
			return
		}
		opts, errs := parseOptions(value, fieldRules)
		for _, err := range errs {
			check(err)
		}
		for _, o := range opts.list {
			check(&tagError{offset: o.at})
		}
	})
}
