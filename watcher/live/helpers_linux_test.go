package live

import (
	"os"
	"path/filepath"
	"testing"

	"fsrec/watcher/event"
)

type underTest = Inotify

var newUnderTest = NewInotify

// settled syncs, and once more for what our own reaction to it caused. It
// returns what came of both.
func (s *session) settled() []event.Record {
	s.t.Helper()
	first := len(s.records)
	for range 3 {
		s.sync()
	}
	return s.records[first:]
}

// realTree lists everything below root, directories with a slash at the end.
func realTree(t testing.TB, root string) map[string]bool {
	t.Helper()
	tree := make(map[string]bool)
	ok(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		if d.IsDir() {
			path += "/"
		}
		tree[path] = true
		return nil
	}))
	return tree
}
