package diff

import (
	"fmt"
	"slices"
	"strings"
)

// Match says how much order two recordings must have in common.
type Match string

// The ways to match.
const (
	// Partial: events of the same path in the same order, a rename in order on both of its
	// paths, and whatever happens in a directory between the same events of the directory. Unrelated
	// paths may interleave in any way.
	Partial Match = "partial"
	// Exact: all events in one order.
	Exact Match = "exact"
	// Set: the same events the same number of times, in any order.
	Set Match = "set"
	// Subset: every event of the left recording is in the right one, in order on
	// each path. What the right one has besides is set aside.
	Subset Match = "subset"
)

// Matches lists the ways to match, the default first.
func Matches() []Match { return []Match{Partial, Exact, Set, Subset} }

// ParseMatch reads the name of a way to match.
func ParseMatch(s string) (Match, error) {
	names := make([]string, 0, 4)
	for _, m := range Matches() {
		if string(m) == s {
			return m, nil
		}
		names = append(names, string(m))
	}
	return "", fmt.Errorf("unknown way to match %q; valid are %s", s, strings.Join(names, ", "))
}

// Step is a step of making two recordings comparable.
type Step string

// The steps: see Steps for what each does.
const (
	StepRoots       Step = "roots"
	StepCase        Step = "case"
	StepFold        Step = "fold"
	StepMoves       Step = "moves"
	StepRepeats     Step = "repeats"
	StepMasks       Step = "masks"
	StepSelf        Step = "self"
	StepBookkeeping Step = "bookkeeping"
	StepOwn         Step = "own"
	StepSynthetic   Step = "synthetic"
	StepUnseen      Step = "unseen"
	StepOperations  Step = "operations"
)

// StepInfo describes a step.
type StepInfo struct {
	Step    Step   `json:"step"`
	Default bool   `json:"default"` // whether it is done unless Options.Steps says otherwise
	Text    string `json:"text"`
}

var steps = []StepInfo{
	{StepRoots, true, "take paths relative to the recorded roots, which are paired by their last elements; without it only roots of the same path are paired"},
	{StepCase, true, "ignore the case of letters where both recordings do; where one of them does not, its rule is kept"},
	{StepFold, false, "ignore the case of letters in any case, by the rules of Windows"},
	{StepMoves, true, "join IN_MOVED_FROM and IN_MOVED_TO of one cookie into one move"},
	{StepRepeats, true, "fold IN_MODIFY of one watch that follow one another on a path into one, and compare their number by itself: the kernel merges those that nobody has read yet, so that another number is a difference, though one that a rule explains"},
	{StepMasks, true, "set aside the kinds of event that the other recording cannot hold: its backend has none like it, or its mask did not ask for them"},
	{StepSelf, true, "where only one recording has a watch for every directory, set aside what a directory's own watch tells of it"},
	{StepBookkeeping, true, "where the backends are different, set aside IN_IGNORED, the end of a watch"},
	{StepOwn, true, "set aside the events that the recorder caused"},
	{StepSynthetic, false, "set aside the events that were concluded from listing a new directory"},
	{StepUnseen, true, "where one recording has only a synthetic creation, since its watch came too late, set aside what the other one saw of the new object at once: all but creation, deletion and rename; what the watch of a new directory told a second time; and IN_OPEN, IN_ACCESS and IN_CLOSE_NOWRITE in a directory whose watch did not have them yet"},
	{StepOperations, true, "where both recordings tell the operations that caused the events (marks \"op: ...\"), align each operation by itself"},
}

// Steps lists the steps in the order of their description, with defaults.
func Steps() []StepInfo { return slices.Clone(steps) }

// Reasons to set an event aside that are no steps, since there is no choice.
const (
	AsideUnwatched Step = "unwatched"
	AsideSubset    Step = "subset"
)

// Asides lists why events are set aside: the steps, and what else there is.
func Asides() []StepInfo {
	return append(Steps(),
		StepInfo{AsideUnwatched, true, "what nobody can place is set aside: the recording does not tell which directory its watch was for, or its path is deeper than any can be"},
		StepInfo{AsideSubset, true, "by match subset, what only the right recording has is set aside"})
}

// Options say how to compare. The zero value is the default.
type Options struct {
	Match Match             // Partial where empty
	Steps map[Step]bool     // other than the default
	Rules *Catalogue        // that explain differences; nil is BuiltIn
	Roots map[string]string // pairs of roots: path in the left recording to path in the right
}

// config is Options, completed, and what follows from the two recordings.
type config struct {
	match Match
	on    map[Step]bool
	rules *Catalogue
	roots map[string]string
	tells [2]tells
	fold  bool // compare names without regard to case
	alike bool // both backends are the same
}

func (o Options) config() (*config, error) {
	c := &config{match: o.Match, on: make(map[Step]bool), rules: o.Rules, roots: o.Roots}
	if c.match == "" {
		c.match = Partial
	}
	if _, err := ParseMatch(string(c.match)); err != nil {
		return nil, err
	}
	for _, s := range steps {
		c.on[s.Step] = s.Default
	}
	for s, on := range o.Steps {
		if _, ok := c.on[s]; !ok {
			return nil, fmt.Errorf("unknown step %q; valid are %s", s, stepNames())
		}
		c.on[s] = on
	}
	if c.rules == nil {
		c.rules = BuiltIn()
	}
	return c, nil
}

func stepNames() string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = string(s.Step)
	}
	return strings.Join(names, ", ")
}
