package live

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

func TestMasksAreThoseOfTheKernel(t *testing.T) {
	for name, pair := range map[string][2]uint32{
		"IN_ACCESS":        {uint32(event.IN_ACCESS), unix.IN_ACCESS},
		"IN_MODIFY":        {uint32(event.IN_MODIFY), unix.IN_MODIFY},
		"IN_ATTRIB":        {uint32(event.IN_ATTRIB), unix.IN_ATTRIB},
		"IN_CLOSE_WRITE":   {uint32(event.IN_CLOSE_WRITE), unix.IN_CLOSE_WRITE},
		"IN_CLOSE_NOWRITE": {uint32(event.IN_CLOSE_NOWRITE), unix.IN_CLOSE_NOWRITE},
		"IN_OPEN":          {uint32(event.IN_OPEN), unix.IN_OPEN},
		"IN_MOVED_FROM":    {uint32(event.IN_MOVED_FROM), unix.IN_MOVED_FROM},
		"IN_MOVED_TO":      {uint32(event.IN_MOVED_TO), unix.IN_MOVED_TO},
		"IN_CREATE":        {uint32(event.IN_CREATE), unix.IN_CREATE},
		"IN_DELETE":        {uint32(event.IN_DELETE), unix.IN_DELETE},
		"IN_DELETE_SELF":   {uint32(event.IN_DELETE_SELF), unix.IN_DELETE_SELF},
		"IN_MOVE_SELF":     {uint32(event.IN_MOVE_SELF), unix.IN_MOVE_SELF},
		"IN_UNMOUNT":       {uint32(event.IN_UNMOUNT), unix.IN_UNMOUNT},
		"IN_Q_OVERFLOW":    {uint32(event.IN_Q_OVERFLOW), unix.IN_Q_OVERFLOW},
		"IN_IGNORED":       {uint32(event.IN_IGNORED), unix.IN_IGNORED},
		"IN_CLOSE":         {uint32(event.IN_CLOSE), unix.IN_CLOSE},
		"IN_MOVE":          {uint32(event.IN_MOVE), unix.IN_MOVE},
		"IN_ALL_EVENTS":    {uint32(event.IN_ALL_EVENTS), unix.IN_ALL_EVENTS},
		"IN_ONLYDIR":       {uint32(event.IN_ONLYDIR), unix.IN_ONLYDIR},
		"IN_DONT_FOLLOW":   {uint32(event.IN_DONT_FOLLOW), unix.IN_DONT_FOLLOW},
		"IN_EXCL_UNLINK":   {uint32(event.IN_EXCL_UNLINK), unix.IN_EXCL_UNLINK},
		"IN_MASK_CREATE":   {uint32(event.IN_MASK_CREATE), unix.IN_MASK_CREATE},
		"IN_MASK_ADD":      {uint32(event.IN_MASK_ADD), unix.IN_MASK_ADD},
		"IN_ISDIR":         {uint32(event.IN_ISDIR), unix.IN_ISDIR},
		"IN_ONESHOT":       {uint32(event.IN_ONESHOT), unix.IN_ONESHOT},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %#x, the kernel's is %#x", name, pair[0], pair[1])
		}
	}
}

// story is one line of what a reader sees: paths relative to root in place of wds.
func (s *session) story(root string, records []event.Record) string {
	table := event.NewTable(event.Linux)
	var lines []string
	rel := func(path string) string {
		switch rest, below := event.Linux.Below(root, path); {
		case path == "":
			return "nowhere"
		case below && rest == "":
			return "."
		case below:
			return rest
		}
		return path
	}
	told := make(map[*event.Record]bool)
	for i := range records {
		told[&records[i]] = true
	}
	for i := range s.records {
		r := &s.records[i]
		line := ""
		switch w := table.Watch(r.WD); r.Kind {
		case event.KindEvent:
			path := "?"
			if w != nil {
				path = rel(event.Linux.Join(w.Path(), r.Name))
			}
			line = r.Mask.String() + " " + path
			if r.Flags&event.FlagSynthetic != 0 {
				line = "synthetic " + line
			}
			if r.Flags&event.FlagOwn != 0 {
				line = "own " + line
			}
			if w != nil && w.Lost() {
				line = "lost " + line
			}
		case event.KindWatch:
			line = "watch " + rel(r.Path)
		case event.KindUnwatch:
			line = "unwatch " + rel(r.Path) + " " + r.Name
		case event.KindMove:
			line = "move " + rel(r.Src) + " to " + rel(r.Path)
		case event.KindMask:
			line = "mask"
			for wd := range r.Masked() {
				line += " " + rel(table.Watch(wd).Path())
			}
		case event.KindEntry:
			line = "entry " + rel(event.Linux.Join(w.Path(), r.Name))
		default:
			line = r.Kind.String() + " " + r.Name
		}
		if told[r] {
			lines = append(lines, line)
		}
		table.Apply(r)
	}
	return strings.Join(lines, "\n")
}

const structure = event.IN_CREATE | event.IN_DELETE | event.IN_MOVE | event.IN_DELETE_SELF | event.IN_MOVE_SELF

func TestWhatIsTold(t *testing.T) {
	p := filepath.Join
	request := func(root string) event.WatchRequest {
		return event.WatchRequest{Path: root, Mask: structure, Recursive: true, AutoAdd: true,
			Exclude: func(path string) bool { return strings.HasPrefix(filepath.Base(path), "no") }}
	}
	for _, c := range []struct {
		name          string
		before, after func(root, outside string) error
		change        func(*event.WatchRequest)
		want          string
	}{
		{
			name:  "a new directory is watched after its creation",
			after: func(r, _ string) error { return os.Mkdir(p(r, "d"), 0o755) },
			want:  "IN_CREATE|IN_ISDIR d\nwatch d",
		},
		{
			name: "a tree moved in is told completely",
			after: func(r, out string) error {
				return errors.Join(os.MkdirAll(p(out, "t/u"), 0o755), write(p(out, "t/u/f")), os.Rename(p(out, "t"), p(r, "t")))
			},
			want: "IN_MOVED_TO|IN_ISDIR t\nwatch t\nsynthetic IN_CREATE|IN_ISDIR t/u\nwatch t/u\nsynthetic IN_CREATE t/u/f",
		},
		{
			name:   "a directory renamed inside the tree takes its watches along",
			before: func(r, _ string) error { return os.MkdirAll(p(r, "a/b"), 0o755) },
			after:  func(r, _ string) error { return errors.Join(os.Rename(p(r, "a"), p(r, "z")), write(p(r, "z/b/f"))) },
			want:   "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR z\nmove a to z\nIN_MOVE_SELF z\nIN_CREATE z/b/f",
		},
		{
			name:   "a directory moved out ends its watches and those below",
			before: func(r, _ string) error { return os.MkdirAll(p(r, "a/b"), 0o755) },
			after:  func(r, out string) error { return os.Rename(p(r, "a"), p(out, "a")) },
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVE_SELF a\nmove a to nowhere\n" +
				"lost IN_IGNORED a\nunwatch a moved-out\nlost IN_IGNORED a/b\nunwatch a/b moved-out",
		},
		{
			name:   "a directory that is moved out and in again is told anew",
			before: func(r, _ string) error { return errors.Join(os.MkdirAll(p(r, "a"), 0o755), write(p(r, "a/f"))) },
			after: func(r, out string) error {
				return errors.Join(os.Rename(p(r, "a"), p(out, "a")), os.Rename(p(out, "a"), p(r, "b")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVE_SELF a\nmove a to nowhere\nIN_MOVED_TO|IN_ISDIR b\nlost IN_MOVE_SELF a\n" +
				"watch b\nsynthetic IN_CREATE b/f\nlost IN_IGNORED a\nunwatch a moved-out",
		},
		{
			name: "an overwritten directory gives way to the one moved over it",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(p(r, "a/b"), 0o755), os.Mkdir(p(r, "v"), 0o755))
			},
			after: func(r, _ string) error { return errors.Join(unix.Rename(p(r, "a"), p(r, "v")), write(p(r, "v/b/f"))) },
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR v\nmove a to v\nIN_MOVE_SELF v\nIN_DELETE_SELF v\nIN_IGNORED v\n" +
				"unwatch v deleted\nIN_CREATE v/b/f",
		},
		{
			name: "directories that are exchanged keep their own watches",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(p(r, "a/in-a"), 0o755), os.MkdirAll(p(r, "b/in-b"), 0o755))
			},
			after: func(r, _ string) error {
				return errors.Join(unix.Renameat2(unix.AT_FDCWD, p(r, "a"), unix.AT_FDCWD, p(r, "b"), unix.RENAME_EXCHANGE),
					write(p(r, "a/in-b/f")), write(p(r, "b/in-a/f")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR b\nmove a to b\nIN_MOVE_SELF b\n" +
				"IN_MOVED_FROM|IN_ISDIR b\nIN_MOVED_TO|IN_ISDIR a\nwatch a\nwatch a/in-b\nIN_MOVE_SELF a\n" +
				"IN_CREATE a/in-b/f\nIN_CREATE b/in-a/f",
		},
		{
			name: "a directory moved over an empty one and back is not an exchange",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(p(r, "a/in-a"), 0o755), os.Mkdir(p(r, "b"), 0o755))
			},
			after: func(r, _ string) error {
				return errors.Join(unix.Rename(p(r, "a"), p(r, "b")), unix.Rename(p(r, "b"), p(r, "a")), write(p(r, "a/in-a/f")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR b\nmove a to b\nIN_MOVE_SELF b\nIN_DELETE_SELF b\nIN_IGNORED b\nunwatch b deleted\n" +
				"IN_MOVED_FROM|IN_ISDIR b\nIN_MOVED_TO|IN_ISDIR a\nmove b to a\nIN_MOVE_SELF a\nIN_CREATE a/in-a/f",
		},
		{
			name:   "a removed directory ends with its watch",
			before: func(r, _ string) error { return os.Mkdir(p(r, "a"), 0o755) },
			after:  func(r, _ string) error { return os.Remove(p(r, "a")) },
			want:   "IN_DELETE_SELF a\nIN_IGNORED a\nunwatch a deleted\nIN_DELETE|IN_ISDIR a",
		},
		{
			name:  "an excluded directory is told of and not watched",
			after: func(r, _ string) error { return errors.Join(os.Mkdir(p(r, "no"), 0o755), write(p(r, "no/f"))) },
			want:  "IN_CREATE|IN_ISDIR no",
		},
		{
			name:   "a directory that loses its excluded name is watched",
			before: func(r, _ string) error { return errors.Join(os.Mkdir(p(r, "no"), 0o755), write(p(r, "no/f"))) },
			after:  func(r, _ string) error { return os.Rename(p(r, "no"), p(r, "yes")) },
			want:   "IN_MOVED_FROM|IN_ISDIR no\nIN_MOVED_TO|IN_ISDIR yes\nwatch yes\nsynthetic IN_CREATE yes/f",
		},
		{
			name:   "a directory that gets an excluded name is no longer watched",
			before: func(r, _ string) error { return os.MkdirAll(p(r, "yes/b"), 0o755) },
			after:  func(r, _ string) error { return os.Rename(p(r, "yes"), p(r, "no")) },
			want: "IN_MOVED_FROM|IN_ISDIR yes\nIN_MOVED_TO|IN_ISDIR no\nmove yes to nowhere\nlost IN_MOVE_SELF yes\n" +
				"lost IN_IGNORED yes\nunwatch yes moved-out\nlost IN_IGNORED yes/b\nunwatch yes/b moved-out",
		},
		{
			name:  "a symlink to a directory is not followed",
			after: func(r, out string) error { return errors.Join(os.Symlink(out, p(r, "l")), write(p(out, "f"))) },
			want:  "IN_CREATE l",
		},
		{
			name:   "the root moved away ends everything",
			before: func(r, _ string) error { return os.Mkdir(p(r, "a"), 0o755) },
			after:  func(r, out string) error { return os.Rename(r, p(out, "root")) },
			want:   "IN_MOVE_SELF .\nmove . to nowhere\nlost IN_IGNORED .\nunwatch . moved-out\nlost IN_IGNORED a\nunwatch a moved-out",
		},
		{
			name:   "without auto-add a new directory is only told of, and a rename is followed all the same",
			before: func(r, _ string) error { return os.Mkdir(p(r, "a"), 0o755) },
			change: func(r *event.WatchRequest) { r.AutoAdd = false },
			after: func(r, _ string) error {
				return errors.Join(os.Mkdir(p(r, "d"), 0o755), os.Rename(p(r, "a"), p(r, "z")), write(p(r, "z/f")), write(p(r, "d/f")))
			},
			want: "IN_CREATE|IN_ISDIR d\nIN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR z\nmove a to z\nIN_MOVE_SELF z\nIN_CREATE z/f",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			root, outside := p(base, "root"), p(base, "outside")
			mkdirs(t, root, outside)
			if c.before != nil {
				ok(t, c.before(root, outside))
			}
			s := open(t, Options{})
			r := request(root)
			if c.change != nil {
				c.change(&r)
			}
			s.add(r)
			s.sync()
			ok(t, c.after(root, outside))
			if got := s.story(root, s.settled()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestAWatchedPlaceBelowAnUnwatchedDirectoryFollowsIt(t *testing.T) {
	base := t.TempDir()
	mkdirs(t, base+"/no/deep", base+"/out")
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: base, Mask: structure, AutoAdd: true, Exclude: func(p string) bool { return strings.HasSuffix(p, "/no") || strings.HasSuffix(p, "/no2") }})
	s.add(event.WatchRequest{Path: base + "/no/deep", Mask: structure})
	s.sync()
	ok(t, os.Rename(base+"/no", base+"/yes"))
	if got, want := s.story(base, s.sync()), "IN_MOVED_FROM|IN_ISDIR no\nIN_MOVED_TO|IN_ISDIR yes\nmove no to yes"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	ok(t, os.Rename(base+"/yes", base+"/../outside"+filepath.Base(base)))
	t.Cleanup(func() { os.RemoveAll(base + "/../outside" + filepath.Base(base)) })
	s.settled()
	if w := s.table.Watches(); len(w) != 1 {
		t.Errorf("still watched: %v\n%s", w, s.story(base, s.records))
	}
}

// The kernel takes a path of PATH_MAX bytes, but what is renamed in a deep tree can make longer ones.
func TestAPathThatBecomesTooLongIsTold(t *testing.T) {
	root := t.TempDir()
	deep := root + strings.Repeat("/d", 60)
	ok(t, os.MkdirAll(deep, 0o755))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	s.sync()
	long := strings.Repeat("l", unix.NAME_MAX)
	for at := deep; at != root; at = filepath.Dir(at) { // from below, so that each path is short
		ok(t, os.Rename(at, filepath.Join(filepath.Dir(at), long)))
	}
	var fails []event.Record
	ended := 0
	for _, r := range append(s.sync(), s.sync()...) { // the kernel tells of the end of a watch afterwards
		switch r.Kind {
		case event.KindFail:
			fails = append(fails, r)
		case event.KindUnwatch:
			ended++
			if r.Name != event.CauseMovedOut {
				t.Errorf("%s", event.AppendText(nil, &r))
			}
		}
	}
	if len(fails) != 1 || fails[0].N != int64(unix.ENAMETOOLONG) || fails[0].M == 0 || !strings.HasSuffix(fails[0].Path, "/"+long) {
		t.Errorf("%d failures: %v", len(fails), fails)
	}
	if left := len(s.table.Watches()); ended == 0 || left+ended != 61 {
		t.Errorf("%d watches ended, %d are left, want 61 in all", ended, left)
	}
	for _, w := range s.table.Watches() {
		if len(w.Path()) > event.Linux.MaxPath() {
			t.Errorf("a path of %d bytes", len(w.Path()))
		}
	}
}

func TestListingOfANewDirectoryIsMarkedAsOurOwn(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.sync()
	ok(t, os.Mkdir(filepath.Join(root, "d"), 0o755))
	want := "IN_CREATE|IN_ISDIR d\nwatch d\nown IN_OPEN|IN_ISDIR d\nown IN_ACCESS|IN_ISDIR d\nown IN_CLOSE_NOWRITE|IN_ISDIR d\nmask d"
	s.settled()
	if got := s.story(root, s.records[2:]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	_, err := os.ReadDir(filepath.Join(root, "d"))
	ok(t, err)
	if got := s.story(root, s.sync()); strings.Contains(got, "own") {
		t.Errorf("another program's listing is taken for our own:\n%s", got)
	}
}

func TestAnyNameComesThrough(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.sync()
	for _, name := range []string{"new\nline", "\xff\xfe", strings.Repeat("n", 255), "-dash", " ", "esc\x1b[2J", strings.Repeat("x", 15), strings.Repeat("x", 16)} {
		ok(t, os.Mkdir(filepath.Join(root, name), 0o755), write(filepath.Join(root, name, name)))
	}
	s.sync()
	s.check(root)
}

func TestAFileIsFollowedInsideItsDirectoryAndLostOutside(t *testing.T) {
	root := t.TempDir()
	outside := t.TempDir()
	ok(t, write(root+"/f"))
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: structure, AutoAdd: true})
	s.add(event.WatchRequest{Path: root + "/f", Mask: event.IN_MODIFY})
	s.sync()
	ok(t, os.Rename(root+"/f", root+"/g"), write(root+"/g"), os.Rename(root+"/g", outside+"/g"))
	want := "IN_MOVED_FROM f\nIN_MOVED_TO g\nmove f to g\nIN_MOVE_SELF g\nIN_MODIFY g\nIN_MOVED_FROM g\nIN_MOVE_SELF g\nmove g to nowhere\nlost IN_IGNORED g\nunwatch g moved-out"
	if got := s.story(root, s.settled()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
