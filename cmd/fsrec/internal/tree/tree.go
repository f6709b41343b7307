// Package tree answers "which files and directories are there when these
// events have happened": what a program believes that trusts a watcher alone.
package tree

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// Tree is a set of paths that follows events. The zero value is not usable: see New.
type Tree struct {
	separator string
	dirs      map[string]bool // by path: is it a directory
	taken     map[string]map[string]bool
	// Contradictions are events that cannot be true of the tree at that moment:
	// a path created that is there, one removed that is not.
	Contradictions []string
}

// New gives an empty tree of paths of a platform.
func New(p event.Platform) *Tree {
	return &Tree{separator: string(p.Separator()), dirs: make(map[string]bool), taken: make(map[string]map[string]bool)}
}

// Put says that a path is there.
func (t *Tree) Put(path string, dir bool) { t.dirs[path] = dir }

// HandleEvent implements watcher.Handler.
func (t *Tree) HandleEvent(ev *watcher.Event) (stop bool, err error) {
	t.Follow(ev.Mask, ev.Pathname, ev.SrcPathname)
	return false, nil
}

// Follow carries out one event.
func (t *Tree) Follow(mask event.Mask, path, src string) {
	dir := mask&event.IN_ISDIR != 0
	path, src = strings.Clone(path), strings.Clone(src)
	switch mask &^ event.IN_ISDIR {
	case event.IN_CREATE:
		if _, there := t.dirs[path]; there {
			t.Contradictions = append(t.Contradictions, fmt.Sprintf("%s %q, which is there", mask, path))
		}
		t.dirs[path] = dir
	case event.IN_DELETE:
		if len(t.take(path)) == 0 {
			t.Contradictions = append(t.Contradictions, fmt.Sprintf("%s %q, which is not there", mask, path))
		}
	case event.IN_MOVED_FROM:
		t.taken[path] = t.take(path)
		if len(t.taken[path]) == 0 {
			t.Contradictions = append(t.Contradictions, fmt.Sprintf("%s %q, which is not there", mask, path))
		}
	case event.IN_MOVED_TO:
		t.take(path)
		t.dirs[path] = dir
		for old, isDir := range t.taken[src] {
			t.dirs[path+old[len(src):]] = isDir
		}
		delete(t.taken, src)
	}
}

// take removes path and what is below it, and returns what was removed.
func (t *Tree) take(path string) map[string]bool {
	gone := make(map[string]bool)
	dir, there := t.dirs[path]
	if !there {
		return gone
	}
	gone[path] = dir
	if dir {
		for p, d := range t.dirs {
			if strings.HasPrefix(p, path+t.separator) {
				gone[p] = d
			}
		}
	}
	for p := range gone {
		delete(t.dirs, p)
	}
	return gone
}

// Paths lists the tree in order; a directory ends in a separator.
func (t *Tree) Paths() []string {
	paths := make([]string, 0, len(t.dirs))
	for p, dir := range t.dirs {
		paths = append(paths, mark(p, dir, t.separator))
	}
	slices.Sort(paths)
	return paths
}

func mark(path string, dir bool, separator string) string {
	if dir {
		return path + separator
	}
	return path
}

// At is the tree that a recording ends in: its snapshot, and then its events.
func At(ctx context.Context, log event.Log) (*Tree, error) {
	t := New(log.Header().Platform)
	if err := t.snapshot(ctx, log); err != nil {
		return nil, err
	}
	if err := log.Seek(1); err != nil {
		return nil, err
	}
	r, err := replayer.New(log)
	if err != nil {
		return nil, err
	}
	wm := watcher.NewWatchManager(r, watcher.Adopt())
	defer func() { _ = wm.Close() }()
	return t, watcher.NewNotifier(wm, t).Run(ctx)
}

// snapshot puts what was there at the start. Windows' entries that follow a change
// are what a listing found later, and the changes tell of it.
func (t *Tree) snapshot(ctx context.Context, log event.Log) error {
	platform := log.Header().Platform
	table := event.NewTable(platform)
	changed := make(map[int32]bool)
	for batch, err := range event.Batches(ctx, log) {
		if err != nil {
			return err
		}
		for i := range batch {
			r := &batch[i]
			table.Apply(r)
			w := table.Watch(r.WD)
			switch {
			case r.Kind == event.KindChange:
				changed[r.WD] = true
			case r.Kind == event.KindEntry && w != nil && r.Name != "" && !changed[r.WD]:
				const format, directory = 0o170000, 0o040000 // S_IFMT, S_IFDIR
				t.Put(platform.Join(w.Path(), r.Name), r.Cookie&format == directory)
			}
		}
	}
	return nil
}

// Real lists what is below a directory now, in the form of Paths.
func Real(root string) ([]string, error) {
	paths := []string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != root {
			paths = append(paths, mark(path, d.IsDir(), string(filepath.Separator)))
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}
