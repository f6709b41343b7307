package format

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"fsrec/watcher"
	"fsrec/watcher/event"
)

var moved = &watcher.Event{
	WD: 3, Mask: event.IN_MOVED_TO | event.IN_ISDIR, Cookie: 254, Dir: true, Seq: 9, Time: 1500 * time.Millisecond,
	Path: "/d", Name: "n\x1b\"", Pathname: "/d/n\x1b\"", SrcPathname: "/d/\xffs",
}

func TestColoursAreAllThatColoursAdd(t *testing.T) {
	for _, ev := range []*watcher.Event{
		moved,
		{WD: 1, Mask: event.IN_ATTRIB, Path: "/f", Pathname: "/f"},
		{WD: 1, Mask: event.IN_MOVED_FROM, Cookie: 1, Path: "/d", Name: "x", Pathname: "/d/x"},
	} {
		o := Options{Platform: event.Linux, Terminal: true}
		plain := string(o.appendShown(ev, nil))
		o.Colour = true
		bare := regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(string(o.appendShown(ev, nil)), "")
		if bare != plain || plain != ev.Escaped() {
			t.Errorf("without its colours it is %s\nwant %s", bare, ev.Escaped())
		}
	}
}

func TestWhatInotifywaitDoesNotPrintIsNotPrinted(t *testing.T) {
	for _, name := range Names() {
		p, err := New(name, Options{Platform: event.Linux})
		if name == Text {
			if p != nil || err != nil {
				t.Errorf("text prints records, not events: %v", err)
			}
			continue
		}
		overflow := p(nil, &watcher.Event{WD: -1, Mask: event.IN_Q_OVERFLOW})
		if (len(overflow) > 0) != (name == "json") {
			t.Errorf("%s prints an overflow as %q", name, overflow)
		}
	}
	inotifywait, err := New("inotifywait", Options{Platform: event.Linux})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []event.Mask{event.IN_IGNORED, event.IN_UNMOUNT} {
		if line := inotifywait(nil, &watcher.Event{WD: 1, Mask: m, Path: "/d"}); len(line) > 0 {
			t.Errorf("%v is printed as %q", m, line)
		}
	}
}

func TestAWatchedDirectoryEndsWithASeparatorOnce(t *testing.T) {
	for _, c := range []struct {
		platform         event.Platform
		path, name, want string
		dir              bool
	}{
		{event.Linux, "/d", "f", "/d/ MODIFY f\n", false},
		{event.Linux, "/", "f", "/ MODIFY f\n", false},
		{event.Linux, "/file", "", "/file MODIFY \n", false},
		{event.Linux, "/d", "", "/d/ MODIFY \n", true},
		{event.Windows, `C:\d`, "f", "C:\\d\\ MODIFY f\n", false},
	} {
		p := newInotifywait(Options{Platform: c.platform, IsDir: func(int32) bool { return c.dir }})
		if got := string(p(nil, &watcher.Event{WD: 1, Mask: event.IN_MODIFY, Path: c.path, Name: c.name})); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestABackslashOfWindowsIsDoubledOnlyWhereSomethingIsEscaped(t *testing.T) {
	for _, c := range []struct {
		platform    event.Platform
		path, shown string
	}{
		{event.Windows, `C:\new\ä`, `C:\new\ä`},
		{event.Windows, "C:\\a\u202eb", `C:\\a\u202eb`},
		{event.Windows, "C:\\lone\xed\xa0\x80", `C:\\lone\xed\xa0\x80`},
		{event.Linux, `/back\slash`, `/back\\slash`},
	} {
		if got := string(AppendShown(nil, c.platform, c.path)); got != c.shown {
			t.Errorf("%q of %s is shown as %s, want %s", c.path, c.platform, got, c.shown)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("plain")
	f.Add("n\n\x1b\xff\u202e\U000e0001\"\\<\u2028")
	f.Fuzz(func(t *testing.T, name string) {
		line := string(appendJSON(nil, &watcher.Event{Name: name, Path: name, Pathname: name, Mask: event.IN_CREATE}))
		var got struct {
			Name    string `json:"name"`
			NameB64 []byte `json:"name_b64"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got.NameB64 != nil {
			got.Name = string(got.NameB64)
		}
		if got.Name != name {
			t.Errorf("%q comes back as %q", name, got.Name)
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Errorf("a control character in %q", line)
		}
	})
}

func TestEveryConversionOfATimeIsThatOfStrftime(t *testing.T) {
	when := time.Date(2026, 2, 3, 14, 5, 6, 7, time.FixedZone("X", 3600))
	for timefmt, want := range map[string]string{
		"%F %T": "2026-02-03 14:05:06", "%a %A %b %B %h": "Tue Tuesday Feb February Feb", "%d|%e|%j": "03| 3|034",
		"%I %p %y": "02 PM 26", "%s %N": "1770123906 000000007", "%u %w": "2 2", "%z %:z": "+0100 +01:00",
		"100%%%n%t": "100%\n\t", "plain": "plain", "%c": "Tue Feb  3 14:05:06 2026", "%D %R %r %x %X": "02/03/26 14:05 02:05:06 PM 02/03/26 14:05:06",
	} {
		if err := checkTime(timefmt); err != nil {
			t.Errorf("%q: %v", timefmt, err)
		}
		if got := string(appendTime(nil, timefmt, when)); got != want {
			t.Errorf("%q gives %q, want %q", timefmt, got, want)
		}
	}
	for _, bad := range []string{"%", "%Q", "x%"} {
		if checkTime(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestATemplateTakesEveryDirective(t *testing.T) {
	var all strings.Builder
	for _, d := range directives {
		all.WriteString("%" + string(rune(d.letter)))
	}
	template, err := ParseTemplate(all.String()+"%+e", "%s", ".")
	if err != nil {
		t.Fatal(err)
	}
	got := string(template.Printer(Options{Platform: event.Linux, Start: time.Unix(10, 0)})(nil, moved))
	want := "/d/n\x1b\"MOVED_TO,ISDIR11fe\x00\n%/d/n\x1b\"/d/\xffs1.50000000093IN_MOVED_TO|IN_ISDIRMOVED_TO+ISDIR."
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	for _, bad := range []string{"%", "a%Z", "%é"} {
		if _, err := ParseTemplate(bad, "", ""); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
