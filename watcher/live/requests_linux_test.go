package live

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

func TestInitialWalkLeavesNoTrace(t *testing.T) {
	root := t.TempDir()
	for _, d := range []string{"a/b/c", "a/d", "e"} {
		mkdirs(t, filepath.Join(root, d))
	}
	s := watched(t, root)
	for _, r := range s.sync() {
		if r.Kind != event.KindWatch && r.Kind != event.KindMask {
			t.Errorf("the walk made %s", event.AppendText(nil, &r))
		}
	}
	_, err := os.ReadDir(filepath.Join(root, "a"))
	ok(t, err)
	got := s.story(root, s.sync())
	for _, want := range []string{"IN_OPEN|IN_ISDIR a", "IN_ACCESS|IN_ISDIR a", "IN_CLOSE_NOWRITE|IN_ISDIR a"} {
		if strings.Count(got, want+"\n")+strings.Count(got, want) < 2 {
			t.Errorf("no %s of both the directory and its parent after the walk:\n%s", want, got)
		}
	}
}

func TestAddingTwiceChangesTheMaskAndKeepsTheWatch(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{})
	first := s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0]
	second := s.add(event.WatchRequest{Path: root, Mask: event.IN_DELETE})[0]
	if first.WD != second.WD {
		t.Fatalf("wd %d became %d", first.WD, second.WD)
	}
	ok(t, write(root+"/f"), os.Remove(root+"/f"))
	if got := s.story(root, s.sync()); got != "watch .\nwatch .\nIN_DELETE f" {
		t.Errorf("got\n%s", got)
	}
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_MASK_ADD})
	ok(t, write(root+"/f"), os.Remove(root+"/f"))
	if got := s.story(root, s.sync()); got != "watch .\nIN_CREATE f\nIN_DELETE f" {
		t.Errorf("got\n%s", got)
	}
	if m := s.table.Watch(first.WD).Mask; m != event.IN_CREATE|event.IN_DELETE {
		t.Errorf("mask is %v", m)
	}
}

func TestUpdateAndRemove(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{})
	wd := s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	ok(t, s.Update(wd, event.IN_DELETE))
	ok(t, write(root+"/f"), os.Remove(root+"/f"))
	ok(t, s.Remove(wd))
	ok(t, write(root+"/g"))
	want := "watch .\nwatch .\nIN_DELETE f\nIN_IGNORED .\nunwatch . removed"
	if got := s.story(root, s.sync()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for name, err := range map[string]error{
		"second Remove": s.Remove(wd), "Update": s.Update(wd, event.IN_CREATE), "Remove of a wd that never was": s.Remove(77),
	} {
		if !errors.Is(err, event.ErrUnknownWatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUpdateOfAPathThatLeadsElsewhere(t *testing.T) {
	base := t.TempDir()
	mkdirs(t, base+"/a", base+"/b")
	s := open(t, Options{})
	ok(t, os.Symlink("a", base+"/l"))
	wd := s.add(event.WatchRequest{Path: base + "/l", Mask: event.IN_CREATE})[0].WD
	ok(t, os.Remove(base+"/l"), os.Symlink("b", base+"/l"))
	err := s.Update(wd, event.IN_DELETE)
	var we *event.WatchError
	if !errors.As(err, &we) || we.Path != base+"/l" || we.Hint == "" {
		t.Errorf("%v", err)
	}
}

func TestOneshotGivesOneEvent(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_ONESHOT})
	ok(t, write(root+"/f"), write(root+"/g"))
	if got := s.story(root, s.sync()); got != "watch .\nIN_CREATE f\nIN_IGNORED .\nunwatch . oneshot" {
		t.Errorf("got\n%s", got)
	}
}

func TestOneshotOfARecursiveRequestSurvivesTheWalk(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a/b")
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_OPEN | event.IN_ONESHOT, Recursive: true})
	if got := s.story(root, s.sync()); got != "watch .\nwatch a\nwatch a/b\nmask . a a/b" {
		t.Fatalf("got\n%s", got)
	}
	ok(t, write(root+"/a/f"))
	if got := s.story(root, s.sync()); got != "IN_OPEN a/f\nIN_IGNORED a\nunwatch a oneshot" {
		t.Errorf("got\n%s", got)
	}
}

func TestFlagsOfARequest(t *testing.T) {
	base := t.TempDir()
	mkdirs(t, base+"/d")
	ok(t, write(base+"/f"), os.Symlink("d", base+"/l"))
	s := open(t, Options{})
	for _, c := range []struct {
		path string
		mask event.Mask
		err  error
	}{
		{"f", event.IN_MODIFY | event.IN_ONLYDIR, unix.ENOTDIR},
		{"l", event.IN_CREATE | event.IN_ONLYDIR | event.IN_DONT_FOLLOW, unix.ENOTDIR},
		{"d", event.IN_CREATE | event.IN_ONLYDIR, nil},
		{"d", event.IN_CREATE | event.IN_MASK_CREATE, unix.EEXIST},
		{"f", event.IN_MODIFY | event.IN_MASK_CREATE, nil},
		{"l", event.IN_ATTRIB | event.IN_DONT_FOLLOW, nil},
		{"nothing", event.IN_CREATE, unix.ENOENT},
		{"d", 0, unix.EINVAL},
		{"d", event.IN_ONLYDIR, unix.EINVAL},
	} {
		answers(t, s, filepath.Join(base, c.path), c.mask, c.err)
	}
	ok(t, os.Chmod(base+"/d", 0o700), write(base+"/d/x"), write(base+"/f"))
	got := s.story(base, s.sync())
	for _, want := range []string{"fail watch", "IN_CREATE d/x", "IN_MODIFY f"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "IN_ATTRIB") {
		t.Errorf("the symlink's watch was placed on its target:\n%s", got)
	}
}

// The kernel itself is asked for the same, in the same order.
func TestWhatTheKernelRefusesIsRefused(t *testing.T) {
	base := t.TempDir()
	mkdirs(t, base+"/d")
	ok(t, write(base+"/f"), os.Symlink("d", base+"/l"), os.Symlink("f", base+"/m"))
	kernel, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	ok(t, err)
	defer func() { ok(t, unix.Close(kernel)) }()
	s := open(t, Options{})
	flags := []event.Mask{0, event.IN_ONLYDIR, event.IN_DONT_FOLLOW, event.IN_MASK_ADD, event.IN_MASK_CREATE, event.IN_EXCL_UNLINK, event.IN_ISDIR, 0x1000, 0x08000000}
	for _, path := range []string{"d", "f", "l", "m", "nothing"} {
		for _, a := range flags {
			for _, b := range flags {
				mask := event.IN_MODIFY | a | b
				_, want := unix.InotifyAddWatch(kernel, base+"/"+path, uint32(mask))
				results, err := s.Add(event.WatchRequest{Path: base + "/" + path, Mask: mask})
				ok(t, err)
				if got := results[0].Err; want == nil && got != nil || !errors.Is(got, want) {
					t.Errorf("%s, %s: %v, the kernel says %v", path, mask, got, want)
				}
			}
		}
	}
}

func TestAWatchBelowThatExistsIsRefusedWithMaskCreate(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a/b")
	s := open(t, Options{})
	wd := s.add(event.WatchRequest{Path: root + "/a", Mask: event.IN_CREATE})[0].WD
	results, err := s.Add(event.WatchRequest{Path: root, Mask: event.IN_DELETE | event.IN_MASK_CREATE, Recursive: true})
	ok(t, err)
	if len(results) != 2 || results[0].Err != nil || !errors.Is(results[1].Err, unix.EEXIST) {
		t.Errorf("%+v", results)
	}
	s.sync()
	if m := s.table.Watch(wd).Mask; m != event.IN_CREATE {
		t.Errorf("the mask is %s", m)
	}
}

func TestExclUnlinkIsHandedDown(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a")
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_MODIFY | event.IN_EXCL_UNLINK, Recursive: true, AutoAdd: true})
	mkdirs(t, root+"/b")
	s.sync()
	for _, dir := range []string{"/a", "/b"} {
		f, err := os.Create(root + dir + "/f")
		ok(t, err, os.Remove(root+dir+"/f"))
		_, err = f.WriteString("late")
		ok(t, err, f.Close())
	}
	if got := s.story(root, s.sync()); strings.Contains(got, "IN_MODIFY") {
		t.Errorf("got\n%s", got)
	}
}

func TestGlobRelativePathsAndBadPaths(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	mkdirs(t, "x1/sub", "x2", "y")
	s := open(t, Options{})
	results, err := s.Add(event.WatchRequest{Path: "x?", Glob: true, Recursive: true, Mask: event.IN_CREATE})
	ok(t, err)
	var keys []string
	for _, r := range results {
		if r.Err != nil || r.Path != filepath.Join(root, r.Key) {
			t.Errorf("%+v", r)
		}
		keys = append(keys, r.Key)
	}
	if got := strings.Join(keys, " "); got != "x1 x2 x1/sub" {
		t.Errorf("got %s", got)
	}
	refusesBadPaths(t, s)
	if results := s.add(event.WatchRequest{Path: ".", Recursive: true, Mask: event.IN_CREATE}); results[1].Key == "./x1" || results[0].Key != "." {
		t.Errorf("%+v", results)
	}
}

func TestSnapshotTellsWhatIsThere(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/d")
	ok(t, os.WriteFile(root+"/d/f", []byte("four"), 0o640), os.Symlink("d", root+"/l"))
	when := time.Unix(1_500_000_000, 123456789)
	ok(t, os.Chtimes(root+"/d/f", when, when))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, Snapshot: true})
	found := map[string]event.Record{}
	for _, r := range s.sync() {
		switch r.Kind {
		case event.KindEntry:
			found[event.Linux.Join(s.table.Watch(r.WD).Path(), r.Name)[len(root):]] = r
		case event.KindWatch, event.KindMask:
		default:
			t.Errorf("unexpected %s", event.AppendText(nil, &r))
		}
	}
	if len(found) != 3 || found["/d"].Cookie&unix.S_IFMT != unix.S_IFDIR || found["/l"].Cookie&unix.S_IFMT != unix.S_IFLNK {
		t.Errorf("%+v", found)
	}
	if f := found["/d/f"]; f.Cookie != unix.S_IFREG|0o640 || f.N != 4 || f.M != when.UnixNano() {
		t.Errorf("%+v", f)
	}
}

func TestIgnoredPathsAreNeverToldOf(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/sub")
	ok(t, os.Symlink("sub", root+"/link"))
	for _, c := range []struct{ path, ignore string }{
		{root, root + "/sub/log.db"},
		{root + "/link", root + "/sub/log.db"},
		{root, root + "/link/log.db"},
		{root + "/sub", root + "/link/log.db"},
		{root + "/link", root + "/link/log.db"},
	} {
		path := c.path
		s := open(t, Options{Ignore: []string{c.ignore}, Drop: func(p string) bool { return strings.HasSuffix(p, ".drop") }})
		s.add(event.WatchRequest{Path: path, Mask: event.IN_ALL_EVENTS, Recursive: true})
		s.sync()
		ok(t, write(root+"/sub/log.db"), write(root+"/sub/x.drop"))
		// Nothing at all may come of it, or a log would record its own growth for ever.
		id, err := s.Barrier()
		ok(t, err)
		var records []event.Record
		for len(records) == 0 || records[len(records)-1].Kind != event.KindBarrier {
			more, err := s.Read(context.Background(), nil)
			ok(t, err)
			records = append(records, more...)
		}
		if len(records) != 1 || records[0].N != id {
			t.Errorf("watching %s, ignoring %s:\n%s", path, c.ignore, text(records))
		}
		ok(t, write(root+"/sub/other"), os.Mkdir(root+"/sub/new", 0o755))
		if got := s.story(path, s.sync()); !strings.Contains(got, "IN_CLOSE_WRITE") {
			t.Errorf("nothing else is told:\n%s", got)
		}
		ok(t, os.Remove(root+"/sub/new"))
	}
}

func TestIgnoringTakesNoWatchDescriptors(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{Ignore: []string{t.TempDir() + "/log.db"}})
	for wd, path := range []string{root, root + "/a", root + "/b"} {
		if wd > 0 {
			mkdirs(t, path)
		}
		if results := s.add(event.WatchRequest{Path: path, Mask: event.IN_CREATE}); results[0].WD != int32(wd+1) {
			t.Errorf("%s has wd %d, want %d", path, results[0].WD, wd+1)
		}
	}
}

func TestHeaderSaysWhatWasAskedFor(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{Buffer: 8192, Pause: -1})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true, Snapshot: true})
	h := s.Header()
	if h.Platform != event.Linux || h.Backend != "inotify" || h.Kernel == "" || h.FileSystem == "" || h.Limits.MaxQueuedEvents == 0 ||
		h.ReadBuffer != 8192 || h.ReadPause != "0s" || len(h.Roots) != 1 || h.Roots[0] != root || h.Mask != event.IN_CREATE ||
		!h.Recursive || !h.AutoAdd || !h.Snapshot || time.Since(h.Start) > time.Minute {
		t.Errorf("%+v", h)
	}
}
