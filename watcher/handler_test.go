package watcher

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// process gives the name of the function of p that a mask goes to. p has the functions that are named.
func process(t *testing.T, mask event.Mask, functions ...string) string {
	t.Helper()
	got := ""
	var p ProcessEvent
	v := reflect.ValueOf(&p).Elem()
	for _, f := range functions {
		v.FieldByName(f).Set(reflect.ValueOf(func(*Event) error { got += f; return nil }))
	}
	if stop, err := p.HandleEvent(&Event{Mask: mask}); stop || err != nil {
		t.Errorf("%s: %t, %v", mask, stop, err)
	}
	return got
}

// Own event, then family, then default.
func TestLookupOrder(t *testing.T) {
	for _, c := range []struct {
		mask   event.Mask
		own    string
		family string
	}{
		{event.IN_ACCESS, "IN_ACCESS", ""},
		{event.IN_MODIFY, "IN_MODIFY", ""},
		{event.IN_ATTRIB, "IN_ATTRIB", ""},
		{event.IN_CLOSE_WRITE, "IN_CLOSE_WRITE", "IN_CLOSE"},
		{event.IN_CLOSE_NOWRITE, "IN_CLOSE_NOWRITE", "IN_CLOSE"},
		{event.IN_OPEN, "IN_OPEN", ""},
		{event.IN_MOVED_FROM, "IN_MOVED_FROM", "IN_MOVED"},
		{event.IN_MOVED_TO, "IN_MOVED_TO", "IN_MOVED"},
		{event.IN_CREATE, "IN_CREATE", ""},
		{event.IN_DELETE, "IN_DELETE", ""},
		{event.IN_DELETE_SELF, "IN_DELETE_SELF", "IN_DELETE"},
		{event.IN_MOVE_SELF, "IN_MOVE_SELF", ""},
		{event.IN_UNMOUNT, "IN_UNMOUNT", ""},
		{event.IN_IGNORED, "IN_IGNORED", ""},
	} {
		for _, mask := range []event.Mask{c.mask, c.mask | event.IN_ISDIR} {
			families := []string{"IN_CLOSE", "IN_MOVED", "Default"}
			if c.own != "IN_DELETE" && c.family != "IN_DELETE" {
				families = append(families, "IN_DELETE")
			}
			if got := process(t, mask, append(families, c.own)...); got != c.own {
				t.Errorf("%s goes to %q before %s", mask, got, c.own)
			}
			if c.family != "" {
				if got := process(t, mask, c.family, "Default"); got != c.family {
					t.Errorf("%s goes to %q before %s", mask, got, c.family)
				}
			}
			if got := process(t, mask, "Default", "IN_Q_OVERFLOW"); got != "Default" {
				t.Errorf("%s goes to %q before Default", mask, got)
			}
			if got := process(t, mask, "IN_Q_OVERFLOW"); got != "" {
				t.Errorf("%s goes to %q", mask, got)
			}
		}
	}
	for _, mask := range []event.Mask{0, event.IN_OPEN | event.IN_CREATE, 0x10000, event.IN_CLOSE} {
		if got := process(t, mask, "IN_OPEN", "IN_CREATE", "IN_CLOSE", "Default"); got != "Default" {
			t.Errorf("%s goes to %q", mask, got)
		}
	}
}

// Without a function of its own an overflow is logged, and never goes to Default.
func TestOverflowNeverReachesDefault(t *testing.T) {
	var out bytes.Buffer
	p := &ProcessEvent{
		Default: func(*Event) error { return errors.New("reached default") },
		Log:     slog.New(slog.NewTextHandler(&out, nil)),
	}
	if stop, err := p.HandleEvent(&Event{WD: -1, Mask: event.IN_Q_OVERFLOW}); stop || err != nil {
		t.Errorf("%t, %v", stop, err)
	}
	if !strings.Contains(out.String(), "overflowed") {
		t.Errorf("logged %q", out.String())
	}
	if got := process(t, event.IN_Q_OVERFLOW, "IN_Q_OVERFLOW", "Default"); got != "IN_Q_OVERFLOW" {
		t.Errorf("goes to %q", got)
	}
}

func TestChaining(t *testing.T) {
	var order string
	link := func(name string, result error) *ProcessEvent {
		return &ProcessEvent{Default: func(*Event) error { order += name; return result }}
	}
	failure := errors.New("failure")
	behind := func(h Handler, p *ProcessEvent) *ProcessEvent { p.Before = h; return p }
	for _, c := range []struct {
		name  string
		h     Handler
		order string
		stop  bool
		err   error
	}{
		{"all go on", behind(behind(link("a", nil), link("b", nil)), link("c", nil)), "abc", false, nil},
		{"the first stops", behind(link("a", StopChain), link("b", nil)), "a", true, nil},
		{"the last stops", behind(link("a", nil), link("b", StopChain)), "ab", true, nil},
		{"the first fails", behind(link("a", failure), link("b", nil)), "a", false, failure},
		{"Chain goes on", Chain(link("a", nil), link("b", nil)), "ab", false, nil},
		{"Chain stops", Chain(link("a", nil), link("b", StopChain), link("c", nil)), "ab", true, nil},
		{"Chain fails", Chain(link("a", failure), link("b", nil)), "a", false, failure},
		{"the condition holds", Chain(ChainIfTrue(func(*Event) bool { return true }), link("a", nil)), "a", false, nil},
		{"the condition does not hold", Chain(ChainIfTrue(func(*Event) bool { return false }), link("a", nil)), "", true, nil},
		{"a function", Chain(HandlerFunc(func(*Event) error { order += "f"; return StopChain }), link("a", nil)), "f", true, nil},
	} {
		order = ""
		stop, err := c.h.HandleEvent(&Event{Mask: event.IN_OPEN})
		if order != c.order || stop != c.stop || err != c.err {
			t.Errorf("%s: order %q, stop %t, error %v", c.name, order, stop, err)
		}
	}
	got := &log{}
	_, _ = Chain(ChainIfTrue(func(*Event) bool { return false }), got).HandleEvent(&Event{WD: -1, Mask: event.IN_Q_OVERFLOW})
	equal(t, "an overflow passes every condition", got.lines(), []string{"IN_Q_OVERFLOW "})
}

// PrintAllEvents is what a Notifier without a handler does.
func TestPrintAllEvents(t *testing.T) {
	var out bytes.Buffer
	wm := NewWatchManager(newScript(records(t, tree+`event wd=1 mask=IN_CREATE name="a"`)), Adopt())
	if err := NewNotifier(wm, PrintAllEvents(&out)).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := "<Event dir=False mask=0x100 maskname=IN_CREATE name=a path=/t pathname=/t/a wd=1 >\n"; out.String() != want {
		t.Errorf("printed %q", out.String())
	}
	if p, ok := NewNotifier(wm, nil).Handler().(*ProcessEvent); !ok || p.Default == nil {
		t.Error("a Notifier without a handler does not print")
	}
}

func TestStats(t *testing.T) {
	s := NewStats()
	if s.String() != "" || s.Line() != "<Stats ElapsedTime=0sec >" {
		t.Errorf("before any event: %q, %q", s.String(), s.Line())
	}
	text := `
		watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
		@3725
		event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
		event wd=1 mask=IN_CREATE name="f"
		event wd=1 mask=IN_CREATE name="g"
		event wd=1 mask=IN_OPEN name="f"
		event wd=-1 mask=IN_Q_OVERFLOW`
	if err := NewNotifier(NewWatchManager(newScript(records(t, text)), Adopt()), s).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	// The layout is that of pyinotify's '%-26s%-46s%s' with a scale of 45.
	want := "IN_CREATE                 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 3\n" +
		"IN_ISDIR                  @@@@@@@@@@@@@@@                               1\n" +
		"IN_OPEN                   @@@@@@@@@@@@@@@                               1\n" +
		"IN_Q_OVERFLOW             @@@@@@@@@@@@@@@                               1"
	if s.String() != want {
		t.Errorf("chart\n%s\nwant\n%s", s, want)
	}
	if got, want := s.Line(), "<Stats ElapsedTime=1h2mn IN_CREATE=3 IN_ISDIR=1 IN_OPEN=1 IN_Q_OVERFLOW=1 >"; got != want {
		t.Errorf("line %s, want %s", got, want)
	}
	file := tempdir.New(t) + "/stats"
	if err := s.Dump(file); err != nil {
		t.Fatal(err)
	}
	if err := s.Dump(file); err == nil {
		t.Error("an existing file was overwritten")
	}
}

func TestExcludeFilters(t *testing.T) {
	for _, c := range []struct {
		patterns string
		paths    map[string]bool
	}{
		{"/etc/rc.*", map[string]bool{"/etc/rc.d": true, "/etc/rc": true, "/x/etc/rc": false, "/etc": false}},
		{"/etc/hostname", map[string]bool{"/etc/hostname": true, "/etc/hostname.d/x": true, "/etc/host": false}},
		{"# a comment\n\n  /a$  \n/b|/c", map[string]bool{"/a": true, "/ab": false, "/b": true, "/c/d": true, "/x/c": false, "# a comment": false, "": false}},
		{"", map[string]bool{"": false, "/a": false}},
	} {
		filter, err := ExcludeReader(strings.NewReader(c.patterns))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range c.paths {
			if filter(path) != want {
				t.Errorf("%q excludes %q: %t", c.patterns, path, !want)
			}
		}
	}
	filter, err := ExcludeRegexps("/etc/rc.*", "/etc/hostname")
	if err != nil || !filter("/etc/rc.d") || !filter("/etc/hostname") || filter("/etc/passwd") {
		t.Errorf("a list does not exclude what it should: %v", err)
	}
	for _, bad := range []string{"a(", "a)|(b", "(?<!x)y"} {
		var p *PatternError
		if _, err := ExcludeRegexps("ok", bad); !errors.As(err, &p) || p.Pattern != bad {
			t.Errorf("%q: error %v", bad, err)
		}
		if _, err := ExcludeReader(strings.NewReader("# x\n" + bad)); !errors.As(err, &p) || p.Line != 2 {
			t.Errorf("%q in a file: error %v", bad, err)
		}
	}
	if _, err := ExcludeFile(tempdir.New(t) + "/missing"); err == nil {
		t.Error("a missing file is no error")
	}
}
