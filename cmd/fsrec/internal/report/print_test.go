package report

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"fsrec/watcher/event"
)

// A log is untrusted: no string in it can drive the terminal.
func TestNoFieldOfALogReachesTheTerminal(t *testing.T) {
	const evil = "a\x1b[2J\u009b2J\u202e\U000e0001\x7fz"
	h := event.Header{
		Platform: evil, Backend: evil, Kernel: evil, FileSystem: evil, Tool: evil, Wine: evil, Comment: evil, Host: evil,
		Roots: event.Strings{evil}, Exclude: event.Strings{evil}, Command: event.Strings{evil}, Invocation: event.Strings{evil},
		Citation: &event.Citation{Source: evil, Grade: evil, Filter: evil, Conditions: evil, Order: evil},
	}
	log := event.NewMemoryLog(h, []event.Record{
		{Seq: 1, Kind: event.KindFail, Name: evil, Path: evil, N: 13},
		{Seq: 2, Kind: event.KindLoss, Name: evil, N: -1},
		{Seq: 3, Kind: event.KindMark, Name: evil},
		{Seq: 4, Kind: event.KindEnd, Name: evil},
	})
	r, err := New(context.Background(), Source{Name: evil, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	var people, machines, text bytes.Buffer
	if err := r.Print(&people, false); err != nil {
		t.Fatal(err)
	}
	if err := r.JSON(&machines); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(machines.Bytes(), &back); err != nil || back.Header.Comment != evil || back.Marks[0].Text != evil {
		t.Errorf("%q, %v", back.Header.Comment, err)
	}
	if _, err := event.NewTextWriter(&text, &h); err != nil {
		t.Fatal(err)
	}
	again, err := event.NewTextReader(&text)
	if err != nil || again.Header().Comment != evil || again.Header().Roots[0] != evil {
		t.Errorf("%q, %v", again.Header().Comment, err)
	}
	_, _ = event.NewTextWriter(&text, &h)
	for form, s := range map[string]string{"print": people.String(), "json": machines.String(), "text": text.String()} {
		for _, line := range strings.Split(s, "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: %q", form, line)
			}
		}
	}
}

func TestAnErrorHasTheNameThatItsOwnPlatformGivesIt(t *testing.T) {
	for _, c := range []struct {
		platform event.Platform
		errno    int64
		want     string
	}{
		{event.Windows, 5, "error 5, ERROR_ACCESS_DENIED"},
		{event.Linux, 28, "errno 28, ENOSPC"},
		{event.Windows, 99999, "error 99999 of windows"},
		{"plan9", 5, "errno 5 of plan9"},
	} {
		if string(c.platform) == runtime.GOOS {
			continue // the system has its own words
		}
		r := &Report{Header: event.Header{Platform: c.platform}}
		if got := r.reason(c.errno); got != c.want {
			t.Errorf("%d of %s is %q, want %q", c.errno, c.platform, got, c.want)
		}
	}
}
