package live

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// watchedFile is a session that watches dir\f, as watch 1.
func watchedFile(t *testing.T, dir string) *session {
	t.Helper()
	ok(t, write(dir+`\f`))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: dir + `\f`, Mask: event.IN_ALL_EVENTS})
	s.sync()
	return s
}

func TestFileWatchTellsOfItsFileAlone(t *testing.T) {
	dir := tempdir.New(t)
	s := watchedFile(t, dir)
	if w := s.table.Watch(1); w == nil || w.Path() != dir+`\f` || w.Flags != 0 || w.Filter == 0 {
		t.Fatalf("%+v", w)
	}
	ok(t, write(dir+`\g`), write(dir+`\F`), os.Remove(dir+`\g`), os.Mkdir(dir+`\d`, 0o755))
	told := s.sync()
	if len(of(event.KindChange, told)) == 0 {
		t.Errorf("nothing was told")
	}
	for _, r := range told {
		if r.Kind != event.KindChange || !sameName(r.Name, "f") || r.Action() != event.FILE_ACTION_MODIFIED {
			t.Errorf("%s", text([]event.Record{r}))
		}
	}
}

func TestFileWatchFollowsRenames(t *testing.T) {
	dir := tempdir.New(t)
	s := watchedFile(t, dir)
	ok(t, os.Rename(dir+`\f`, dir+`\g`), write(dir+`\f`))
	told := s.sync()
	expect(t, told, `<f >g`)
	if moves := of(event.KindMove, told); len(moves) != 1 || moves[0].Src != dir+`\f` || moves[0].Path != dir+`\g` {
		t.Errorf("%s", text(told))
	}
	if w := s.table.Watch(1); w == nil || w.Path() != dir+`\g` {
		t.Errorf("%+v", w)
	}
}

// TestCaseOnlyRenameIsNoDeletion has what Windows 11 sends, which Wine does not:
// REMOVED, RENAMED_OLD_NAME, RENAMED_NEW_NAME.
func TestCaseOnlyRenameIsNoDeletion(t *testing.T) {
	dir := tempdir.New(t)
	n := open(t, Options{}).underTest
	file := func(name string) *watch {
		w := &watch{wd: 1, path: dir + `\` + name, file: &fileName{name: name, short: name}, cur: &stream{call: call{extended: true}}}
		w.dir = dir
		w.standsAt(dir)
		return w
	}
	type step struct {
		action event.Action
		name   string
		gone   bool
	}
	for _, steps := range [][]step{
		{{event.FILE_ACTION_REMOVED, "f", false}, {event.FILE_ACTION_RENAMED_OLD_NAME, "f", false}, {event.FILE_ACTION_RENAMED_NEW_NAME, "F", false}},
		{{event.FILE_ACTION_REMOVED, "f", false}, {event.FILE_ACTION_RENAMED_OLD_NAME, "g", true}},
		{{event.FILE_ACTION_REMOVED, "f", false}, {event.FILE_ACTION_ADDED, "f", true}},
		{{event.FILE_ACTION_REMOVED, "F", false}, {event.FILE_ACTION_MODIFIED, "g", true}},
	} {
		w := file("f")
		for _, st := range steps {
			r := event.Record{Kind: event.KindChange, Mask: event.Mask(st.action), Name: st.name}
			if gone := n.fileChange(w, &r); gone != st.gone {
				t.Errorf("%v %s of %v: gone %v", st.action, st.name, steps, gone)
			}
		}
		if last := steps[len(steps)-1]; !last.gone && w.file.name != last.name {
			t.Errorf("%v: the name is %s", steps, w.file.name)
		}
	}
}

func TestFileWatchEndsWithItsFile(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(dir string) error
	}{
		{"deleted", func(dir string) error { return os.Remove(dir + `\f`) }},
		{"made again", func(dir string) error {
			if err := os.Remove(dir + `\f`); err != nil {
				return err
			}
			return write(dir + `\f`)
		}},
		{"moved away", func(dir string) error { return os.Rename(dir+`\f`, dir+`\d\f`) }},
	} {
		for _, how := range []string{"barrier", "idle"} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				dir := tempdir.New(t)
				mkdirs(t, dir+`\d`)
				s := watchedFile(t, dir)
				ok(t, c.end(dir))
				var told []event.Record
				if how == "barrier" {
					told = s.sync()
				} else {
					told = s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch })
				}
				ends := of(event.KindUnwatch, told)
				if len(ends) != 1 || ends[0].Name != event.CauseDeleted || ends[0].Path != dir+`\f` {
					t.Errorf("%s", text(told))
				}
				expect(t, told, `-f`)
			})
		}
	}
}

func TestAnObjectIsTheSameAfterItsRename(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"file":      write,
	} {
		t.Run(name, func(t *testing.T) {
			dir := tempdir.New(t)
			ok(t, make(dir+`\a`))
			h, err := pollOpen(dir+`\a`, false, windows.FILE_READ_ATTRIBUTES)
			ok(t, err)
			defer func() { ok(t, windows.CloseHandle(h)) }()
			id := identify(h)
			before, err := pollHandle(h)
			ok(t, err)
			ok(t, os.Rename(dir+`\a`, dir+`\b`))
			after, err := pollHandle(h)
			ok(t, err)
			there, err := pollStat(dir+`\b`, false)
			ok(t, err)
			if !before.id.known() || after.id != before.id || there.id != before.id {
				t.Errorf("%v before, %v after, %v by the new name", before.id, after.id, there.id)
			}
			if id == (identity{}) || identify(h) != id || identityAt(dir+`\b`) != id {
				t.Errorf("%v before, %v after, %v by the new name", id, identify(h), identityAt(dir+`\b`))
			}
		})
	}
}
