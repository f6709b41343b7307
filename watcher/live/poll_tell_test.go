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
