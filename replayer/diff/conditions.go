package diff

import (
	"slices"
	"strconv"
	"strings"

	"fsrec/watcher/event"
)

// conditions say for which recordings a rule is.
type conditions struct {
	platform string
	backend  string
	fs       string
	wine     string // "yes" or "no"
	recurse  string // the same: whether the watches were asked for with their subtrees
	has, not event.Filter
	kernel   []bound
}

// bound is a bound of a kernel's release or of a build.
type bound struct {
	op      string // one of bounds
	version []int
}

var bounds = []string{"=", "<", "<=", ">", ">="}

// conditions reads "KEY=VALUE..."; "filter=+LAST_WRITE,-SIZE", "kernel>=6.8". Several bounds of a kernel are a range.
func (p *ruleParser) conditions(c *conditions, value string) error {
	given := make(map[string]bool)
	for word := range strings.FieldsSeq(value) {
		key := word[:max(strings.IndexAny(word, "=<>"), 0)]
		op := word[len(key):]
		op = op[:len(op)-len(strings.TrimLeft(op, "=<>"))]
		rest := word[len(key)+len(op):]
		switch {
		case key == "" || rest == "" || key == "kernel" && !slices.Contains(bounds, op):
			return p.fail(word, "want KEY=VALUE, or of a kernel one of %s", strings.Join(bounds, " "))
		case given[key] && key != "kernel":
			return p.fail(word, "want %s once", key)
		}
		given[key] = true
		if err := p.condition(c, word, key, op, rest); err != nil {
			return err
		}
		if op != "=" && key != "kernel" {
			return p.fail(word, "want %s=VALUE: only a kernel has bounds", key)
		}
	}
	return nil
}

func (p *ruleParser) condition(c *conditions, word, key, op, value string) error {
	switch key {
	case "platform":
		c.platform = value
	case "backend":
		c.backend = value
	case "filesystem":
		c.fs = value
	case "wine", "recursive":
		if value != "yes" && value != "no" {
			return p.fail(word, "want yes or no")
		}
		if key == "wine" {
			c.wine = value
		} else {
			c.recurse = value
		}
	case "kernel":
		v := version(value)
		if v == nil {
			return p.fail(word, "want a release such as 6.8 or a build such as 10.0.19045")
		}
		c.kernel = append(c.kernel, bound{op, v})
	case "filter":
		for name := range strings.SplitSeq(value, ",") {
			f, err := event.ParseFilter(strings.TrimLeft(name, "+-"))
			if err != nil || name == "" || name[0] != '+' && name[0] != '-' {
				return p.fail(name, "want + or - and the name of a change, such as +LAST_WRITE")
			}
			if name[0] == '+' {
				c.has |= f
			} else {
				c.not |= f
			}
		}
	default:
		return p.fail(key, "unknown condition: want platform, backend, kernel, filter, filesystem, recursive or wine")
	}
	return nil
}

// version is the leading numbers of a release: 6.8.0-31-generic is 6, 8, 0.
func version(s string) []int {
	var v []int
	for part := range strings.SplitSeq(s, ".") {
		end := 0
		for end < len(part) && part[end] >= '0' && part[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(part[:end])
		if err != nil {
			break
		}
		v = append(v, n)
		if end < len(part) {
			break
		}
	}
	return v
}

// older reports whether a release is before another, as far as both are known.
func older(a, b []int) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func (b bound) holds(kernel []int) bool {
	if kernel == nil {
		return false
	}
	switch b.op {
	case "<":
		return older(kernel, b.version)
	case ">":
		return older(b.version, kernel)
	case "<=":
		return !older(b.version, kernel)
	case ">=":
		return !older(kernel, b.version)
	}
	return !older(kernel, b.version) && !older(b.version, kernel)
}

// holds reports whether the recording of s is one that c is about. Filters are
// those of Windows: a recording without one meets no condition about it.
func (c *conditions) holds(s *side) bool {
	h := s.input.Header
	switch {
	case c.platform != "" && c.platform != string(h.Platform),
		c.backend != "" && c.backend != h.Backend,
		c.fs != "" && c.fs != h.FileSystem,
		c.wine != "" && (c.wine == "yes") != (h.Wine != ""),
		c.recurse != "" && (c.recurse == "yes") != h.Recursive,
		s.filter&c.has != c.has,
		c.not != 0 && (s.filter == 0 || s.filter&c.not != 0):
		return false
	}
	for _, b := range c.kernel {
		if !b.holds(version(h.Kernel)) {
			return false
		}
	}
	return true
}

// relation says how many arguments a predicate takes: first paths, then sides.
type relation struct{ paths, sides int }

// relations are the predicates by name.
var relations = map[string]relation{
	"in":        {2, 0}, // the first is a name in the directory that is the second
	"below":     {2, 0}, // the first is somewhere inside the second
	"together":  {2, 0}, // both are in the same directory
	"apart":     {2, 0}, // they are in different directories
	"respelled": {2, 0}, // they differ in the case of letters only
	"short":     {2, 0}, // the name of the first can be the short one that Windows makes of the second: SOMETH~1.TXT
	"root":      {1, 0}, // it is the root
	"formerly":  {2, 0}, // what has the path of the second event had the first one before directories were renamed
	"adrift":    {1, 1}, // that side watched a directory above it, and lost it since it was renamed to where nothing is watched
	"unseen":    {1, 1}, // what the first event tells that side could not see, as its watch of a new directory was placed later; or it listed what is left of that
	"reused":    {1, 0}, // the path was that of several directories in turn, and a recorder that listed one of them caused events like the first one
	"watched":   {1, 1}, // the recording of that side had a watch on the object itself
	"linked":    {1, 1}, // that side, which tells of files that are closed after writing, tells it of none of this path: a link, not a file that a program made
	"outcome":   {1, 1}, // of what the first event is about, that side, which polled, tells the end that it comes to on the other one
	"ended":     {1, 1}, // that side, which polled, had ended the watch of the root that it is in, or ended it in the same time
	"nowrites":  {0, 1}, // that side was not asked for IN_MODIFY
	"unnoticed": {1, 1}, // the other side than that one, which polled, tells nothing of the object of the first event
	"later":     {0, 1}, // that side has the first event, a moved one, later on its path than the other one, but in the life of the same object
	"older":     {0, 1}, // the kernel of that side is older than that of the other one
	"paired":    {1, 1}, // that side tells of it no more openings than either tells closings; where the first event is a closing, no more of them than openings
	"read":      {1, 1}, // that side tells that it was read
	"overlap":   {1, 1}, // that side, which has the first event, hears of it by several handles, and tells it in a row no more often than they can
}

// predicates reads "[not] NAME(ARG[, ARG])", separated by ";".
func (p *ruleParser) predicates(value string) error {
	for part := range strings.SplitSeq(value, ";") {
		word := strings.TrimSpace(part)
		rest, not := strings.CutPrefix(word, "not ")
		name, args, ok := strings.Cut(strings.TrimSpace(rest), "(")
		args, closed := strings.CutSuffix(args, ")")
		takes, known := relations[name]
		if !ok || !closed || !known {
			return p.fail(word, "want NAME(PATH) or NAME(PATH, PATH) with in, below, together, apart, respelled, short, root or reused, formerly(PATH, PATH), adrift(PATH, SIDE), linked(PATH, SIDE), overlap(PATH, SIDE), paired(PATH, SIDE), read(PATH, SIDE), unseen(PATH, SIDE), watched(PATH, SIDE), outcome(PATH, SIDE), ended(PATH, SIDE), unnoticed(PATH, SIDE), later(SIDE), nowrites(SIDE) or older(SIDE)")
		}
		one := predicate{name: name, not: not}
		for arg := range strings.SplitSeq(args, ",") {
			id, err := p.argument(len(one.args) >= takes.paths, strings.TrimSpace(arg))
			if err != nil {
				return err
			}
			one.args = append(one.args, id)
		}
		if n := takes.paths + takes.sides; len(one.args) != n {
			return p.fail(word, "%s takes %d", name, n)
		}
		p.rule.where = append(p.rule.where, one)
	}
	return nil
}

// argument reads a side or a path.
func (p *ruleParser) argument(side bool, arg string) (int, error) {
	if side {
		if arg != "a" && arg != "b" {
			return 0, p.fail(arg, "want a or b")
		}
		return int(arg[0] - 'a'), nil
	}
	for i, name := range p.rule.names {
		if name == arg {
			return i, nil
		}
	}
	return 0, p.fail(arg, "no event before has this path")
}
