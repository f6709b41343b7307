package watcher

import (
	"testing"
	"time"

	"fsrec/watcher/event"
)

func TestEventPrintsAsPyinotify(t *testing.T) {
	for _, c := range []struct {
		ev   Event
		want string
	}{
		{
			Event{WD: 1, Mask: event.IN_CREATE, Name: "x", Path: "/p", Pathname: "/p/x", Seq: 9, Time: time.Second},
			"<Event dir=False mask=0x100 maskname=IN_CREATE name=x path=/p pathname=/p/x wd=1 >",
		},
		{
			Event{WD: 2, Mask: event.IN_DELETE_SELF, Path: "/p", Pathname: "/p", Dir: true},
			"<Event dir=True mask=0x400 maskname=IN_DELETE_SELF name='' path=/p pathname=/p wd=2 >",
		},
		{
			Event{WD: 1, Mask: event.IN_MOVED_TO | event.IN_ISDIR, Cookie: 77, Dir: true, Name: "b", Path: "/p", Pathname: "/p/b", SrcPathname: "/p/a"},
			"<Event cookie=77 dir=True mask=0x40000080 maskname=IN_MOVED_TO|IN_ISDIR name=b path=/p pathname=/p/b src_pathname=/p/a wd=1 >",
		},
		{
			Event{WD: -1, Mask: event.IN_Q_OVERFLOW},
			"<Event mask=0x4000 maskname=IN_Q_OVERFLOW >",
		},
		{
			Event{WD: 1, Mask: event.IN_OPEN, Name: "\xff\n", Path: "/p", Pathname: "/p/\xff\n"},
			"<Event dir=False mask=0x20 maskname=IN_OPEN name=\xff\n path=/p pathname=/p/\xff\n wd=1 >",
		},
	} {
		if got := c.ev.String(); got != c.want {
			t.Errorf("\n got %q\nwant %q", got, c.want)
		}
	}
}

func TestEscapedFormCannotDriveATerminal(t *testing.T) {
	ev := Event{WD: 1, Mask: event.IN_OPEN, Name: "\x1b[2J\xff\u202eä\\", Path: "/p\a", Pathname: "/p\n"}
	want := `<Event dir=False mask=0x20 maskname=IN_OPEN name=\x1b[2J\xff\u202eä\\ path=/p\a pathname=/p\n wd=1 >`
	if got := ev.Escaped(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func FuzzEscapedIsPrintable(f *testing.F) {
	f.Add("a\x1b\xff\u2028\\")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range string(AppendEscaped(nil, s)) {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2028' {
				t.Errorf("%q becomes %q", s, AppendEscaped(nil, s))
			}
		}
	})
}

func TestTypeNamesAndCookie(t *testing.T) {
	ev := Event{Mask: event.IN_CREATE | event.IN_ISDIR}
	equal(t, "type names", ev.TypeNames(), []string{"IN_CREATE", "IN_ISDIR"})
	for mask, want := range map[event.Mask]bool{event.IN_MOVED_FROM: true, event.IN_MOVED_TO | event.IN_ISDIR: true, event.IN_MOVE_SELF: false} {
		ev := Event{Mask: mask}
		if ev.HasCookie() != want {
			t.Errorf("%s has a cookie: %t", mask, !want)
		}
	}
}
