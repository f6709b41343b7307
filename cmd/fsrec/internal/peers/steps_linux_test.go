package peers

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// steps is a workload in which every change is processed by the watcher before
// the next is made, so that all watchers must see the same.
var steps = []struct {
	name string
	do   func(in place) error
}{
	{"create", func(in place) error { return in.open("a", os.O_CREATE|os.O_WRONLY, nil) }},
	{"write", func(in place) error { return in.open("a", os.O_WRONLY, []byte("x")) }},
	{"append", func(in place) error { return in.open("a", os.O_APPEND|os.O_WRONLY, []byte("y")) }},
	{"truncating open", func(in place) error { return in.open("a", os.O_TRUNC|os.O_WRONLY, nil) }},
	{"truncate", func(in place) error { return os.Truncate(in.path("a"), 3) }},
	{"read", func(in place) error { return in.open("old", os.O_RDONLY, nil) }},
	{"chmod", func(in place) error { return os.Chmod(in.path("a"), 0o600) }},
	{"rename", func(in place) error { return in.rename("a", "b") }},
	{"rename to another directory", func(in place) error { return in.rename("b", "sub/b") }},
	{"rename over an existing file", func(in place) error { return in.rename("sub/b", "old") }},
	{"hard link", func(in place) error { return os.Link(in.path("old"), in.path("link")) }},
	{"unlink one of two names", func(in place) error { return os.Remove(in.path("link")) }},
	{"symlink", func(in place) error { return os.Symlink("nowhere", in.path("dangling")) }},
	{"symlink to a directory", func(in place) error { return os.Symlink(in.outside(""), in.path("away")) }},
	{"rename a symlink", func(in place) error { return in.rename("away", "sub/away") }},
	{"list a directory", func(in place) error { _, err := os.ReadDir(in.path("sub")); return err }},
	{"mkdir", func(in place) error { return os.Mkdir(in.path("new"), 0o755) }},
	{"create in it", func(in place) error { return in.open("new/f", os.O_CREATE|os.O_WRONLY, []byte("x")) }},
	{"mkdir in it", func(in place) error { return os.Mkdir(in.path("new/deep"), 0o755) }},
	{"create below", func(in place) error { return in.open("new/deep/g", os.O_CREATE|os.O_WRONLY, nil) }},
	{"chmod a directory", func(in place) error { return os.Chmod(in.path("new/deep"), 0o700) }},
	{"rename a directory", func(in place) error { return in.rename("new", "moved") }},
	{"create in the renamed directory", func(in place) error { return in.open("moved/h", os.O_CREATE|os.O_WRONLY, nil) }},
	{"create below the renamed directory", func(in place) error { return in.open("moved/deep/i", os.O_CREATE|os.O_WRONLY, nil) }},
	{"move a directory into another", func(in place) error { return in.rename("moved/deep", "sub/deep") }},
	{"create in the moved directory", func(in place) error { return in.open("sub/deep/j", os.O_CREATE|os.O_WRONLY, nil) }},
	{"make a directory under the old name", func(in place) error { return os.Mkdir(in.path("new"), 0o755) }},
	{"create in it, again", func(in place) error { return in.open("new/f", os.O_CREATE|os.O_WRONLY, nil) }},
	{"rename a directory over an empty one", func(in place) error { return syscall.Rename(in.path("sub/deep"), in.path("empty")) }},
	{"create in what was renamed over it", func(in place) error { return in.open("empty/k", os.O_CREATE|os.O_WRONLY, nil) }},
	{"move a file out", func(in place) error { return os.Rename(in.path("old"), in.outside("old")) }},
	{"move a file in", func(in place) error { return os.Rename(in.outside("old"), in.path("back")) }},
	{"move a directory in", func(in place) error { return os.Rename(in.outside("full"), in.path("full")) }},
	{"create in the directory that came in", func(in place) error { return in.open("full/later", os.O_CREATE|os.O_WRONLY, nil) }},
	{"mkdir once more", func(in place) error { return os.Mkdir(in.path("leaver"), 0o755) }},
	{"create in that", func(in place) error { return in.open("leaver/h", os.O_CREATE|os.O_WRONLY, nil) }},
	{"move a directory out", func(in place) error { return os.Rename(in.path("leaver"), in.outside("leaver")) }},
	{"change it there", func(in place) error { return os.Remove(in.outside("leaver/h")) }},
	{"unlink", func(in place) error { return os.Remove(in.path("new/f")) }},
	{"rmdir", func(in place) error { return os.Remove(in.path("new")) }},
	{"mkdir where one was removed", func(in place) error { return os.Mkdir(in.path("new"), 0o755) }},
	{"create where one was removed", func(in place) error { return in.open("new/f", os.O_CREATE|os.O_WRONLY, nil) }},
	{"a space, accents, an escape, quotes", func(in place) error { return in.open(" é\x1b[31m\"'\\", os.O_CREATE|os.O_WRONLY, nil) }},
	{"a leading dash", func(in place) error { return in.open("-rf", os.O_CREATE|os.O_WRONLY, nil) }},
	{"255 bytes", func(in place) error { return in.open(string(make255()), os.O_CREATE|os.O_WRONLY, nil) }},
	{"unlink it", func(in place) error { return os.Remove(in.path(string(make255()))) }},
}

func make255() []byte {
	name := make([]byte, 255)
	for i := range name {
		name[i] = 'a' + byte(i%26)
	}
	return name
}

// place is where a workload works: a directory that is watched and one that is not.
type place struct{ root, away string }

func (in place) path(name string) string    { return filepath.Join(in.root, name) }
func (in place) outside(name string) string { return filepath.Join(in.away, name) }

func (in place) rename(from, to string) error { return os.Rename(in.path(from), in.path(to)) }

// open opens, reads or writes once, closes.
func (in place) open(name string, flags int, data []byte) error {
	f, err := os.OpenFile(in.path(name), flags, 0o644)
	if err != nil {
		return err
	}
	if data != nil {
		_, err = f.Write(data)
	} else if flags == os.O_RDONLY {
		_, err = f.Read(make([]byte, 8))
	}
	return errors.Join(err, f.Close())
}

// newPlace makes the tree in which steps begin.
func newPlace(t *testing.T) place {
	t.Helper()
	base := t.TempDir()
	in := place{filepath.Join(base, "root"), filepath.Join(base, "away")}
	for _, dir := range []string{in.root, in.away, in.path("sub"), in.path("empty"), in.outside("full"), in.outside("full/inner")} {
		ok(t, os.Mkdir(dir, 0o755))
	}
	for _, file := range []string{in.path("old"), in.path("sub/kept"), in.outside("full/one"), in.outside("full/inner/two")} {
		ok(t, os.WriteFile(file, []byte("here before"), 0o644))
	}
	return in
}

// run carries out the steps, and calls sync after each.
func (in place) run(t *testing.T, sync func()) {
	t.Helper()
	sync()
	for _, step := range steps {
		if err := step.do(in); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		sync()
	}
}
