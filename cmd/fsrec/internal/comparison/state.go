package comparison

import (
	"bufio"
	"fmt"
	"io"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/model"
	"fsrec/watcher/event"
)

// State is what comparing the trees gave that two recordings end in.
type State struct {
	Left    StateSide      `json:"left"`
	Right   StateSide      `json:"right"`
	Changes []model.Change `json:"changes"`
}

// StateSide describes one of the trees.
type StateSide struct {
	Name     string         `json:"name"`
	Platform event.Platform `json:"platform"`
	Backend  string         `json:"backend"`
	Snapshot bool           `json:"snapshot"` // all that was there at the start is known
	Roots    []model.Path   `json:"roots"`
	Entries  int            `json:"entries"` // names at the end
	Losses   int            `json:"losses"`
}

// NewStateSide describes the tree of a model.
func NewStateSide(name string, m *model.Model) StateSide {
	s := StateSide{Name: name, Platform: m.Header.Platform, Backend: m.Header.Backend, Snapshot: m.Header.Snapshot, Roots: []model.Path{}, Losses: m.Losses}
	for _, root := range m.Roots() {
		s.Roots = append(s.Roots, model.Path(root))
		s.Entries += m.Size(root)
	}
	return s
}

// Certain is the number of changes that are certain.
func Certain(changes []model.Change) int {
	n := 0
	for i := range changes {
		if !changes[i].Uncertain {
			n++
		}
	}
	return n
}

// Differ tells whether trees with these changes count as different.
func Differ(changes []model.Change, strict bool) bool {
	return Certain(changes) > 0 || strict && len(changes) > 0
}

// WriteState shows s in a format.
func WriteState(w io.Writer, format string, s *State, o Options) error {
	if format == "json" {
		text, err := encoded(s, "  ")
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	palette := term.Palette(o.Colour)
	sides := []StateSide{s.Left, s.Right}
	for i, mark := range []string{"---", "+++"} {
		text := fmt.Sprintf("%s %s: %s on %s, %s at the end", mark, shownHere(sides[i].Name), sides[i].Backend, sides[i].Platform, names(sides[i].Entries))
		if !sides[i].Snapshot {
			text += "; without a snapshot"
		}
		if sides[i].Losses > 0 {
			text += "; events were lost"
		}
		fmt.Fprintln(out, palette.Paint(term.Bold, term.Line(text)))
	}
	platform := event.Linux
	if s.Left.Platform == event.Windows && s.Right.Platform == event.Windows {
		platform = event.Windows
	}
	if format == "unified" {
		unifiedChanges(out, s.Changes, platform, palette)
	} else {
		PrintChanges(out, s.Changes, platform, palette)
	}
	fmt.Fprintln(out, stateOutcome(s.Changes, palette))
	return out.Flush()
}

func names(n int) string { return counted(n, "name") }

func stateOutcome(changes []model.Change, palette term.Palette) string {
	sure := Certain(changes)
	switch {
	case len(changes) == 0:
		return palette.Paint(term.Green, "same") + ": both recordings end in the same tree"
	case sure == 0:
		return palette.Paint(term.Yellow, "not certain") + ": " + counted(len(changes), "difference") + ", of which one of the recordings does not know enough"
	}
	text := palette.Paint(term.Red, "different") + ": " + counted(sure, "difference")
	if n := len(changes) - sure; n > 0 {
		text += fmt.Sprintf(", %d more not certain", n)
	}
	return text
}

// PrintChanges prints where two trees differ: < only the left one has it, > only the right
// one, | both, but not the same.
func PrintChanges(out *bufio.Writer, changes []model.Change, platform event.Platform, palette term.Palette) {
	for i := range changes {
		c := &changes[i]
		mark, what := "|", c.Left+" and "+c.Right
		switch {
		case c.Left == "":
			mark, what = ">", c.Right
		case c.Right == "":
			mark, what = "<", c.Left
		}
		line := fmt.Sprintf("%s %-5s %s", mark, what, changed(c, platform))
		fmt.Fprintln(out, palette.Paint(changeColour(c), line))
	}
}

func unifiedChanges(out *bufio.Writer, changes []model.Change, platform event.Platform, palette term.Palette) {
	for i := range changes {
		c := &changes[i]
		for _, side := range []struct{ mark, what string }{{"-", c.Left}, {"+", c.Right}} {
			if side.what != "" {
				fmt.Fprintln(out, palette.Paint(changeColour(c), side.mark+side.what+" "+changed(c, platform)))
			}
		}
	}
}

func changed(c *model.Change, platform event.Platform) string {
	s := string(format.AppendShown(nil, platform, string(c.Path)))
	if c.Root != "" {
		s += " in " + string(format.AppendShown(nil, platform, string(c.Root)))
	}
	if c.Uncertain {
		s += " (not certain)"
	}
	return s
}

func changeColour(c *model.Change) term.Colour {
	if c.Uncertain {
		return term.Yellow
	}
	return term.Red
}
