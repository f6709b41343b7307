package live

import (
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// TestScopeTellsWhatLinuxWouldTell follows directories through changes. A change
// is its action's sign (see the comment of steps) before a name.
func TestScopeTellsWhatLinuxWouldTell(t *testing.T) {
	// + added, - removed, < renamed from, > renamed to, ! changes lost
	actions := map[byte]event.Action{
		'+': event.FILE_ACTION_ADDED, '-': event.FILE_ACTION_REMOVED,
		'<': event.FILE_ACTION_RENAMED_OLD_NAME, '>': event.FILE_ACTION_RENAMED_NEW_NAME,
	}
	const there = `a a\b a\b\c d`
	for _, c := range []struct {
		name               string
		recursive, autoAdd bool
		steps              string
		told, not          string
	}{
		{"recursive", true, false, "", `x a a\x A\X a\b\x a\b\c\x d\x`, `e\x a\e\x ab\x`},
		{"recursive, a new directory", true, false, `+e +a\e`, `e a\e`, `e\x a\e\x`},
		{"recursive, renamed", true, false, `<A >z`, `z\x z\b\c\x Z\B\x`, `a\x a\b\x`},
		{"recursive, renamed deep down", true, false, `<a\b >a\z`, `a\z\c\x`, `a\b\x`},
		{"recursive, case only", true, false, `-a <a >A`, `a\x A\b\x`, ``},
		{"recursive, removed and made again", true, false, `-a\b\c -a\b +a\b`, `a\b a\x`, `a\b\x a\b\c\x`},
		{"recursive, one takes the place of another", true, false, `-d <a >d`, `d\x d\b\x`, `a\x`},
		{"recursive, removed", true, false, `-a +f`, `a`, `a\x a\b\x`},
		{"recursive, half a rename lost", true, false, `<a ! >z`, `a\x`, `z\x`},
		{"auto_add", false, true, "", `x a d e e\x ab\x`, `a\x A\X a\b\x d\x`},
		{"auto_add, a new directory", false, true, `+e +e\f`, `e\x e\f\x`, `a\x`},
		{"auto_add, renamed", false, true, `<a >z`, `z\x z\b\x a\x`, `d\x`},
		{"auto_add, removed and made again", false, true, `-d +d`, `d\x`, `a\x`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScope(c.recursive, c.autoAdd)
			for dir := range strings.FieldsSeq(there) {
				s.meet(dir)
			}
			for step := range strings.FieldsSeq(c.steps) {
				if step == "!" {
					s.lost()
					continue
				}
				s.follow(&event.Record{Kind: event.KindChange, Mask: event.Mask(actions[step[0]]), Name: step[1:]})
			}
			for name := range strings.FieldsSeq(c.told) {
				if !s.has(name) {
					t.Errorf("%s is not told", name)
				}
			}
			for name := range strings.FieldsSeq(c.not) {
				if s.has(name) {
					t.Errorf("%s is told", name)
				}
			}
		})
	}
}

func TestWhatTheSystemCanDoNeedsNoScope(t *testing.T) {
	for _, both := range []bool{false, true} {
		s := newScope(both, both)
		s.meet("a")
		s.follow(&event.Record{Name: "a"})
		if s != nil || !s.has(`a\b\c`) || !s.holds("a") {
			t.Errorf("recursive and auto_add %v: %+v", both, s)
		}
	}
}
