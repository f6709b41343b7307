package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// source makes a tree of directories and files outside of what is watched.
func source(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "source")
	for i := range 12 {
		dir := filepath.Join(root, fmt.Sprintf("d%d/e/f%d", i%4, i))
		ok(t, os.MkdirAll(dir, 0o755))
		for j := range 6 {
			ok(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%d", j)), []byte(strings.Repeat("x", i*j)), 0o644))
		}
	}
	return root
}

func TestATreeMadeFasterThanWatchesLandIsToldCompletely(t *testing.T) {
	for _, c := range []struct{ name, script string }{
		{"mkdir -p", `for i in 1 2 3 4 5 6 7 8; do mkdir -p a$i/b/c/d/e && touch a$i/b/c/d/e/f a$i/b/c/g; done`},
		{"mkdir -p and rm -r", `for i in 1 2 3 4 5 6 7 8; do mkdir -p a/b/c/d/e; touch a/b/c/d/e/f; rm -r a; done; mkdir -p a/b; touch a/b/c`},
		{"tar x", `tar -C "$SOURCE" -cf ../tree.tar . && tar -xf ../tree.tar`},
		{"git init and commit", `cp -r "$SOURCE" src; git init -q . && git add . && git -c user.name=x -c user.email=x@localhost -c commit.gpgsign=false commit -q -m x`},
		{"cp -r and mv", `cp -r "$SOURCE" one; mv one two; cp -r "$SOURCE" one; mv two/d1 one/d9; cp -r two three`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newPlace(t)
			r := record(t, in.root)
			py, iw := pyinotify(t, in.root), inotifywait(t, in.root)

			sh := exec.Command("sh", "-euc", c.script)
			sh.Dir = in.root
			sh.Env = append(os.Environ(), "SOURCE="+source(t), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
			if out, err := sh.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			// pyinotify puts the creations that it makes up behind what it has read: one barrier more.
			for range 2 {
				r.sync()
				py.await()
				iw.await()
			}

			ours := r.stop()
			real := realTree(t, in.root)
			final, contradictions := finalTree(t, r.path, in.root)
			if !slices.Equal(final, real) {
				t.Errorf("the log ends in %d paths, the disk holds %d:\nlog alone:  %q\ndisk alone: %q",
					len(final), len(real), without(final, real), without(real, final))
			}
			if len(contradictions) > 0 {
				t.Errorf("told of the impossible: %q", contradictions)
			}
			for name, theirs := range map[string][]seen{"pyinotify": py.stop(), "inotifywait": iw.stop()} {
				missed, unknowable := missing(theirs, ours)
				if len(missed) > 0 {
					t.Errorf("%s alone has %d of its %d events: %v", name, len(missed), len(theirs), missed)
				}
				t.Logf("%s has %d events about files that came and went before our watch landed", name, unknowable)
			}
		})
	}
}

const changes = event.IN_CREATE | event.IN_DELETE | event.IN_MOVED_FROM | event.IN_MOVED_TO

// missing lists the changes of the tree in theirs that are not in ours and
// should be. A file that came and went before our watch on its directory
// landed leaves nothing to be known by; a faster peer may have seen it. What
// proves that it was before: it stands, in the peer's own order, before the
// first thing that the kernel told us about that directory.
func missing(theirs, ours []seen) (missed []seen, unknowable int) {
	have, told := make(map[seen]bool), make(map[string]seen)
	for _, s := range ours {
		have[seen{mask: s.mask, path: s.path}] = true
		if dir := filepath.Dir(s.path); !s.synthetic {
			if _, before := told[dir]; !before {
				told[dir] = s
			}
		}
	}
	landed := make(map[string]bool)
	for _, s := range theirs {
		dir := filepath.Dir(s.path)
		first, any := told[dir]
		if any && s.mask == first.mask && s.path == first.path {
			landed[dir] = true
		}
		switch {
		case s.mask&changes == 0 || have[seen{mask: s.mask, path: s.path}]:
		case landed[dir]:
			// pyinotify calls whatever it finds in a new directory created.
			if s.mask&event.IN_CREATE == 0 || !have[seen{mask: s.mask&event.IN_ISDIR | event.IN_MOVED_TO, path: s.path}] {
				missed = append(missed, s)
			}
		default:
			unknowable++
		}
	}
	return missed, unknowable
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
