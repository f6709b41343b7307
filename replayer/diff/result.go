package diff

import (
	"cmp"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"fsrec/watcher/event"
)

// Verdict is what is to be thought of a difference, or of a whole comparison.
type Verdict string

// The verdicts, the best first. That of a Result is the worst of its
// differences, where Unknown is better than Unexplained.
const (
	Same        Verdict = "same"
	Explained   Verdict = "explained"   // a rule says why
	Unknown     Verdict = "unknown"     // it can have fallen into a loss of the side that lacks it
	Unexplained Verdict = "unexplained" // nobody knows why
)

// Kind says how two recordings differ at a place.
type Kind string

// The kinds of difference.
const (
	Missing  Kind = "missing"  // only the left recording has the events
	Extra    Kind = "extra"    // only the right one has them
	Replaced Kind = "replaced" // the left one has some, the right one others in their place
	Moved    Kind = "moved"    // both have the event, but ordered differently against the others of Path
	Repeated Kind = "repeated" // both have the event, folded from a different number of equal ones
)

// Text is a byte string. In JSON it is a string, or {"b64": "..."} where it is not UTF-8.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(map[string][]byte{"b64": []byte(t)})
}

// Result is the outcome of a comparison. All of it can be written as JSON; Rows
// gives the events themselves side by side.
type Result struct {
	Verdict     Verdict      `json:"verdict"`
	Match       Match        `json:"match"`
	Left        SideInfo     `json:"left"`
	Right       SideInfo     `json:"right"`
	Counts      Counts       `json:"counts"`
	Rules       []RuleUse    `json:"rules"`       // the rules that explained something, in the order of the catalogue
	Differences []Difference `json:"differences"` // in the order of the left recording, as far as there is one
	c           *comparison
	groupOf     [2]byEvent // difference of an event
}

// SideInfo describes one recording and what became of its records.
type SideInfo struct {
	Name     string         `json:"name"`
	Platform event.Platform `json:"platform"`
	Backend  string         `json:"backend"`
	Kernel   string         `json:"kernel,omitempty"`
	Wine     string         `json:"wine,omitempty"`
	Filter   string         `json:"filter,omitempty"` // of Windows
	Roots    []Text         `json:"roots"`
	Records  int64          `json:"records"`
	// What became of the events that the records tell, those of Windows as they are translated:
	// Told is the sum of Overflows, Aside, Folded, Joined and Events, and Events is that of Counts.
	Told      int64   `json:"told"`
	Overflows int64   `json:"overflows"` // IN_Q_OVERFLOW, which is among Losses
	Aside     []Aside `json:"aside"`
	Folded    int64   `json:"folded"` // IN_MODIFY that became part of the one before
	Joined    int64   `json:"joined"` // renames whose two events became one move
	Events    int64   `json:"events"` // compared
	Counts    Counts  `json:"counts"`
	Losses    []Loss  `json:"losses"`
}

// Aside counts events that were left out, for one of the reasons of Asides.
type Aside struct {
	Step  Step       `json:"step"`
	Mask  event.Mask `json:"mask"`
	Count int64      `json:"count"`
}

// Loss is a window of a recording in which events are missing.
type Loss struct {
	Seq   uint64 `json:"seq"` // of the record that tells of it
	Since int64  `json:"since_ns"`
	Time  int64  `json:"time_ns"`
	Count int64  `json:"count"` // of the events, -1 where it is not known
	Cause string `json:"cause"`
	Path  Text   `json:"path,omitempty"` // only events at or below it; empty is all
}

// Counts are numbers of events by verdict: in a SideInfo those of that recording, in a Result those
// of both, where an event that both have counts once, and a Difference as often as the side that has more of it.
type Counts struct {
	Same        int64 `json:"same"`
	Explained   int64 `json:"explained"`
	Unknown     int64 `json:"unknown"`
	Unexplained int64 `json:"unexplained"`
}

// RuleUse says how many differences a rule explained.
type RuleUse struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
	Source string `json:"source"`
	Count  int    `json:"count"`
}

// Difference is a place where the recordings differ, and the events that belong to it.
type Difference struct {
	Verdict   Verdict `json:"verdict"`
	Kind      Kind    `json:"kind"`
	Path      Text    `json:"path"`           // of the first event, or the directory that Moved events are ordered against
	Rule      string  `json:"rule,omitempty"` // of an Explained one
	Reason    string  `json:"reason,omitempty"`
	Operation Text    `json:"operation,omitempty"` // during which it happened, where the recordings tell
	// Of an Unknown one: Loss.Seq of what the recording that lacks something can have lost it in.
	LeftLoss  uint64  `json:"left_loss,omitempty"`
	RightLoss uint64  `json:"right_loss,omitempty"`
	Left      []Event `json:"left"`
	Right     []Event `json:"right"`
}

// Event is an event as it was compared.
type Event struct {
	Seq       uint64     `json:"seq"`            // of its record, of a move the second one's
	From      uint64     `json:"from,omitempty"` // of a move: the first one's
	Time      int64      `json:"time_ns"`
	Mask      event.Mask `json:"mask"`           // of a move both halves
	Path      Text       `json:"path"`           // below the root, with slashes; "." is the root
	Root      int        `json:"root,omitempty"` // place in SideInfo.Roots
	Src       Text       `json:"src,omitempty"`  // of a move: where from
	Count     int        `json:"count"`          // of equal events that were folded
	Synthetic bool       `json:"synthetic,omitempty"`
	Inferred  bool       `json:"inferred,omitempty"`
}

func (c *Counts) add(v Verdict, n int64) {
	switch v {
	case Same:
		c.Same += n
	case Explained:
		c.Explained += n
	case Unknown:
		c.Unknown += n
	default:
		c.Unexplained += n
	}
}

// Failed tells whether the comparison counts as one with differences: something
// is unexplained, or with strict explained or unknown.
func (r *Result) Failed(strict bool) bool {
	return r.Verdict == Unexplained || strict && r.Verdict != Same
}

// teller makes Events. It keeps the path of each side that it made last: events of one path come in runs.
type teller struct {
	c     *comparison
	nodes [2]uint32
	paths [2]Text
}

func (t *teller) path(i int, id uint32) Text {
	if t.nodes[i] != id {
		t.nodes[i], t.paths[i] = id, Text(t.c.sides[i].path(id))
	}
	return t.paths[i]
}

// event makes an Event of an event of side i, of a move's half the whole move.
func (t *teller) event(i, index int) Event {
	s := t.c.sides[i]
	e := s.events.at(index)
	out := Event{Count: 1}
	if e.mask&bitJoined != 0 {
		if e.mask&uint32(event.IN_MOVED_FROM) != 0 {
			index = int(e.link)
			e = s.events.at(index)
		}
		from := s.events.at(int(e.link))
		out.Src, out.From = t.path(i, from.node), s.seq(int(e.link))
		out.Mask = event.IN_MOVED_FROM
	} else {
		out.Count += int(e.link)
	}
	out.Seq, out.Time, out.Path = s.seq(index), *s.times.at(index), t.path(i, e.node)
	out.Root = s.rootIndex(e.node)
	out.Mask |= event.Mask(e.mask & maskBits)
	out.Synthetic, out.Inferred = e.mask&bitSynthetic != 0, e.mask&bitInferred != 0
	return out
}

func (s *side) seq(index int) uint64 { return s.base + uint64(*s.seqs.at(index)) }

func (s *side) rootIndex(id uint32) int {
	if len(s.roots) < 2 {
		return 0
	}
	n, _ := slices.BinarySearchFunc(s.roots, s.names.rootOf(id), func(r root, id uint32) int { return cmp.Compare(r.node, id) })
	return n
}
