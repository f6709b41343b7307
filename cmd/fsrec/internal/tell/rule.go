package tell

import (
	"fmt"
	"strings"

	"fsrec/replayer/diff"
)

// Rule is a rule of a catalogue, told in words.
type Rule struct {
	*diff.Rule
	Applies []string `json:"applies"` // to which recordings
	Pattern []string `json:"pattern"` // what is there where it explains a difference
	Where   []string `json:"where"`
	Text    string   `json:"text"` // as it is written
}

// NewRule tells a rule that stands in a text, which was parsed without an error.
func NewRule(r *diff.Rule, text string) *Rule {
	out := &Rule{Rule: r, Applies: []string{}, Pattern: []string{}, Where: []string{}}
	lines := strings.Split(text, "\n")
	end := r.Line
	for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "rule ") {
		end++
	}
	lines = lines[r.Line-1 : end]
	for len(lines) > 0 && (strings.TrimSpace(lines[len(lines)-1]) == "" || strings.HasPrefix(strings.TrimSpace(lines[len(lines)-1]), "#")) {
		lines = lines[:len(lines)-1]
	}
	out.Text = strings.Join(lines, "\n")
	w := ruleWords{names: [2]string{"one recording", "the other one"}}
	for _, line := range lines {
		key, value, ok := strings.Cut(line, ":")
		if !ok || line[0] == ' ' || line[0] == '\t' || line[0] == '#' {
			continue
		}
		w.field(out, strings.TrimSpace(key), strings.TrimSpace(value))
	}
	return out
}

// ruleWords words a rule line by line.
type ruleWords struct {
	names    [2]string // of the sides
	backends [2]string
}

func (w *ruleWords) field(out *Rule, key, value string) {
	switch key {
	case "reason", "source":
	case "a", "b":
		i := int(key[0] - 'a')
		out.Applies = append(out.Applies, w.names[i]+" was made "+w.conditions(i, value))
	case "where":
		for part := range strings.SplitSeq(value, ";") {
			out.Where = append(out.Where, w.relation(strings.TrimSpace(part)))
		}
	default:
		out.Pattern = append(out.Pattern, w.pattern(strings.Fields(key), strings.Fields(value)))
	}
}

// conditions words what a recording must be, and remembers by what it is told from the other.
func (w *ruleWords) conditions(side int, value string) string {
	var all []string
	for word := range strings.FieldsSeq(value) {
		i := strings.IndexAny(word, "=<>")
		key, rest := word[:i], word[i:]
		op := rest[:1]
		if len(rest) > 1 && rest[1] == '=' {
			op = rest[:2]
		}
		rest = rest[len(op):]
		if key == "backend" {
			w.backends[side] = rest
		}
		all = append(all, condition(key, op, rest))
	}
	if len(all) == 0 {
		return "in any way"
	}
	return strings.Join(all, ", ")
}

func condition(key, op, value string) string {
	yes := value == "yes"
	switch key {
	case "backend":
		return "with " + value
	case "platform":
		return "on " + value
	case "filesystem":
		return "on the file system " + value
	case "wine":
		return map[bool]string{true: "in Wine", false: "not in Wine"}[yes]
	case "recursive":
		return map[bool]string{true: "of whole trees", false: "of single directories"}[yes]
	case "kernel":
		return map[string]string{"=": "on kernel ", ">=": "on kernel ", ">": "on a kernel after ", "<": "on a kernel before ", "<=": "on kernel "}[op] + value +
			map[string]string{">=": " or later", "<=": " or earlier"}[op]
	}
	var words []string
	for name := range strings.SplitSeq(value, ",") {
		words = append(words, map[bool]string{true: "with ", false: "without "}[name[0] == '+']+name[1:])
	}
	return "with a filter " + strings.Join(words, " and ")
}

// side is what the side of a pattern is called.
func (w *ruleWords) side(letter string) string {
	i := int(letter[0] - 'a')
	if a, b := w.backends[0], w.backends[1]; a != b && w.backends[i] != "" {
		return "the recording with " + w.backends[i]
	}
	return w.names[i]
}

var ruleNeeds = map[string]string{
	"moved": "both have, in a different order: ", "repeated": "both have, a different number of times: ",
}

var rulePlaces = map[string]string{
	"then": "after that, ", "next": "right after that on its path, ", "before": "before that, ", "previous": "right before that on its path, ",
	"beside": "right before or after that on its path, ",
}

// pattern words the line of an event: of both its key and its value the fields.
func (w *ruleWords) pattern(key, value []string) string {
	place := ""
	if p, ok := rulePlaces[key[0]]; ok && len(key) > 1 {
		place, key = p, key[1:]
	}
	if key[0] == "no" {
		return "but not: " + place + w.pattern(key[1:], value)
	}
	need := ruleNeeds[key[0]]
	if len(key) > 1 {
		switch side := w.side(key[1]); key[0] {
		case "only":
			need = "only " + side + " has: "
		case "both":
			need = "both have: "
		default:
			need = side + " has: "
		}
	}
	return place + need + subjectWords(value)
}

var ruleKinds = map[string][2]string{"dir": {"the directory ", ""}, "file": {"the file ", ""}, "synthetic": {"", ", as a listing found it"}}

var ruleOften = map[string]string{"+": ", once or more", "*": ", any number of times", "?": ", perhaps"}

var ruleEvents = map[string]string{
	"CREATE": "is created", "DELETE": "is deleted", "MODIFY": "is written", "ATTRIB": "gets other attributes", "OPEN": "is opened",
	"ACCESS": "is read", "CLOSE_WRITE": "is closed after writing", "CLOSE_NOWRITE": "is closed after reading", "CLOSE": "is closed",
	"MOVED_FROM": "loses its name by a rename", "MOVED_TO": "gets its name by a rename", "DELETE_SELF": "is gone for good",
	"MOVE_SELF": "is itself renamed", "UNMOUNT": "is unmounted", "ANY": "has any event", "SAME": "has the same event", "EQUAL": "has the same event, of the same watch, with nothing between", "IGNORED": "is watched no longer",
}

func subjectWords(value []string) string {
	mask, rest := value[0], value[1:]
	subject, how := "", ""
	for len(rest) > 1 {
		words, ok := ruleKinds[rest[0]]
		if !ok {
			break
		}
		subject, how, rest = subject+words[0], how+words[1], rest[1:]
	}
	subject += rest[0]
	rest = rest[1:]
	text := ""
	if mask == "MOVE" {
		text = subject + " is renamed to " + rest[1]
		rest = rest[2:]
	} else {
		var verbs []string
		for name := range strings.SplitSeq(mask, "|") {
			verbs = append(verbs, ruleEvents[name])
		}
		text = subject + " " + strings.Join(verbs, " or ")
	}
	text += " (" + mask + ")" + how
	if len(rest) > 0 {
		text += ruleOften[rest[0]]
	}
	return text
}

// relations say what is between paths, and what is where it is not.
var relations = map[string][2]string{
	"in":        {"%s is a name in %s", "%s is no name in %s"},
	"below":     {"%s is somewhere in %s", "%s is not in %s"},
	"together":  {"%s and %s are in the same directory", "%s and %s are in different directories"},
	"apart":     {"%s and %s are in different directories", "%s and %s are in the same directory"},
	"respelled": {"%s and %s differ in the case of letters only", "%s and %s differ in more than the case of letters"},
	"short":     {"%s looks like a short name of %s", "%s does not look like a short name of %s"},
	"formerly":  {"%s is what %s was called before directories were renamed", "%s is not what %s was called before directories were renamed"},
	"watched":   {"%s itself is watched in %s", "%s itself is not watched in %s"},
	"adrift":    {"a watched directory above %s was lost by %s, since it was renamed to where nothing is watched", "no watched directory above %s was lost by %s"},
	"linked":    {"%s is a link: no file of that name was closed after writing in %s", "a file %s was closed after writing in %s"},
	"read":      {"%s was read in %s", "%s was not read in %s"},
	"paired":    {"for each time that %s was opened in %s one of the two tells that it was closed, and the other way round", "%s was not opened in %s as often as it was closed"},
	"overlap":   {"more than one watch is above %s in %s", "no two watches are above %s in %s"},
	"outcome":   {"in the end the two agree about %[1]s, of which %[2]s polled", "in the end the two do not agree about %[1]s, of which %[2]s polled"},
	"ended":     {"the watch of the root that %s is in had ended in %s, which polled", "the watch of the root that %s is in had not ended in %s, which polled"},
	"nowrites":  {"%s was not asked for IN_MODIFY", "%s was asked for IN_MODIFY"},
	"unnoticed": {"%[1]s was not told of but by %[2]s, which polled", "%[1]s was told of not only by %[2]s, which polled"},
	"later":     {"%s has it later", "%s does not have it later"},
	"root":      {"%s is the watched directory", "%s is not the watched directory"},
	"older":     {"%s has the older kernel", "%s does not have the older kernel"},
}

func (w *ruleWords) relation(text string) string {
	rest, not := strings.CutPrefix(text, "not ")
	name, args, _ := strings.Cut(strings.TrimSpace(rest), "(")
	layout, ok := relations[name]
	if !ok {
		return text
	}
	var words []any
	for arg := range strings.SplitSeq(strings.TrimSuffix(args, ")"), ",") {
		arg = strings.TrimSpace(arg)
		if arg == "a" || arg == "b" {
			arg = w.side(arg) // a path is a letter from c on
		}
		words = append(words, arg)
	}
	return fmt.Sprintf(layout[map[bool]int{false: 0, true: 1}[not]], words...)
}
