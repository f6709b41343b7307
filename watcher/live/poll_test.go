package live

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// exchange swaps two names by way of a third.
func exchange(a, b string) error {
	return errors.Join(os.Rename(a, a+".tmp"), os.Rename(b, a), os.Rename(a+".tmp", b))
}

func TestWhatALookTells(t *testing.T) {
	j := filepath.Join
	old := time.Unix(1_500_000_000, 0)
	for _, c := range []struct {
		name          string
		before, after func(r, out string) error
		change        func(*event.WatchRequest)
		want          string
		unborn        string // where a number can be given out again and it is not known when an object was made
	}{
		{
			name:  "what is made and written is told once",
			after: func(r, _ string) error { return put(j(r, "f"), "text") },
			want:  "IN_CREATE f",
		},
		{
			name:   "a file whose size changes was modified",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return put(j(r, "f"), "longer text") },
			want:   "IN_MODIFY f",
		},
		{
			name:   "a file whose time changes was modified",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return os.Chtimes(j(r, "f"), old, old) },
			want:   "IN_MODIFY f",
		},
		{
			name:   "a file that loses the permission to be written changed its attributes",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return os.Chmod(j(r, "f"), 0o444) },
			want:   "IN_ATTRIB f",
		},
		{
			name:   "both are told where both are true",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return errors.Join(put(j(r, "f"), "longer"), os.Chmod(j(r, "f"), 0o444)) },
			want:   "IN_MODIFY f\nIN_ATTRIB f",
		},
		{
			name:   "what is made and removed between two looks is not told",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return errors.Join(put(j(r, "g"), ""), os.Remove(j(r, "g"))) },
		},
		{
			name:   "a removed file",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return os.Remove(j(r, "f")) },
			want:   "IN_DELETE f",
		},
		{
			name:   "a renamed file",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return os.Rename(j(r, "f"), j(r, "g")) },
			want:   "IN_MOVED_FROM f\nIN_MOVED_TO g",
		},
		{
			name: "a file renamed over another replaces it",
			before: func(r, _ string) error {
				return errors.Join(put(j(r, "f"), "text"), put(j(r, "g"), "other text"))
			},
			after: func(r, _ string) error { return os.Rename(j(r, "f"), j(r, "g")) },
			want:  "IN_MOVED_FROM f\nIN_MOVED_TO g",
		},
		{
			name:   "a file replaced by one that was not there before",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after: func(r, out string) error {
				return errors.Join(put(j(out, "f"), "new text"), os.Rename(j(out, "f"), j(r, "f")))
			},
			want: "IN_DELETE f\nIN_CREATE f",
		},
		{
			name:   "a file that becomes a directory",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after:  func(r, _ string) error { return errors.Join(os.Remove(j(r, "f")), os.Mkdir(j(r, "f"), 0o755)) },
			want:   "IN_DELETE f\nIN_CREATE|IN_ISDIR f\nwatch f",
		},
		{
			name: "a file renamed and written",
			before: func(r, _ string) error {
				return put(j(r, "f"), "text")
			},
			after:  func(r, _ string) error { return errors.Join(os.Rename(j(r, "f"), j(r, "g")), put(j(r, "g"), "longer")) },
			want:   "IN_MOVED_FROM f\nIN_MOVED_TO g\nIN_MODIFY g",
			unborn: "IN_DELETE f\nIN_CREATE g",
		},
		{
			name: "files renamed in a row",
			before: func(r, _ string) error {
				return errors.Join(put(j(r, "a"), "1"), put(j(r, "b"), "22"), put(j(r, "c"), "333"))
			},
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "c"), j(r, "d")), os.Rename(j(r, "b"), j(r, "c")), os.Rename(j(r, "a"), j(r, "b")))
			},
			want: "IN_MOVED_FROM c\nIN_MOVED_TO d\nIN_MOVED_FROM b\nIN_MOVED_TO c\nIN_MOVED_FROM a\nIN_MOVED_TO b",
		},
		{
			name:   "files exchanged",
			before: func(r, _ string) error { return errors.Join(put(j(r, "a"), "1"), put(j(r, "b"), "22")) },
			after:  func(r, _ string) error { return exchange(j(r, "a"), j(r, "b")) },
			want:   "IN_MOVED_FROM b\nIN_MOVED_FROM a\nIN_MOVED_TO b\nIN_MOVED_TO a",
		},
		{
			name: "a new tree is told and watched completely",
			after: func(r, _ string) error {
				return errors.Join(os.MkdirAll(j(r, "d", "e"), 0o755), put(j(r, "d", "e", "f"), ""), put(j(r, "d", "a"), ""))
			},
			want: "IN_CREATE|IN_ISDIR d\nwatch d\nsynthetic IN_CREATE d/a\nsynthetic IN_CREATE|IN_ISDIR d/e\nwatch d/e\nsynthetic IN_CREATE d/e/f",
		},
		{
			name: "a removed tree is told from below",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(j(r, "d", "e"), 0o755), put(j(r, "d", "e", "f"), ""), put(j(r, "d", "a"), ""))
			},
			after: func(r, _ string) error { return tempdir.RemoveAll(j(r, "d")) },
			want: "IN_DELETE d/a\nIN_DELETE d/e/f\nIN_DELETE_SELF d/e\nIN_IGNORED d/e\nunwatch d/e deleted\nIN_DELETE|IN_ISDIR d/e\n" +
				"IN_DELETE_SELF d\nIN_IGNORED d\nunwatch d deleted\nIN_DELETE|IN_ISDIR d",
		},
		{
			name:   "a directory renamed inside the tree takes its watches along",
			before: func(r, _ string) error { return os.MkdirAll(j(r, "a", "b"), 0o755) },
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "a"), j(r, "z")), put(j(r, "z", "b", "f"), ""))
			},
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR z\nmove a to z\nIN_MOVE_SELF z\nIN_CREATE z/b/f",
		},
		{
			name:   "a file moved to another directory",
			before: func(r, _ string) error { return errors.Join(os.MkdirAll(j(r, "a"), 0o755), put(j(r, "f"), "text")) },
			after:  func(r, _ string) error { return os.Rename(j(r, "f"), j(r, "a", "g")) },
			want:   "IN_MOVED_FROM f\nIN_MOVED_TO a/g",
		},
		{
			name:   "a file moved to a new directory",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			after: func(r, _ string) error {
				return errors.Join(os.Mkdir(j(r, "d"), 0o755), os.Rename(j(r, "f"), j(r, "d", "g")))
			},
			want: "IN_CREATE|IN_ISDIR d\nwatch d\nIN_MOVED_FROM f\nIN_MOVED_TO d/g",
		},
		{
			name: "what is moved out of a directory that is removed leaves it first",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(j(r, "d", "e"), 0o755), put(j(r, "d", "f"), "text"), put(j(r, "d", "e", "g"), "more text"))
			},
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "d", "f"), j(r, "f")), os.Rename(j(r, "d", "e"), j(r, "e")), os.Remove(j(r, "d")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR d/e\nIN_MOVED_TO|IN_ISDIR e\nmove d/e to e\nIN_MOVE_SELF e\nIN_MOVED_FROM d/f\nIN_MOVED_TO f\n" +
				"IN_DELETE_SELF d\nIN_IGNORED d\nunwatch d deleted\nIN_DELETE|IN_ISDIR d",
		},
		{
			name:   "a directory replaced by what was in it",
			before: func(r, _ string) error { return os.MkdirAll(j(r, "d", "e", "g"), 0o755) },
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "d", "e"), j(r, "x")), os.Remove(j(r, "d")), os.Rename(j(r, "x"), j(r, "d")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR d/e\nIN_DELETE_SELF d\nIN_IGNORED d\nunwatch d deleted\nIN_DELETE|IN_ISDIR d\n" +
				"IN_MOVED_TO|IN_ISDIR d\nwatch d\nwatch d/g\nIN_MOVE_SELF d",
		},
		{
			name:   "a directory and the one in it change places",
			before: func(r, _ string) error { return os.MkdirAll(j(r, "p", "q", "x"), 0o755) },
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "p", "q"), j(r, "q")), os.Rename(j(r, "p"), j(r, "q", "p")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR p/q\nIN_MOVED_TO|IN_ISDIR q\nmove p/q to q\nIN_MOVE_SELF q\n" +
				"IN_MOVED_FROM|IN_ISDIR p\nIN_MOVED_TO|IN_ISDIR q/p\nmove p to q/p\nIN_MOVE_SELF q/p",
		},
		{
			name: "directories exchanged keep their own watches",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(j(r, "a", "in-a"), 0o755), os.MkdirAll(j(r, "b", "in-b"), 0o755))
			},
			after: func(r, _ string) error {
				return errors.Join(exchange(j(r, "a"), j(r, "b")), put(j(r, "a", "in-b", "f"), ""), put(j(r, "b", "in-a", "f"), ""))
			},
			want: "IN_MOVED_FROM|IN_ISDIR b\nIN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR b\nmove a to b\nIN_MOVE_SELF b\n" +
				"IN_MOVED_TO|IN_ISDIR a\nwatch a\nwatch a/in-b\nIN_MOVE_SELF a\nIN_CREATE a/in-b/f\nIN_CREATE b/in-a/f",
		},
		{
			name:   "a directory moved out of the tree is told as deleted",
			before: func(r, _ string) error { return os.MkdirAll(j(r, "a", "b"), 0o755) },
			after:  func(r, out string) error { return os.Rename(j(r, "a"), j(out, "a")) },
			want: "IN_DELETE_SELF a/b\nIN_IGNORED a/b\nunwatch a/b deleted\nIN_DELETE|IN_ISDIR a/b\n" +
				"IN_DELETE_SELF a\nIN_IGNORED a\nunwatch a deleted\nIN_DELETE|IN_ISDIR a",
		},
		{
			name:  "an excluded directory is told of and not watched",
			after: func(r, _ string) error { return errors.Join(os.Mkdir(j(r, "no"), 0o755), put(j(r, "no", "f"), "")) },
			want:  "IN_CREATE|IN_ISDIR no",
		},
		{
			name:   "a directory that loses its excluded name is watched",
			before: func(r, _ string) error { return errors.Join(os.Mkdir(j(r, "no"), 0o755), put(j(r, "no", "f"), "")) },
			after:  func(r, _ string) error { return os.Rename(j(r, "no"), j(r, "yes")) },
			want:   "IN_MOVED_FROM|IN_ISDIR no\nIN_MOVED_TO|IN_ISDIR yes\nwatch yes\nsynthetic IN_CREATE yes/f",
		},
		{
			name:   "a directory that gets an excluded name is no longer watched",
			before: func(r, _ string) error { return os.MkdirAll(j(r, "yes", "b"), 0o755) },
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "yes"), j(r, "no")), put(j(r, "no", "f"), ""), os.Mkdir(j(r, "no", "b", "c"), 0o755))
			},
			want: "IN_MOVED_FROM|IN_ISDIR yes\nIN_MOVED_TO|IN_ISDIR no\nmove yes to nowhere\nlost IN_MOVE_SELF yes\n" +
				"lost IN_IGNORED yes\nunwatch yes moved-out\nlost IN_IGNORED yes/b\nunwatch yes/b moved-out",
		},
		{
			name: "what leaves a directory that gets an excluded name leaves it first",
			before: func(r, _ string) error {
				return errors.Join(os.MkdirAll(j(r, "a", "b"), 0o755), put(j(r, "a", "f"), "text"))
			},
			after: func(r, _ string) error {
				return errors.Join(os.Rename(j(r, "a", "b"), j(r, "z")), os.Rename(j(r, "a", "f"), j(r, "z", "f")), os.Rename(j(r, "a"), j(r, "no")))
			},
			want: "IN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR no\nIN_MOVED_FROM|IN_ISDIR a/b\nIN_MOVED_TO|IN_ISDIR z\nmove a/b to z\nIN_MOVE_SELF z\n" +
				"IN_MOVED_FROM a/f\nIN_MOVED_TO z/f\nmove a to nowhere\nlost IN_MOVE_SELF a\nlost IN_IGNORED a\nunwatch a moved-out",
		},
		{
			name:   "the root removed ends everything",
			before: func(r, _ string) error { return os.Mkdir(j(r, "a"), 0o755) },
			after:  func(r, _ string) error { return tempdir.RemoveAll(r) },
			want:   "IN_DELETE_SELF a\nIN_IGNORED a\nunwatch a deleted\nIN_DELETE|IN_ISDIR a\nIN_DELETE_SELF .\nIN_IGNORED .\nunwatch . deleted",
		},
		{
			name: "the root replaced is another directory",
			after: func(r, out string) error {
				return errors.Join(os.Rename(r, j(out, "r")), os.MkdirAll(j(r, "a"), 0o755))
			},
			before: func(r, _ string) error { return put(j(r, "f"), "") },
			want:   "IN_DELETE f\nIN_DELETE_SELF .\nIN_IGNORED .\nunwatch . deleted",
		},
		{
			name:   "without auto-add a new directory is only told of, and a rename is followed all the same",
			before: func(r, _ string) error { return os.Mkdir(j(r, "a"), 0o755) },
			change: func(r *event.WatchRequest) { r.AutoAdd = false },
			after: func(r, _ string) error {
				return errors.Join(os.Mkdir(j(r, "d"), 0o755), os.Rename(j(r, "a"), j(r, "z")), put(j(r, "z", "f"), ""), put(j(r, "d", "f"), ""))
			},
			want: "IN_CREATE|IN_ISDIR d\nIN_MOVED_FROM|IN_ISDIR a\nIN_MOVED_TO|IN_ISDIR z\nmove a to z\nIN_MOVE_SELF z\nIN_CREATE z/f",
		},
		{
			name:   "only what was asked for is told",
			before: func(r, _ string) error { return put(j(r, "f"), "text") },
			change: func(r *event.WatchRequest) { r.Mask, r.Recursive, r.AutoAdd = event.IN_DELETE, false, false },
			after:  func(r, _ string) error { return errors.Join(put(j(r, "g"), ""), os.Remove(j(r, "f"))) },
			want:   "IN_DELETE f",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := tempdir.New(t)
			root, outside := j(base, "root"), j(base, "outside")
			dirs(t, root, outside)
			if c.before != nil {
				must(t, c.before(root, outside))
			}
			p := polling(t, Options{})
			r := event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true,
				Exclude: func(path string) bool { return strings.HasPrefix(filepath.Base(path), "no") }}
			if c.change != nil {
				c.change(&r)
			}
			p.watch(r)
			p.sync()
			must(t, c.after(root, outside))
			if there, err := pollStat(base, false); err == nil && there.born == 0 && c.unborn != "" {
				c.want = c.unborn
			}
			p.expects(root, c.want)
			if more := p.sync(); len(more) > 0 {
				t.Errorf("the next look finds more:\n%s", p.story(root, more))
			}
		})
	}
}

func TestCookiesOfALookCountFromOne(t *testing.T) {
	root := tempdir.New(t)
	must(t, put(filepath.Join(root, "a"), "1"), put(filepath.Join(root, "b"), "22"))
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	must(t, os.Rename(filepath.Join(root, "a"), filepath.Join(root, "c")), os.Rename(filepath.Join(root, "b"), filepath.Join(root, "d")))
	var cookies []uint32
	for _, r := range p.sync() {
		cookies = append(cookies, r.Cookie)
	}
	if len(cookies) != 4 || cookies[0] != 1 || cookies[1] != 1 || cookies[2] != 2 || cookies[3] != 2 {
		t.Errorf("cookies %v", cookies)
	}
}

func TestAWatchedFileIsFollowedAndEnds(t *testing.T) {
	root := tempdir.New(t)
	f, g := filepath.Join(root, "f"), filepath.Join(root, "g")
	must(t, put(f, "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: f, Mask: event.IN_ALL_EVENTS})
	p.expects(root, "watch .", "watch f")
	must(t, put(f, "longer"))
	p.expects(root, "IN_MODIFY f", "IN_MODIFY f")
	must(t, os.Rename(f, g))
	p.expects(root, "IN_MOVED_FROM f", "IN_MOVED_TO g", "move f to g", "IN_MOVE_SELF g")
	must(t, os.Chmod(g, 0o400))
	p.expects(root, "IN_ATTRIB g", "IN_ATTRIB g")
	must(t, os.Chmod(g, 0o600), os.Remove(g))
	p.expects(root, "IN_DELETE_SELF g", "IN_IGNORED g", "unwatch g deleted", "IN_DELETE g")
}

func TestAWatchedFileOfAnUnwatchedDirectory(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	must(t, put(f, "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: f, Mask: event.IN_MODIFY})
	must(t, put(f, "longer"))
	p.expects(root, "watch f", "IN_MODIFY f")
	must(t, os.Rename(f, f+"2"), put(f, "another"))
	p.expects(root, "IN_DELETE_SELF f", "IN_IGNORED f", "unwatch f deleted")
}

func TestPlacesBelowAnUnwatchedDirectoryFollowItsRename(t *testing.T) {
	root := tempdir.New(t)
	no, yes := filepath.Join(root, "no"), filepath.Join(root, "yes")
	dirs(t, filepath.Join(no, "deep", "er"))
	must(t, put(filepath.Join(no, "f"), "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: filepath.Join(no, "deep"), Mask: event.IN_ALL_EVENTS, Recursive: true})
	p.watch(event.WatchRequest{Path: filepath.Join(no, "f"), Mask: event.IN_ALL_EVENTS})
	p.sync()
	must(t, os.Rename(no, yes), put(filepath.Join(yes, "deep", "er", "g"), ""), put(filepath.Join(yes, "f"), "longer"))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR no", "IN_MOVED_TO|IN_ISDIR yes", "move no to yes", "IN_CREATE yes/deep/er/g", "IN_MODIFY yes/f")
}

func TestTheWatchOfARootInsideAnotherFollowsItsRename(t *testing.T) {
	root := tempdir.New(t)
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	dirs(t, a)
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: a, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.sync()
	must(t, os.Rename(a, b), put(filepath.Join(b, "f"), ""))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR a", "IN_MOVED_TO|IN_ISDIR b", "move a to b", "IN_MOVE_SELF b", "IN_CREATE b/f")
	must(t, os.Rename(b, a), put(filepath.Join(a, "g"), ""))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR b", "IN_MOVED_TO|IN_ISDIR a", "move b to a", "IN_MOVE_SELF a", "IN_CREATE a/g")
}

func TestPollOneshotGivesOneEvent(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_ONESHOT})
	must(t, put(filepath.Join(root, "f"), ""), put(filepath.Join(root, "g"), ""))
	p.expects(root, "watch .", "IN_CREATE f", "IN_IGNORED .", "unwatch . oneshot")
	must(t, put(filepath.Join(root, "h"), ""))
	p.expects(root)
}

func TestPollUpdateAndRemove(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	p := polling(t, Options{})
	wd := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	must(t, put(f, ""))
	p.expects(root, "watch .", "IN_CREATE f")
	must(t, p.Update(wd, event.IN_DELETE), os.Remove(f))
	p.expects(root, "watch .", "IN_DELETE f")
	must(t, p.Update(wd, event.IN_CREATE|event.IN_MASK_ADD), put(f, ""))
	p.expects(root, "watch .", "IN_CREATE f")
	var we *event.WatchError
	if err := p.Update(wd, event.IN_ONLYDIR); !errors.As(err, &we) || we.Hint == "" {
		t.Errorf("%v", err)
	}
	must(t, p.Remove(wd), put(filepath.Join(root, "g"), ""))
	p.expects(root, "IN_IGNORED .", "unwatch . removed")
	for name, err := range map[string]error{"Remove": p.Remove(wd), "Update": p.Update(wd, event.IN_CREATE)} {
		if !errors.Is(err, event.ErrUnknownWatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD; again == wd {
		t.Errorf("wd %d was given out again", wd)
	}
}

func TestARemovedWatchStaysRemovedAndWhatIsBelowIsWatched(t *testing.T) {
	root := tempdir.New(t)
	dirs(t, filepath.Join(root, "a", "b"))
	p := polling(t, Options{})
	results := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true})
	must(t, p.Remove(results[1].WD))
	p.sync()
	must(t, put(filepath.Join(root, "a", "f"), ""), put(filepath.Join(root, "a", "b", "f"), ""), put(filepath.Join(root, "f"), ""))
	p.expects(root, "IN_CREATE f", "IN_CREATE a/b/f")
}

func TestPollAddingTwiceChangesTheMaskAndKeepsTheWatch(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	if second := p.watch(event.WatchRequest{Path: root, Mask: event.IN_DELETE})[0].WD; second != first {
		t.Fatalf("wd %d became %d", first, second)
	}
	p.sync()
	must(t, put(f, ""))
	p.expects(root)
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_MASK_ADD})
	must(t, os.Remove(f))
	p.expects(root, "watch .", "IN_DELETE f")
	must(t, put(f, ""))
	p.expects(root, "IN_CREATE f")
	if m := p.table.Watch(first).Mask; m != event.IN_CREATE|event.IN_DELETE {
		t.Errorf("mask is %v", m)
	}
}

func TestAddingWhereSomethingElseStoodEndsTheOldWatch(t *testing.T) {
	base := tempdir.New(t)
	root, old := filepath.Join(base, "root"), filepath.Join(base, "old")
	dirs(t, root)
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	p.sync()
	must(t, os.Rename(root, old))
	dirs(t, root)
	second := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	if first == second {
		t.Fatalf("another directory has wd %d", first)
	}
	must(t, put(filepath.Join(root, "f"), ""))
	p.expects(root, "IN_DELETE_SELF .", "IN_IGNORED .", "unwatch . deleted", "watch .", "IN_CREATE f")
	third := p.watch(event.WatchRequest{Path: old, Mask: event.IN_CREATE})[0].WD
	if third <= second {
		t.Errorf("wds %d, %d, %d", first, second, third)
	}
}

func TestAddingADirectoryThatWasRenamedMovesItsWatch(t *testing.T) {
	base := tempdir.New(t)
	a, b := filepath.Join(base, "a"), filepath.Join(base, "b")
	dirs(t, a)
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: a, Mask: event.IN_CREATE})[0].WD
	p.sync()
	must(t, os.Rename(a, b))
	if second := p.watch(event.WatchRequest{Path: b, Mask: event.IN_CREATE})[0].WD; second != first {
		t.Errorf("wd %d became %d", first, second)
	}
	must(t, put(filepath.Join(b, "f"), ""))
	p.expects(base, "move a to b", "watch b", "IN_CREATE b/f")
}

func TestPollFlagsOfARequest(t *testing.T) {
	base := tempdir.New(t)
	dirs(t, filepath.Join(base, "d"))
	must(t, put(filepath.Join(base, "f"), ""))
	p := polling(t, Options{})
	for _, c := range []struct {
		path string
		mask event.Mask
		err  error
	}{
		{"f", event.IN_MODIFY | event.IN_ONLYDIR, pollNoDir},
		{"d", event.IN_CREATE | event.IN_ONLYDIR, nil},
		{"d", event.IN_CREATE | event.IN_MASK_CREATE, pollExists},
		{"f", event.IN_MODIFY | event.IN_MASK_CREATE, nil},
		{"nothing", event.IN_CREATE, pollNoEntry},
		{"nothing", event.IN_CREATE, os.ErrNotExist},
		{"d", 0, pollInvalid},
		{"d", event.IN_ONLYDIR, pollInvalid},
	} {
		results, err := p.Add(event.WatchRequest{Path: filepath.Join(base, c.path), Mask: c.mask})
		must(t, err)
		var we *event.WatchError
		switch r := results[0]; {
		case c.err == nil && (r.Err != nil || r.WD < 1):
			t.Errorf("%s %v: %+v", c.path, c.mask, r)
		case c.err != nil && (!errors.Is(r.Err, c.err) || !errors.As(r.Err, &we) || we.Path != filepath.Join(base, c.path) || r.WD != 0):
			t.Errorf("%s %v: want %v, got %+v", c.path, c.mask, c.err, r)
		}
	}
	if got := p.story(base, p.sync()); strings.Count(got, "fail watch d") != 3 || strings.Count(got, "fail watch f") != 1 {
		t.Errorf("got\n%s", got)
	}
}

func TestTheEventsThatPollingCannotTellAreUnrecorded(t *testing.T) {
	p := polling(t, Options{})
	r := p.watch(event.WatchRequest{Path: tempdir.New(t), Mask: event.IN_ALL_EVENTS})[0]
	if want := event.IN_ACCESS | event.IN_OPEN | event.IN_CLOSE; r.Unrecorded != want {
		t.Errorf("unrecorded %v, want %v", r.Unrecorded, want)
	}
	if w := p.sync()[0]; event.Mask(w.N)&r.Unrecorded != 0 || w.Mask != event.IN_ALL_EVENTS || w.P != 0 {
		t.Errorf("%s", event.AppendText(nil, &w))
	}
}

func TestPollGlobRelativePathsAndBadPaths(t *testing.T) {
	root := tempdir.New(t)
	home, err := os.Getwd()
	must(t, err, os.Chdir(root))
	defer func() { must(t, os.Chdir(home)) }()
	dirs(t, filepath.Join("x1", "sub"), "x2", "y")
	p := polling(t, Options{})
	var keys []string
	for _, r := range p.watch(event.WatchRequest{Path: "x?", Glob: true, Recursive: true, Mask: event.IN_CREATE}) {
		if !filepath.IsAbs(r.Path) || !strings.HasSuffix(r.Path, r.Key) {
			t.Errorf("%+v", r)
		}
		keys = append(keys, filepath.ToSlash(r.Key))
	}
	if got := strings.Join(keys, " "); got != "x1 x2 x1/sub" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []event.WatchRequest{{Path: "z*", Glob: true}, {Path: "[", Glob: true}, {Path: ""}, {Path: "a\x00b"}} {
		bad.Mask = event.IN_CREATE
		results, err := p.Add(bad)
		must(t, err)
		var we *event.WatchError
		if len(results) != 1 || !errors.As(results[0].Err, &we) || we.Hint == "" || results[0].Key != bad.Path {
			t.Errorf("%q: %+v", bad.Path, results)
		}
	}
	if results := p.watch(event.WatchRequest{Path: ".", Recursive: true, Mask: event.IN_CREATE}); results[0].Key != "." || results[1].Key != "x1" {
		t.Errorf("%+v", results)
	}
}

func TestPollSnapshotTellsWhatIsThere(t *testing.T) {
	root := tempdir.New(t)
	dirs(t, filepath.Join(root, "d"))
	f := filepath.Join(root, "d", "f")
	when := time.Unix(1_500_000_000, 123456700)
	must(t, put(f, "four"), os.Chtimes(f, when, when))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, Snapshot: true,
		Exclude: func(path string) bool { return filepath.Base(path) == "none" }})
	records := p.sync()
	if got := p.story(root, records); got != "watch .\nentry d\nwatch d\nentry d/f" {
		t.Fatalf("got\n%s", got)
	}
	if r := records[3]; r.Cookie&pollTypes != 0o100000 || r.N != 4 || r.M != when.UnixNano() {
		t.Errorf("%s", event.AppendText(nil, &r))
	}
	if r := records[1]; r.Cookie&pollTypes != pollDir {
		t.Errorf("%s", event.AppendText(nil, &r))
	}
}

func TestPollTellsNothingOfIgnoredPaths(t *testing.T) {
	root := tempdir.New(t)
	sub := filepath.Join(root, "sub")
	dirs(t, sub)
	log := filepath.Join(sub, "log.db")
	p := polling(t, Options{Ignore: []string{log}, Drop: func(path string) bool { return strings.HasSuffix(path, ".drop") }})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
	p.sync()
	must(t, put(log, "x"), put(filepath.Join(sub, "x.drop"), ""))
	dirs(t, filepath.Join(root, "d.drop", "e"))
	p.expects(root)
	must(t, put(log, "xx"), os.Rename(log, log+"2"))
	p.expects(root, "IN_CREATE sub/log.db2")
}

func TestPollHeaderSaysWhatWasAskedFor(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{Interval: 3 * time.Second})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true, Snapshot: true})
	h := p.Header()
	if h.Platform != pollPlatform || h.Backend != "poll" || h.ReadPause != "3s" || len(h.Roots) != 1 || h.Roots[0] != root ||
		h.Mask != event.IN_CREATE || !h.Recursive || !h.AutoAdd || !h.Snapshot || time.Since(h.Start) > time.Minute {
		t.Errorf("%+v", h)
	}
}
