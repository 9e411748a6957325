package load

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// option is one option of a tag: name or name=value.
type option struct {
	name  string
	value string
	at    int // where it begins: an offset into the tag's literal
}

// String is the option as it was written.
func (o *option) String() string {
	if o.value == "" {
		return o.name
	}
	return o.name + "=" + o.value
}

// options are the options of one tag.
type options struct {
	list []option
	base token.Pos // of the tag's literal; not valid for a tag of another package
}

// get finds the option with the name, or gives nil.
func (o *options) get(name string) *option {
	if i := slices.IndexFunc(o.list, func(opt option) bool { return opt.name == name }); i >= 0 {
		return &o.list[i]
	}
	return nil
}

func (o *options) has(name string) bool { return o.get(name) != nil }

// values lists the values of an option that may be repeated.
func (o *options) values(name string) []string {
	var values []string
	for _, opt := range o.list {
		if opt.name == name {
			values = append(values, opt.value)
		}
	}
	return values
}

// pos is where the option stands in the source.
func (o *options) pos(opt *option) token.Pos { return o.base + token.Pos(opt.at) }

// rule describes an option of the language.
type rule struct {
	name   string
	value  func(option string, v text) *tagError // checks the value; nil: the option takes none
	repeat bool
}

// The options that fields, and the blank field that speaks for the model, can
// have.
var (
	fieldRules = []rule{
		{name: "key"},
		{name: "merge", value: checkMerge},
		{name: "by", value: checkIdentifier},
		{name: "ref", value: checkRef},
		{name: "index"},
		{name: "unique"},
		{name: "name", value: checkName},
		{name: "was", value: checkWas, repeat: true},
		{name: "convert", value: checkConvert},
		{name: "-"},
	}
	modelRules = []rule{
		{name: "track", value: checkTrack},
		{name: "name", value: checkName},
		{name: "was", value: checkWas, repeat: true},
	}
)

// parseOptions reads the value of a tag. Options that are wrong are left out of
// the result, so that nothing is complained of twice.
func parseOptions(value text, rules []rule) (options, []*tagError) {
	var opts options
	var errs []*tagError
	for _, part := range value.split(',') {
		if err := opts.add(part.trim(), rules); err != nil {
			errs = append(errs, err)
		}
	}
	if skip := opts.get("-"); skip != nil && len(opts.list) > 1 {
		errs = append(errs, &tagError{skip.at, `"-" says that the field is not stored, so it stands alone`})
	}
	return opts, errs
}

func (o *options) add(part text, rules []rule) *tagError {
	name, value, hasValue := part.cut('=')
	i := slices.IndexFunc(rules, func(r rule) bool { return r.name == name.s })
	switch {
	case part.s == "":
		return tagErrorf(part, "an option is empty%s", suggest("", names(rules)))
	case strings.Contains(part.s, ";"):
		return tagErrorf(part, "options are separated by commas; did you mean %q?", strings.ReplaceAll(part.s, ";", ","))
	case i < 0 && slices.Contains(names(rules), "merge") && slices.Contains(mergeRules, name.s):
		return tagErrorf(part, "%s is not an option; did you mean %q?", name.s, "merge="+part.s)
	case i < 0 && isRule(rules, strings.Replace(part.s, ":", "=", 1)):
		return tagErrorf(part, "%s is not an option; did you mean %q?", word(part.s), strings.Replace(part.s, ":", "=", 1))
	case i < 0 && slices.Contains(names(modelRules), name.s):
		return tagErrorf(part, "%s is an option of the model; it belongs on a blank field: _ struct{} `reset:\"%s\"`", name.s, part.s)
	case i < 0 && slices.Contains(names(fieldRules), name.s):
		return tagErrorf(part, "%s is an option of a field, and the blank field speaks for the model%s", word(name.s), suggest("", names(rules)))
	case i < 0:
		return tagErrorf(part, "%s is not an option%s", word(name.s), suggest(name.s, names(rules)))
	}
	r := rules[i]
	switch {
	case r.value == nil && hasValue:
		return tagErrorf(part, "%s takes no value", r.name)
	case r.value != nil && value.s == "":
		return tagErrorf(part, "%s needs a value, as in %s=…", r.name, r.name)
	case !r.repeat && o.has(r.name):
		return tagErrorf(part, "%s is given twice", r.name)
	case slices.Contains(o.values(r.name), value.s) && hasValue:
		return tagErrorf(part, "%s is given twice", word(part.s))
	}
	if r.value != nil {
		if err := r.value(r.name, value); err != nil {
			err.offset = part.offset()
			return err
		}
	}
	o.list = append(o.list, option{name: name.s, value: value.s, at: part.offset()})
	return nil
}

// isRule tells whether s is name=value with the name of an option.
func isRule(rules []rule, s string) bool {
	name, _, found := strings.Cut(s, "=")
	return found && slices.Contains(names(rules), name)
}

func names(rules []rule) []string {
	list := make([]string, len(rules))
	for i, r := range rules {
		list[i] = r.name
	}
	return list
}

// word is s as it stands where that can be read, and quoted otherwise.
func word(s string) string {
	if strings.Trim(s, "-_.:=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && s != "" {
		return s
	}
	return fmt.Sprintf("%q", s)
}

const funcPrefix = "func:"

// mergeRules are the spellings of the rules, in the order of the documentation.
var mergeRules = func() []string {
	var list []string
	for r := model.Local; r < model.Func; r++ {
		list = append(list, r.String())
	}
	return append(list, funcPrefix+"Name")
}()

// parseRule reads the value of merge.
func parseRule(s string) (r model.Rule, function string, ok bool) {
	if function, ok := strings.CutPrefix(s, funcPrefix); ok {
		return model.Func, function, token.IsIdentifier(function)
	}
	i := slices.Index(mergeRules, s)
	return model.Rule(i), "", i >= 0
}

func checkMerge(option string, v text) *tagError {
	if _, _, ok := parseRule(v.s); ok {
		return nil
	}
	if function, ok := strings.CutPrefix(v.s, funcPrefix); ok {
		return tagErrorf(v, "%s=%s: %q is not the name of a function", option, word(v.s), function)
	}
	return tagErrorf(v, "%s=%s is not a merge rule%s", option, word(v.s), suggest(v.s, mergeRules))
}

// parseConvert reads the value of convert.
func parseConvert(s string) (function string, ok bool) {
	function, ok = strings.CutPrefix(s, funcPrefix)
	return function, ok && token.IsIdentifier(function)
}

func checkConvert(option string, v text) *tagError {
	switch function, ok := parseConvert(v.s); {
	case ok:
		return nil
	case function != v.s:
		return tagErrorf(v, "%s=%s: %q is not the name of a function", option, word(v.s), function)
	case token.IsIdentifier(v.s):
		return tagErrorf(v, "%s=%s does not say that it is a function; did you mean %q?", option, word(v.s), funcPrefix+v.s)
	}
	return tagErrorf(v, "%s=%s does not name a function (allowed: %sName)", option, word(v.s), funcPrefix)
}

func checkTrack(option string, v text) *tagError {
	if _, err := model.ParseTrack(v.s); err == nil {
		return nil
	}
	allowed := []string{model.TrackField.String(), model.TrackObject.String(), model.TrackJournal.String()}
	return tagErrorf(v, "%s=%s is not a tracking mode%s", option, word(v.s), suggest(v.s, allowed))
}

func checkIdentifier(option string, v text) *tagError {
	if token.IsIdentifier(v.s) {
		return nil
	}
	return tagErrorf(v, "%s=%s: %q is not the name of a field", option, word(v.s), v.s)
}

func checkRef(option string, v text) *tagError {
	if token.IsIdentifier(v.s) {
		return nil
	}
	return tagErrorf(v, "%s=%s: %q is neither a model of this package nor a stored name", option, word(v.s), v.s)
}

var (
	storedName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	storedPath = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$`)
)

// unfit says why a model or a field cannot be stored under the name, or gives "".
func unfit(name string) string {
	switch {
	case !storedPath.MatchString(name):
		return namesAre
	case strings.HasPrefix(strings.ToLower(name), "sqlite_"):
		return "SQLite keeps names that begin with sqlite_ to itself"
	}
	return ""
}

const namesAre = "stored names are letters, digits and _, and begin with a letter"

func checkName(option string, v text) *tagError {
	if storedName.MatchString(v.s) {
		return nil
	}
	return tagErrorf(v, "%s=%s: %s", option, word(v.s), namesAre)
}

// checkWas allows dots: a field may once have been part of a nested struct.
func checkWas(option string, v text) *tagError {
	if storedPath.MatchString(v.s) {
		return nil
	}
	return tagErrorf(v, "%s=%s: %s", option, word(v.s), namesAre)
}
