package live

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestChangesAreToldInOrder(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	ok(t, write(dir+`\a`), os.Rename(dir+`\a`, dir+`\b`), os.Mkdir(dir+`\d`, 0o755), os.Remove(dir+`\b`))
	told := s.sync()
	expect(t, told, `+a <a >b +d -b`)
	ok(t, write(dir+`\d\f`))
	expect(t, s.sync(), `+d\f`)
}

func TestHeaderSaysWhatIsRead(t *testing.T) {
	dir := tempdir.New(t)
	h := watched(t, dir).Header()
	if h.Platform != event.Windows || h.Backend != "rdcw" || h.Kernel == "" || h.FileSystem == "" || !h.CaseFold || h.ReadBuffer != 64<<10 {
		t.Errorf("%+v", h)
	}
	if len(h.Roots) != 1 || h.Roots[0] != dir {
		t.Errorf("roots %q, want %q", h.Roots, dir)
	}
	t.Logf("%+v", h)
}

// entries gives the mode of each entry.
func entries(records []event.Record) map[string]uint32 {
	modes := make(map[string]uint32)
	for _, r := range of(event.KindEntry, records) {
		modes[r.Name] = r.Cookie
	}
	return modes
}

func TestDirectoriesAreListed(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\a\b\c`)
	ok(t, write(dir+`\a\f`))
	s := watched(t, dir)
	told := s.sync()
	want := map[string]uint32{"": 0, "a": modeDir, `a\b`: modeDir, `a\b\c`: modeDir}
	if got := entries(told); !maps.Equal(got, want) {
		t.Errorf("entries %v\nwant %v", got, want)
	}
	if told[0].Kind != event.KindWatch || told[0].P == 0 || told[0].Flags&event.FlagDir == 0 {
		t.Errorf("the first record is\n%s", text(told[:1]))
	}
	other := tempdir.New(t)
	mkdirs(t, other+`\x\y`)
	ok(t, os.Rename(other+`\x`, dir+`\x`))
	if got := entries(s.sync()); !maps.Equal(got, map[string]uint32{`x\y`: modeDir}) {
		t.Errorf("entries of what came in: %v", got)
	}
}

func TestSnapshotTellsOfEveryName(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\a`)
	ok(t, os.WriteFile(dir+`\a\f`, []byte("abc"), 0o644))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, Snapshot: true})
	told := s.sync()
	if got, want := entries(told), (map[string]uint32{"": 0, "a": modeDir, `a\f`: modeFile}); !maps.Equal(got, want) {
		t.Errorf("entries %v\nwant %v", got, want)
	}
	for _, r := range of(event.KindEntry, told) {
		if r.Name == `a\f` && (r.N != 3 || time.Since(time.Unix(0, r.M)).Abs() > time.Hour) {
			t.Errorf("size and time of %s", text([]event.Record{r}))
		}
	}
}

func TestAttributesAreLookedUp(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	mkdirs(t, dir+`\d`)
	ok(t, write(dir+`\f`))
	for _, r := range of(event.KindChange, s.sync()) {
		isDir := r.Attributes()&event.FILE_ATTRIBUTE_DIRECTORY != 0
		if r.Flags&event.FlagOwn == 0 && (isDir != (r.Name == "d") || r.Flags&event.FlagInferred == 0 || r.Attributes() == 0) {
			t.Errorf("%s", text([]event.Record{r}))
		}
	}
}

func TestRecursionHasFourForms(t *testing.T) {
	for _, c := range []struct {
		name               string
		recursive, autoAdd bool
		want               string
	}{
		{"neither", false, false, `+f +new`},
		{"recursive", true, false, `+f +new +old\f +old\new +old\deep\f`},
		{"auto_add", false, true, `+f +new +new\f +new\deep +new\deep\f`},
		{"both", true, true, `+f +new +new\f +new\deep +new\deep\f +old\f +old\new +old\new\f +old\deep\f`},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Wine may miss a directory in one that is new itself.
			underWine(t, func(fail func(string, ...any)) {
				dir := tempdir.New(t)
				mkdirs(t, dir+`\old\deep`)
				s := open(t, Options{})
				s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: c.recursive, AutoAdd: c.autoAdd})
				first := len(s.records)
				for _, step := range []func() error{
					func() error { return write(dir + `\f`) },
					func() error { return os.Mkdir(dir+`\new`, 0o755) },
					func() error { return write(dir + `\new\f`) },
					func() error { return os.Mkdir(dir+`\new\deep`, 0o755) },
					func() error { return write(dir + `\new\deep\f`) },
					func() error { return write(dir + `\old\f`) },
					func() error { return os.Mkdir(dir+`\old\new`, 0o755) },
					func() error { return write(dir + `\old\new\f`) },
					func() error { return write(dir + `\old\deep\f`) },
				} {
					ok(t, step())
					s.sync()
				}
				expectOr(fail, s.records[first:], c.want)
			})
		})
	}
}

func TestExcludedDirectoriesAreSilent(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\in`, dir+`\out\deep`)
	s := open(t, Options{})
	out := func(path string) bool { return event.Windows.Base(path) == "out" }
	results := s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Exclude: out})
	if len(results) != 2 || !results[0].Excluded || results[0].Path != dir+`\out` || results[1].WD != 1 {
		t.Errorf("%+v", results)
	}
	s.sync()
	ok(t, write(dir+`\in\f`), write(dir+`\out\f`), write(dir+`\out\deep\f`), os.Mkdir(dir+`\in\out`, 0o755))
	told := s.sync()
	ok(t, write(dir+`\in\out\f`), os.Remove(dir+`\out\f`))
	expect(t, append(told, s.sync()...), `+in\f +in\out`)
	results = s.add(event.WatchRequest{Path: dir + `\out`, Mask: event.IN_ALL_EVENTS, Exclude: out})
	if len(results) != 1 || !results[0].Excluded {
		t.Errorf("%+v", results)
	}
}

func TestIgnoredAndDroppedPathsAreSilent(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\logs`)
	s := open(t, Options{
		Ignore: []string{dir + `\LOGS\a.db`, dir + `\all`},
		Drop:   func(path string) bool { return strings.HasSuffix(path, `\dropped`) },
	})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	s.sync()
	ok(t, write(dir+`\logs\a.db`), write(dir+`\logs\a.db2`), write(dir+`\dropped`), os.Mkdir(dir+`\all`, 0o755))
	told := s.sync()
	ok(t, write(dir+`\all\f`))
	expect(t, append(told, s.sync()...), `+logs\a.db2`)
}

func TestOneshotEndsAfterOneEvent(t *testing.T) {
	dir := tempdir.New(t)
	ok(t, write(dir+`\f`))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_DELETE | event.IN_ONESHOT})
	ok(t, write(dir+`\g`), os.Remove(dir+`\f`), os.Remove(dir+`\g`))
	told := s.sync()
	expect(t, told, `+g -f`)
	if last := told[len(told)-1]; last.Kind != event.KindUnwatch || last.Name != event.CauseOneshot {
		t.Errorf("%s", text(told))
	}
}

func TestGlobAndMaskFlags(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\d1`, dir+`\d2`)
	ok(t, write(dir+`\d3`))
	s := open(t, Options{})
	results, err := s.Add(event.WatchRequest{Path: dir + `\d*`, Glob: true, Mask: event.IN_CREATE | event.IN_ONLYDIR})
	ok(t, err)
	if len(results) != 3 || results[0].WD != 1 || results[1].WD != 2 || !errors.Is(results[2].Err, windows.ERROR_DIRECTORY) {
		t.Fatalf("%+v", results)
	}
	if results, err = s.Add(event.WatchRequest{Path: dir + `\x*`, Glob: true, Mask: event.IN_CREATE}); err != nil || !errors.Is(results[0].Err, fs.ErrNotExist) {
		t.Errorf("%+v %v", results, err)
	}
	if results, err = s.Add(event.WatchRequest{Path: dir + `\d1`, Mask: event.IN_CREATE | event.IN_MASK_CREATE}); err != nil || !errors.Is(results[0].Err, fs.ErrExist) {
		t.Errorf("%+v %v", results, err)
	}
	results = s.add(event.WatchRequest{Path: dir + `\D1\.`, Mask: event.IN_MODIFY | event.IN_MASK_ADD | event.IN_OPEN})
	s.sync()
	w := s.table.Watch(1)
	if results[0].WD != 1 || w.Mask != event.IN_CREATE|event.IN_ONLYDIR|event.IN_MODIFY|event.IN_OPEN || results[0].Unrecorded != event.IN_OPEN {
		t.Errorf("%+v, %+v", results, w)
	}
	if w.Filter&event.FILE_NOTIFY_CHANGE_LAST_WRITE == 0 {
		t.Errorf("filter %v", w.Filter)
	}
	if results, err = s.Add(event.WatchRequest{Path: dir, Mask: event.IN_ONLYDIR}); err != nil || results[0].Err == nil {
		t.Errorf("no event asked for: %+v %v", results, err)
	}
}

func TestOverlappingWatchesBothTell(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\d`)
	s := watched(t, dir)
	s.add(event.WatchRequest{Path: dir + `\d`, Mask: event.IN_ALL_EVENTS})
	s.sync()
	ok(t, write(dir+`\d\f`))
	byWD := make(map[int32]string)
	for _, r := range s.sync() {
		byWD[r.WD] += changes([]event.Record{r}, false)
	}
	if byWD[1] != `+d\f` || byWD[2] != "+f" {
		t.Errorf("%q", byWD)
	}
}

func TestIdleFollowsARemoval(t *testing.T) {
	dir := tempdir.New(t)
	ok(t, write(dir+`\f`))
	s := watched(t, dir)
	s.sync()
	ok(t, os.Remove(dir+`\f`))
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindIdle })
	removed, idle := told[len(told)-2], told[len(told)-1]
	if removed.Action() != event.FILE_ACTION_REMOVED || idle.Time-removed.Time < int64(idleAfter) {
		t.Errorf("%s\n%d ns later", text(told), idle.Time-removed.Time)
	}
	if len(of(event.KindIdle, s.sync())) != 0 {
		t.Errorf("idle again:\n%s", text(s.records))
	}
}

func TestEachWatchHasTheLettersOfTheCaller(t *testing.T) {
	dir := tempdir.New(t) + `\Data`
	mkdirs(t, dir+`\a`, dir+`\b`)
	s := open(t, Options{})
	upper := strings.ToUpper(dir)
	for i, c := range []struct{ path, first, second string }{
		{dir + `\a`, dir + `\a`, ""},
		{upper + `\b`, dir + `\a`, upper + `\b`},
		{upper + `\A`, upper + `\A`, upper + `\b`},
		{dir + `\b`, upper + `\A`, dir + `\b`},
	} {
		r := s.add(event.WatchRequest{Path: c.path, Mask: event.IN_ALL_EVENTS})[0]
		s.sync()
		if r.WD != []int32{1, 2, 1, 2}[i] || r.Path != c.path {
			t.Errorf("%+v for %s", r, c.path)
		}
		for wd, want := range map[int32]string{1: c.first, 2: c.second} {
			if w := s.table.Watch(wd); want != "" && w.Path() != want {
				t.Errorf("watch %d of %s after %s: %s", wd, want, c.path, w.Path())
			}
		}
	}
}
