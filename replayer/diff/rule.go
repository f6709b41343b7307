package diff

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"

	"fsrec/watcher/event"
)

// Catalogue is a list of rules, tried in order.
type Catalogue struct {
	Rules []*Rule
}

// Rule explains a kind of difference. See the package documentation for how one is written.
type Rule struct {
	ID     string `json:"id"`
	Reason string `json:"reason"` // in a sentence
	Source string `json:"source"`
	File   string `json:"file"` // where it is written
	Line   int    `json:"line"`
	Text   string `json:"text"` // as it is written

	sides [2]conditions
	lines []pattern
	where []predicate
	names []string // of the variables
}

//go:embed catalogue.txt
var catalogueText string

var builtIn = sync.OnceValue(func() *Catalogue {
	c, err := ParseRules("built-in catalogue", strings.NewReader(catalogueText))
	if err != nil {
		panic(err) // TestTheCatalogueParses
	}
	return c
})

// BuiltIn is the catalogue of fsrec.
func BuiltIn() *Catalogue { return builtIn() }

// CatalogueText is the built-in catalogue as it is written.
func CatalogueText() string { return catalogueText }

// With gives a catalogue with more rules, which are tried first.
func (c *Catalogue) With(more *Catalogue) *Catalogue {
	return &Catalogue{Rules: append(append([]*Rule(nil), more.Rules...), c.Rules...)}
}

// Without gives a catalogue without the rule of an id.
func (c *Catalogue) Without(id string) *Catalogue {
	out := &Catalogue{}
	for _, r := range c.Rules {
		if r.ID != id {
			out.Rules = append(out.Rules, r)
		}
	}
	return out
}

// Rule gives the rule of an id, or nil.
func (c *Catalogue) Rule(id string) *Rule {
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// need says what must be true of the event of a pattern.
type need uint8

const (
	needOnly  need = iota // it is on this side only
	needBoth              // both sides have it
	needHas               // this side has it, whatever the other one has
	needMoved             // both have it, at different places
	needTimes             // both have it, a different number of times
)

var needs = map[string]need{"only": needOnly, "both": needBoth, "has": needHas, "moved": needMoved, "repeated": needTimes}

// place is where the event of a line stands, seen from that of the line before.
type place uint8

const (
	anywhere place = iota
	then           // after it
	next           // after it, with no other event of its own path between
	before         // before it
	previous       // before it, with no other event of its own path between
	beside         // before or after it, with nothing between that both have
)

var places = map[string]place{"then": then, "next": next, "before": before, "previous": previous, "beside": beside}

// pattern is one line of a rule: an event.
type pattern struct {
	need      need
	none      bool // there is no such event
	side      int  // 0 is a
	mask      uint32
	same      bool // of the kind of the first event of the rule
	equal     bool // and told by the same watch, with nothing else on the path between
	move      bool // a joined one
	dir, file bool
	synthetic bool
	p, q      int  // variables of the path, and of where a move leads; -1 is none
	many      bool // one or more
	maybe     bool // none will do
	place     place
}

// predicate is a relation between paths, or sides.
type predicate struct {
	name string
	args []int
	not  bool
}

// paths are the arguments that are variables.
func (p *predicate) paths() []int { return p.args[:relations[p.name].paths] }

// RuleError says where a file of rules is wrong.
type RuleError struct {
	File string
	Line int
	Word string // the part that was not understood
	Msg  string
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("%s:%d: %q: %s", e.File, e.Line, e.Word, e.Msg)
}

// ParseRules reads a file of rules. The error is a *RuleError, or that of r.
func ParseRules(file string, r io.Reader) (*Catalogue, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return nil, err
	}
	p := ruleParser{file: file, ids: make(map[string]int)}
	if len(text) > maxRules {
		return nil, p.fail(file, "longer than 1 MiB")
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		p.line++
		if err := p.parseLine(line); err != nil {
			return nil, err
		}
	}
	return &Catalogue{Rules: p.rules}, p.finish()
}

const maxRules = 1 << 20

// ruleParser reads a file line by line.
type ruleParser struct {
	file  string
	line  int
	rules []*Rule
	rule  *Rule
	ids   map[string]int
	seen  map[string]bool
	text  *string // what a continuation line goes on with
}

func (p *ruleParser) fail(word, format string, args ...any) error {
	return &RuleError{File: p.file, Line: p.line, Word: word, Msg: fmt.Sprintf(format, args...)}
}

func (p *ruleParser) parseLine(line string) error {
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "":
		p.text = nil
		return nil
	case trimmed[0] == '#':
		return nil
	case line[0] == ' ' || line[0] == '\t':
		if p.text == nil {
			return p.fail(firstWord(trimmed), "an indented line goes on with a reason or a source, and none stands before")
		}
		*p.text += " " + trimmed
		p.rule.Text += line + "\n"
		return nil
	}
	p.text = nil
	if id, ok := strings.CutPrefix(trimmed, "rule "); ok {
		if err := p.begin(strings.TrimSpace(id)); err != nil {
			return err
		}
		p.rule.Text = trimmed + "\n"
		return nil
	}
	if p.rule == nil {
		return p.fail(firstWord(trimmed), `want "rule ID" first`)
	}
	p.rule.Text += line + "\n"
	key, value, ok := strings.Cut(trimmed, ":")
	if !ok {
		return p.fail(firstWord(trimmed), `want "rule ID" or "KEY: VALUE"`)
	}
	return p.field(strings.TrimSpace(key), strings.TrimSpace(value))
}

func firstWord(s string) string {
	if fields := strings.Fields(s); len(fields) > 0 {
		return fields[0]
	}
	return s
}

func (p *ruleParser) begin(id string) error {
	if err := p.finish(); err != nil {
		return err
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return p.fail(id, "the id of a rule is made of small letters, digits and -")
		}
	}
	if first, twice := p.ids[id]; twice || id == "" {
		return p.fail(id, "want an id that no other rule has (line %d)", first)
	}
	p.ids[id] = p.line
	p.rule = &Rule{ID: id, File: p.file, Line: p.line}
	p.seen = make(map[string]bool)
	p.rules = append(p.rules, p.rule)
	return nil
}

// finish checks that the current rule is whole.
func (p *ruleParser) finish() error {
	r := p.rule
	if r == nil {
		return nil
	}
	at := func(msg string) error { return &RuleError{File: p.file, Line: r.Line, Word: r.ID, Msg: msg} }
	switch {
	case len(r.lines) == 0:
		return at("the rule has no event")
	case r.lines[0].need == needBoth || r.lines[0].need == needHas || r.lines[0].none:
		return at("the first event of a rule must be one that differs: only, moved or repeated")
	case r.lines[0].maybe:
		return at("the first event of a rule cannot be optional")
	case r.Reason == "":
		return at("the rule has no reason")
	case r.Source == "":
		return at("the rule has no source")
	}
	return nil
}

func (p *ruleParser) field(key, value string) error {
	single := func(to *string) error {
		if p.seen[key] || value == "" {
			return p.fail(key, "want it once, with a value")
		}
		*to, p.seen[key], p.text = value, true, to
		return nil
	}
	switch key {
	case "reason":
		return single(&p.rule.Reason)
	case "source":
		return single(&p.rule.Source)
	case "a", "b":
		if p.seen[key] {
			return p.fail(key, "want it once")
		}
		p.seen[key] = true
		return p.conditions(&p.rule.sides[key[0]-'a'], value)
	case "where":
		return p.predicates(value)
	}
	return p.event(key, value)
}

// event reads "[then|next|before|previous|beside] [no] NEED SIDE: MASKS [dir|file|synthetic]... PATH [-> PATH] [+|*|?]".
func (p *ruleParser) event(key, value string) error {
	words := strings.Fields(key)
	if len(words) == 0 {
		return p.fail(value, "want a key before the colon")
	}
	e := pattern{p: -1, q: -1}
	if at, ok := places[words[0]]; ok && len(words) > 1 {
		e.place = at
		words = words[1:]
		if len(p.rule.lines) == 0 {
			return p.fail(key, "no event stands before")
		}
	}
	if words[0] == "no" && len(words) == 3 {
		e.none, words = true, words[1:]
	}
	need, ok := needs[words[0]]
	if !ok {
		return p.fail(words[0], "unknown field: want a, b, only, both, has, no, moved, repeated, where, reason or source")
	}
	e.need = need
	sided := need != needMoved && need != needTimes
	if sided != (len(words) == 2) || sided && words[1] != "a" && words[1] != "b" {
		if sided {
			return p.fail(key, `want "%[1]s a:" or "%[1]s b:"`, words[0])
		}
		return p.fail(key, `want "%s:"`, words[0])
	}
	if sided {
		e.side = int(words[1][0] - 'a')
	}
	return p.subject(e, strings.Fields(value))
}

func (p *ruleParser) subject(e pattern, words []string) error {
	if len(words) < 2 {
		return p.fail(strings.Join(words, " "), "want the name of an event and a path")
	}
	if err := p.mask(&e, words[0]); err != nil {
		return err
	}
	words = words[1:]
	for len(words) > 1 {
		switch words[0] {
		case "dir":
			e.dir = true
		case "file":
			e.file = true
		case "synthetic":
			e.synthetic = true
		default:
			goto path
		}
		words = words[1:]
	}
path:
	var err error
	if e.p, err = p.variable(words[0]); err != nil {
		return err
	}
	words = words[1:]
	if e.move {
		if len(words) < 2 || words[0] != "->" {
			return p.fail("MOVE", `want "MOVE p -> q"`)
		}
		if e.q, err = p.variable(words[1]); err != nil {
			return err
		}
		words = words[2:]
	}
	if len(words) > 0 {
		e.many, e.maybe = words[0] == "+" || words[0] == "*", words[0] == "*" || words[0] == "?"
		if len(words) > 1 || !e.many && !e.maybe {
			return p.fail(words[0], "want +, * or ? at the end")
		}
		if e.none {
			return p.fail(words[0], "no event comes once")
		}
	}
	p.rule.lines = append(p.rule.lines, e)
	return nil
}

func (p *ruleParser) mask(e *pattern, word string) error {
	switch word {
	case "ANY":
		e.mask = anyEvent
		return nil
	case "SAME", "EQUAL":
		if len(p.rule.lines) == 0 {
			return p.fail(word, "no event stands before")
		}
		e.mask, e.same, e.equal = anyEvent, true, word == "EQUAL"
		return nil
	case "MOVE":
		e.mask, e.move = uint32(event.IN_MOVED_FROM|event.IN_MOVED_TO), true
		return nil
	}
	for name := range strings.SplitSeq(word, "|") {
		m, err := event.ParseMask(name)
		if err != nil || m == 0 || uint32(m)&^anyEvent != 0 || name != strings.ToUpper(name) {
			return p.fail(name, "not the name of an event: want ANY, SAME, EQUAL, MOVE or names such as CREATE|DELETE")
		}
		e.mask |= uint32(m)
	}
	return nil
}

const anyEvent = uint32(event.IN_ALL_EVENTS | event.IN_UNMOUNT | event.IN_IGNORED)

// variable gives the number of a path that stands for itself in a rule.
func (p *ruleParser) variable(word string) (int, error) {
	for i, name := range p.rule.names {
		if name == word {
			return i, nil
		}
	}
	if len(word) != 1 || word[0] < 'c' || word[0] > 'z' || len(p.rule.names) == maxVariables {
		return 0, p.fail(word, "a path is a small letter from c on, at most %d in a rule", maxVariables)
	}
	p.rule.names = append(p.rule.names, word)
	return len(p.rule.names) - 1, nil
}

const maxVariables = 4
