package diff_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// pairOf reads a file of two recordings: what is common to say, "-- left --", "-- right --".
func pairOf(t testing.TB, file string) (left, right string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "-- left --\n")
	left, right, both := strings.Cut(rest, "-- right --\n")
	if !ok || !both {
		t.Fatalf("%s: want -- left -- and -- right --", file)
	}
	return left, right
}

// Every rule of the catalogue explains its pair of traces, whichever is left, and without
// the rule the difference is unexplained.
func TestEveryRuleIsNeeded(t *testing.T) {
	for _, rule := range diff.BuiltIn().Rules {
		t.Run(rule.ID, func(t *testing.T) {
			left, right := pairOf(t, filepath.Join("testdata", "rules", rule.ID+".txt"))
			for range 2 {
				r := compare(t, left, right, diff.Options{})
				used := slices.ContainsFunc(r.Rules, func(u diff.RuleUse) bool { return u.ID == rule.ID })
				if r.Verdict != diff.Explained || !used {
					t.Errorf("with the rule:\n%s", told(r))
				}
				without := compare(t, left, right, diff.Options{Rules: diff.BuiltIn().Without(rule.ID)})
				if without.Verdict != diff.Unexplained {
					t.Errorf("without the rule:\n%s", told(without))
				}
				left, right = right, left
			}
		})
	}
	if n := len(diff.BuiltIn().Rules); n < 25 {
		t.Errorf("%d rules", n)
	}
}

func TestRuleFilesAreRefusedStrictly(t *testing.T) {
	const rest = "reason: r\nsource: s\n"
	for _, tt := range []struct{ text, want string }{
		{"rule x\nonly a: CREATE p\n" + rest, ""},
		{"only a: CREATE p\n", `f:1: "only": want "rule ID" first`},
		{"rule X\n", `f:1: "X": the id of a rule is made of small letters, digits and -`},
		{"rule x\nonly a: CREATE p\n" + rest + "rule x\n", `f:5: "x": want an id that no other rule has (line 1)`},
		{"rule x\nwhen: now\n", `f:2: "when": unknown field`},
		{"rule x\na: backend=inotify colour=red\n", `f:2: "colour": unknown condition`},
		{"rule x\na: backend=inotify kernal>5\n", `f:2: "kernal": unknown condition`},
		{"rule x\na: backend>inotify\n", `f:2: "backend>inotify": want backend=VALUE: only a kernel has bounds`},
		{"rule x\na: backend=inotify backend=rdcw\n", `f:2: "backend=rdcw": want backend once`},
		{"rule x\na: kernel=>6\n", `f:2: "kernel=>6": want KEY=VALUE, or of a kernel one of = < <= > >=`},
		{"rule x\na: kernel\n", `f:2: "kernel": want KEY=VALUE`},
		{"rule x\na: kernel>=new\n", `f:2: "kernel>=new": want a release`},
		{"rule x\na: filter=LAST_WRITE\n", `f:2: "LAST_WRITE": want + or -`},
		{"rule x\na: filter=+LATE\n", `f:2: "+LATE": want + or -`},
		{"rule x\nonly: CREATE p\n", `f:2: "only": want "only a:" or "only b:"`},
		{"rule x\nmoved a: CREATE p\n", `f:2: "moved a": want "moved:"`},
		{"rule x\nonly a: CRATE p\n", `f:2: "CRATE": not the name of an event`},
		{"rule x\nonly a: create p\n", `f:2: "create": not the name of an event`},
		{"rule x\nonly a: CREATE dir\n", `f:2: "dir": a path is a small letter`},
		{"rule x\nonly a: CREATE path\n", `f:2: "path": a path is a small letter`},
		{"rule x\nonly a: CREATE p -> q\n", `f:2: "->": want +, * or ? at the end`},
		{"rule x\nonly a: MOVE p\n", `f:2: "MOVE": want "MOVE p -> q"`},
		{"rule x\nonly a: CREATE p\nwhere: near(p)\n", `f:3: "near(p)": want NAME(PATH)`},
		{"rule x\nonly a: CREATE p\nwhere: in(p)\n", `f:3: "in(p)": in takes 2`},
		{"rule x\nonly a: CREATE p\nwhere: in(p, q)\n", `f:3: "q": no event before has this path`},
		{"rule x\nonly a: CREATE p\nreason: r\n", `f:1: "x": the rule has no source`},
		{"rule x\nonly a: CREATE p\nsource: r\n", `f:1: "x": the rule has no reason`},
		{"rule x\n" + rest, `f:1: "x": the rule has no event`},
		{"rule x\nboth a: CREATE p\n" + rest, `f:1: "x": the first event of a rule must be one that differs`},
		{"rule x\nthen only a: CREATE p\n", `f:2: "then only a": no event stands before`},
		{"rule x\nno only a: CREATE p\n" + rest, `f:1: "x": the first event of a rule must be one that differs`},
		{"rule x\nonly a: CREATE p\nthen no has b: CREATE p +\n", `f:3: "+": no event comes once`},
		{"rule x\nonly a: CREATE p\nno moved: CREATE p\n", `f:3: "no": unknown field`},
		{"rule x\nonly a: SAME p\n", `f:2: "SAME": no event stands before`},
		{"rule x\nonly a: CREATE p\nwhere: linked(p, p)\n", `f:3: "p": want a or b`},
		{"  more\n", `f:1: "more": an indented line goes on`},
		{"rule x\n: a\n", `f:2: "a": want a key`},
		{"rule x\nreason: r\nreason: r\n", `f:3: "reason": want it once`},
	} {
		_, err := diff.ParseRules("f", strings.NewReader(tt.text))
		if tt.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var bad *diff.RuleError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

// A user's rules are tried before those of the catalogue.
func TestRulesOfAUser(t *testing.T) {
	more, err := diff.ParseRules("mine", strings.NewReader("rule mine\nonly b: CREATE p\nreason: because.\nsource: me\n"))
	if err != nil {
		t.Fatal(err)
	}
	left := watched + "event wd=1 mask=IN_OPEN name=\"a\"\n"
	right := left + "event wd=1 mask=IN_CREATE name=\"b\"\n"
	r := compare(t, left, right, diff.Options{Rules: diff.BuiltIn().With(more)})
	if got := told(r); got != "explained(mine) extra b: | CREATE b\n" {
		t.Error(got)
	}
}

// The text of a rule makes the same rule.
func TestARuleKnowsItsText(t *testing.T) {
	for _, rule := range diff.BuiltIn().Rules {
		again, err := diff.ParseRules("again", strings.NewReader(rule.Text))
		if err != nil || len(again.Rules) != 1 || again.Rules[0].Reason != rule.Reason || again.Rules[0].Text != rule.Text {
			t.Errorf("%v\n%s", err, rule.Text)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add(diff.CatalogueText())
	f.Add("rule x\nonly a: CREATE p\nreason: r\nsource: s\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := diff.ParseRules("f", strings.NewReader(text))
		var bad *diff.RuleError
		if err != nil && !errors.As(err, &bad) {
			t.Error(err)
		}
		if err == nil {
			compare(t, "event wd=1 mask=IN_OPEN name=\"a\"\n"+watched, watched+"event wd=1 mask=IN_CREATE name=\"b\"\n", diff.Options{Rules: c})
		}
	})
}
