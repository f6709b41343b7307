package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestPathsForSystemCalls(t *testing.T) {
	for _, c := range []struct{ given, kept, system string }{
		{`C:\a\b`, `C:\a\b`, `\\?\C:\a\b`},
		{`c:\`, `c:\`, `\\?\c:\`},
		{`C:/a/./b/../c`, `C:\a\c`, `\\?\C:\a\c`},
		{`C:\a\`, `C:\a`, `\\?\C:\a`},
		{`\\server\share`, `\\server\share`, `\\?\UNC\server\share`},
		{`\\server\share\a\`, `\\server\share\a`, `\\?\UNC\server\share\a`},
		{`//server/share/a`, `\\server\share\a`, `\\?\UNC\server\share\a`},
		{`\\?\C:\a`, `C:\a`, `\\?\C:\a`},
		{`\\?\C:\a\`, `C:\a`, `\\?\C:\a`},
		{`\\?\C:\`, `C:\`, `\\?\C:\`},
		{`\\?\C:\a.\b `, `C:\a.\b `, `\\?\C:\a.\b `},
		{`\\?\UNC\server\share\a`, `\\server\share\a`, `\\?\UNC\server\share\a`},
		{`\\?\unc\server\share`, `\\server\share`, `\\?\UNC\server\share`},
		{`\\?\Volume{0}\a`, `\\?\Volume{0}\a`, `\\?\Volume{0}\a`},
		{`\\.\pipe`, `\\.\pipe`, `\\.\pipe`},
	} {
		kept, err := absolute(c.given)
		if err != nil || kept != c.kept || systemPath(kept) != c.system {
			t.Errorf("%s is kept as %s and asked for as %s, want %s, %s (%v)", c.given, kept, systemPath(kept), c.kept, c.system, err)
		}
		if back := userPath(c.system); back != c.kept {
			t.Errorf("%s comes back as %s, want %s", c.system, back, c.kept)
		}
	}
	cwd, err := os.Getwd()
	ok(t, err)
	if got, err := absolute(`a\b`); err != nil || got != cwd+`\a\b` {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "a\x00b"} {
		if got, err := absolute(bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

func TestShortNamesAreKnown(t *testing.T) {
	for name, want := range map[string]bool{
		`PROGRA~1`: true, `a\LONGNA~2.TXT\b`: true, `~1`: true, `a~b`: false, `~`: false, `file.txt~`: false,
		`a backup~1 of something`: false, `a\b`: false, ``: false,
	} {
		if mayBeShort(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if got := lastElements(`\\?\C:\a\b\c`, 2); got != `b\c` {
		t.Error(got)
	}
}

func TestSentinelsAreKnown(t *testing.T) {
	for name, want := range map[string]bool{
		nextSentinel().name(): true, `a\b\.fsrec-barrier-1-2`: true, `.fsrec-barrier-1`: false, `.fsrec-barrier-1-2x`: false,
		`x.fsrec-barrier-1-2`: false, `.fsrec-barrier-1-2\f`: false, ``: false, `.fsrec-barrier--`: false,
	} {
		if isSentinel(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// longPath is a directory below dir whose path is longer than Windows' MAX_PATH.
func longPath(dir string) string {
	return filepath.Join(dir, strings.Repeat("a", 120), strings.Repeat("b", 120), strings.Repeat("c", 120))
}

// TestNamesRoundTrip finds each file again under the name that was told. Wine keeps names as
// UTF-8 and cannot make the one with half a surrogate pair.
func TestNamesRoundTrip(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	// The file system below Wine takes 255 bytes in a name where Windows takes 255 units.
	names := []string{"plain", "with blank", "umlaut-äöü", "日本語", "pair-\U0001f600", "lone-\xed\xa0\x80-high", "e\u0301", strings.Repeat("n", 255)}
	made := map[string]bool{}
	for _, name := range names {
		err := write(systemPath(dir + `\` + name))
		if err != nil && strings.Contains(name, "\xed") {
			t.Logf("%q cannot be made here: %v", name, err)
			continue
		}
		ok(t, err)
		made[name] = true
	}
	for _, r := range of(event.KindChange, s.sync()) {
		if r.Flags&event.FlagOwn != 0 || r.Action() != event.FILE_ACTION_ADDED {
			continue
		}
		if !made[r.Name] {
			t.Errorf("%q is told, which was not made", r.Name)
		}
		delete(made, r.Name)
		ok(t, os.Remove(systemPath(dir+`\`+r.Name)))
	}
	if len(made) > 0 {
		t.Errorf("not told: %v", made)
	}
}

func TestLongPaths(t *testing.T) {
	dir := tempdir.New(t)
	long := longPath(dir)
	mkdirs(t, systemPath(long))
	s := watched(t, dir)
	s.add(event.WatchRequest{Path: long, Mask: event.IN_ALL_EVENTS})
	s.sync()
	ok(t, write(systemPath(long+`\f`)), os.Mkdir(systemPath(long+`\d`), 0o755))
	rest, _ := event.Windows.Below(dir, long)
	byWD := make(map[int32][]string)
	for _, r := range of(event.KindChange, s.sync()) {
		if r.Action() == event.FILE_ACTION_ADDED && r.Flags&event.FlagOwn == 0 {
			byWD[r.WD] = append(byWD[r.WD], r.Name)
			if isDir := r.Attributes()&event.FILE_ATTRIBUTE_DIRECTORY != 0; isDir != strings.HasSuffix(r.Name, "d") {
				t.Errorf("attributes of\n%s", text([]event.Record{r}))
			}
		}
	}
	want := map[int32][]string{1: {rest + `\f`, rest + `\d`}, 2: {"f", "d"}}
	if fmt.Sprint(byWD) != fmt.Sprint(want) {
		t.Errorf("told %v\nwant %v", byWD, want)
	}
	if w := s.table.Watch(2); w == nil || w.Path() != long {
		t.Errorf("%+v", w)
	}
}

func TestPathsAreNamedAsTheyWereGiven(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\d`)
	s := open(t, Options{})
	given := systemPath(dir) + `\D`
	result := s.add(event.WatchRequest{Path: given, Mask: event.IN_ALL_EVENTS})[0]
	if result.Key != given || result.Path != dir+`\D` {
		t.Errorf("%+v", result)
	}
	again := s.add(event.WatchRequest{Path: strings.ReplaceAll(dir, `\`, "/") + "/d/", Mask: event.IN_ALL_EVENTS})[0]
	if again.WD != result.WD || again.Key != dir+`\d` {
		t.Errorf("%+v", again)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	dir := tempdir.New(t)
	s := open(t, Options{})
	for path, want := range map[string]string{
		dir + `\none`:       "cannot watch",
		"":                  "the path is empty",
		dir + `\a` + "\x00": "NUL",
	} {
		results, err := s.Add(event.WatchRequest{Path: path, Mask: event.IN_ALL_EVENTS})
		ok(t, err)
		if len(results) != 1 || results[0].Err == nil || results[0].WD != 0 || !strings.Contains(results[0].Err.Error(), want) {
			t.Errorf("%q: %+v", path, results)
		}
	}
	if fails := of(event.KindFail, s.sync()); len(fails) != 3 || fails[0].Name != "watch" || fails[0].N == 0 {
		t.Errorf("%s", text(fails))
	}
	if n, err := NewReadDirectoryChanges(Options{Buffer: 1000}); err == nil {
		n.Close()
		t.Error("a buffer of 1000 bytes is taken")
	}
}

func TestPollingHasTheLatestLettersOfTheCaller(t *testing.T) {
	dir := tempdir.New(t) + `\Data`
	dirs(t, dir+`\sub\deep`)
	p := polling(t, Options{})
	p.tree(dir)
	upper := strings.ToUpper(dir)
	p.tree(upper + `\sub`)
	p.sync()
	must(t, put(dir+`\f`, "x"), put(dir+`\sub\g`, "x"), put(dir+`\sub\deep\h`, "x"))
	p.expects(dir, "IN_CREATE f", "IN_CREATE sub/g", "IN_CREATE sub/deep/h")
	for path, want := range map[string]string{dir: dir, dir + `\sub`: upper + `\sub`, dir + `\sub\deep`: upper + `\sub\deep`} {
		if w := p.table.At(path); w.Path() != want {
			t.Errorf("%s, want %s", w.Path(), want)
		}
	}
}
