package term

import (
	"bytes"
	"testing"
)

func TestALineCannotDriveATerminal(t *testing.T) {
	for s, want := range map[string]string{
		"plain ä /x\\y": "plain ä /x\\y",
		"a\nb\x1b[31m":  `a\nb\x1b[31m`,
		"\xff\u202e":    `\xff\u202e`,
		"\ufffd":        "\ufffd",
	} {
		if got := Line(s); got != want {
			t.Errorf("Line(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestThereIsNoStatusLineWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	s := NewStatus(&out)
	s.Set("busy")
	s.Printf("done: %s", "a\rb")
	s.Clear()
	if s.On() || out.String() != "done: a\\rb\n" {
		t.Errorf("%q", out.String())
	}
}

func TestFitCutsByCharacters(t *testing.T) {
	if got := fit("äöüäöü", 4); got != "äöü…" {
		t.Error(got)
	}
	if got := fit("äöü", 3); got != "äöü" {
		t.Error(got)
	}
}
