package live

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// Both backends watch what one operation after the other does; the kernel is right.
func TestPollingTellsWhatInotifyTells(t *testing.T) {
	j := filepath.Join
	mask := structure | event.IN_ATTRIB | event.IN_MODIFY
	for _, c := range []struct {
		name          string
		before, after func(r string) error
	}{
		{"create", nil, func(r string) error { return put(j(r, "f"), "") }},
		{"mkdir", nil, func(r string) error { return os.Mkdir(j(r, "d"), 0o755) }},
		{"symlink", nil, func(r string) error { return os.Symlink("nowhere", j(r, "l")) }},
		{"append", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error {
			f, err := os.OpenFile(j(r, "f"), os.O_WRONLY|os.O_APPEND, 0)
			if err == nil {
				_, err = f.WriteString("more")
			}
			return errors.Join(err, f.Close())
		}},
		{"truncate", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error { return os.Truncate(j(r, "f"), 0) }},
		{"chmod", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error { return os.Chmod(j(r, "f"), 0o600) }},
		{"chmod of a directory", func(r string) error { return os.Mkdir(j(r, "d"), 0o755) }, func(r string) error { return os.Chmod(j(r, "d"), 0o700) }},
		{"chmod of the root", nil, func(r string) error { return os.Chmod(r, 0o700) }},
		{"setxattr", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error { return unix.Setxattr(j(r, "f"), "user.x", []byte("1"), 0) }},
		{"unlink", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error { return os.Remove(j(r, "f")) }},
		{"rmdir", func(r string) error { return os.Mkdir(j(r, "d"), 0o755) }, func(r string) error { return os.Remove(j(r, "d")) }},
		{"rename", func(r string) error { return put(j(r, "f"), "x") }, func(r string) error { return os.Rename(j(r, "f"), j(r, "g")) }},
		{"rename over", func(r string) error { return errors.Join(put(j(r, "f"), "x"), put(j(r, "g"), "yy")) }, func(r string) error { return os.Rename(j(r, "f"), j(r, "g")) }},
		{"rename of a directory", func(r string) error { return os.MkdirAll(j(r, "d", "e"), 0o755) }, func(r string) error { return os.Rename(j(r, "d"), j(r, "z")) }},
		{"rename into a directory", func(r string) error {
			return errors.Join(os.MkdirAll(j(r, "d", "e"), 0o755), os.Mkdir(j(r, "m"), 0o755))
		},
			func(r string) error { return os.Rename(j(r, "d"), j(r, "m", "z")) }},
		{"root removed", nil, os.Remove},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := j(t.TempDir(), "root")
			dirs(t, root)
			if c.before != nil {
				ok(t, c.before(root))
			}
			request := event.WatchRequest{Path: root, Mask: mask, Recursive: true, AutoAdd: true}
			s, p := open(t, Options{}), polling(t, Options{})
			s.add(request)
			p.watch(request)
			s.sync()
			p.sync()
			err := c.after(root)
			if errors.Is(err, unix.ENOTSUP) {
				t.Skipf("this file system has no extended attributes: %v", err)
			}
			ok(t, err)
			once := func(story string) string { return strings.Join(slices.Compact(strings.Split(story, "\n")), "\n") }
			want, got := once(s.story(root, s.settled())), once(p.story(root, p.sync()))
			if got != want {
				t.Errorf("inotify tells\n%s\npolling tells\n%s", want, got)
			}
		})
	}
}

func TestALinkIsNotARename(t *testing.T) {
	root := t.TempDir()
	a, b, c := root+"/a", root+"/b", root+"/c"
	ok(t, put(a, "text"))
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	ok(t, os.Link(a, b))
	p.expects(root, "IN_ATTRIB a", "IN_CREATE b")
	ok(t, os.Remove(a))
	p.expects(root, "IN_DELETE a", "IN_ATTRIB b")
	ok(t, os.Link(b, a), os.Link(b, c))
	p.expects(root, "IN_CREATE a", "IN_ATTRIB b", "IN_CREATE c")
	ok(t, os.Rename(a, root+"/d"))
	if got := p.story(root, p.sync()); !strings.HasPrefix(got, "IN_ATTRIB b\nIN_ATTRIB c\nIN_MOVED_FROM a\nIN_MOVED_TO d") {
		t.Errorf("got\n%s", got)
	}
}

func TestExchangedNamesAreTwoRenames(t *testing.T) {
	root := t.TempDir()
	ok(t, put(root+"/a", "1"), put(root+"/b", "22"))
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	ok(t, unix.Renameat2(unix.AT_FDCWD, root+"/a", unix.AT_FDCWD, root+"/b", unix.RENAME_EXCHANGE))
	p.expects(root, "IN_MOVED_FROM b", "IN_MOVED_FROM a", "IN_MOVED_TO b", "IN_MOVED_TO a")
}

// An inode number is given out again at once on ext4.
func TestANumberThatIsGivenOutAgainIsNoRename(t *testing.T) {
	root := t.TempDir()
	p := polling(t, Options{})
	p.tree(root)
	reused := 0
	for range 20 {
		ok(t, put(root+"/old", "text"))
		old, err := pollStat(root+"/old", false)
		ok(t, err)
		p.sync()
		var now pollEntry
		for now.born <= old.born { // the file system's clock is coarse
			_ = os.Remove(root + "/new")
			if now.id == (pollID{}) {
				ok(t, os.Remove(root+"/old"))
			}
			ok(t, put(root+"/new", "text"))
			now, err = pollStat(root+"/new", false)
			ok(t, err)
			if now.born == 0 {
				t.Skip("this file system does not tell when a file was made")
			}
		}
		if now.id == old.id {
			reused++
		}
		p.expects(root, "IN_DELETE old", "IN_CREATE new")
		ok(t, os.Remove(root+"/new"))
		p.sync()
	}
	t.Logf("%d of 20 numbers were given out again", reused)
}

func TestWhichEntriesAreOneObject(t *testing.T) {
	old := pollEntry{name: "f", id: pollID{1, 2}, born: 10, size: 4, mtime: 20, ctime: 20, mode: 0o100644}
	late := int64(time.Hour)
	change := func(f func(e *pollEntry)) *pollEntry { e := old; f(&e); return &e }
	for _, c := range []struct {
		name         string
		now          *pollEntry
		still, isNow bool
	}{
		{"nothing changed", &old, true, true},
		{"written", change(func(e *pollEntry) { e.size, e.mtime, e.ctime = 5, 30, 30 }), true, true},
		{"born later", change(func(e *pollEntry) { e.born = 30 }), false, false},
		{"the time of birth set back", change(func(e *pollEntry) { e.born, e.mtime = 5, 5 }), true, true},
		{"of another type", change(func(e *pollEntry) { e.mode = pollDir }), false, false},
		{"numbered anew", change(func(e *pollEntry) { e.id.file = 3 }), true, false},
		{"another file", change(func(e *pollEntry) { e.id.file, e.ctime = 3, 30 }), false, false},
		{"on another volume", change(func(e *pollEntry) { e.id.volume, e.ctime = 3, 30 }), false, false},
	} {
		if got := old.isStill(c.now, late); got != c.still {
			t.Errorf("%s, under its name: %v", c.name, got)
		}
		if got := old.isNow(c.now); got != c.isNow {
			t.Errorf("%s, under another name: %v", c.name, got)
		}
	}
	if moved := change(func(e *pollEntry) { e.id.file = 3 }); old.isStill(moved, old.ctime+1) {
		t.Error("a file that is as new as the look before may be another one")
	}
	unborn := change(func(e *pollEntry) { e.born = 0 })
	if written := change(func(e *pollEntry) { e.born, e.mtime = 0, 30 }); unborn.isNow(written) || !unborn.isStill(written, late) {
		t.Error("without a time of birth, a rename leaves the rest as it was")
	}
}

func TestADirectoryThatCannotBeReadIsToldOnce(t *testing.T) {
	root := t.TempDir()
	dirs(t, root+"/a/b", root+"/secret/x", root+"/z")
	ok(t, put(root+"/secret/f", ""))
	if os.Getuid() == 0 {
		// Root may read everything, so this thread looks at files as another
		// user. It is not unlocked, so that it ends with the goroutine.
		ok(t, os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o777))
		for _, dir := range []string{"/a", "/a/b", "/secret", "/secret/x", "/z"} {
			ok(t, os.Chown(root+dir, 65534, 65534))
		}
		runtime.LockOSThread()
		ok(t, unix.Setfsuid(65534))
		t.Cleanup(func() { ok(t, unix.Setfsuid(0)) })
	}
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	ok(t, os.Chmod(root+"/secret", 0o300))
	p.expects(root, "IN_ATTRIB|IN_ISDIR secret", "fail list secret")
	ok(t, put(root+"/secret/g", ""), put(root+"/a/b/g", ""))
	p.expects(root, "IN_CREATE a/b/g")
	ok(t, os.Chmod(root+"/secret", 0o700))
	p.expects(root, "IN_ATTRIB|IN_ISDIR secret", "IN_ATTRIB|IN_ISDIR secret", "IN_CREATE secret/g")
	ok(t, os.Chmod(root+"/secret", 0), os.Mkdir(root+"/new", 0))
	p.expects(root, "IN_CREATE|IN_ISDIR new", "IN_ATTRIB|IN_ISDIR secret", "fail watch new", "fail list secret")
	ok(t, os.Chmod(root+"/secret", 0o700))
	p.sync()
	results, err := p.Add(event.WatchRequest{Path: root + "/new", Mask: event.IN_CREATE})
	ok(t, err)
	var we *event.WatchError
	if r := results[0]; r.WD != 0 || !errors.As(r.Err, &we) || we.Err != unix.EACCES || we.Hint == "" {
		t.Errorf("%+v", r)
	}
}

func TestASymlinkIsFollowedAtTheEndOfThePathOnly(t *testing.T) {
	base := t.TempDir()
	dirs(t, base+"/d/sub", base+"/root")
	ok(t, os.Symlink("d", base+"/l"), os.Symlink("../d", base+"/root/l"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: base + "/l", Mask: event.IN_CREATE, Recursive: true})
	p.watch(event.WatchRequest{Path: base + "/root", Mask: event.IN_CREATE, Recursive: true, AutoAdd: true})
	p.expects(base, "watch l", "watch l/sub", "watch root")
	ok(t, put(base+"/d/f", ""), put(base+"/d/sub/f", ""), os.Symlink("../d", base+"/root/m"))
	p.expects(base, "IN_CREATE l/f", "IN_CREATE l/sub/f", "IN_CREATE root/m")
	results, err := p.Add(event.WatchRequest{Path: base + "/l", Mask: event.IN_CREATE | event.IN_DONT_FOLLOW | event.IN_ONLYDIR})
	ok(t, err)
	if !errors.Is(results[0].Err, unix.ENOTDIR) && !errors.Is(results[0].Err, unix.ELOOP) {
		t.Errorf("%+v", results)
	}
}

func TestADirectoryWithTwoPathsHasOneWatch(t *testing.T) {
	if !inNamespace(t, unix.CLONE_NEWNS) {
		return
	}
	root := t.TempDir()
	dirs(t, root+"/a", root+"/b")
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	if err := unix.Mount(root+"/a", root+"/b", "", unix.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	defer func() { ok(t, unix.Unmount(root+"/b", 0)) }()
	ok(t, put(root+"/a/f", ""))
	p.expects(root, "IN_DELETE_SELF b", "IN_IGNORED b", "unwatch b deleted", "IN_DELETE|IN_ISDIR b", "IN_CREATE|IN_ISDIR b", "IN_CREATE a/f")
	p.expects(root)
}
