package live

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"fsrec/watcher/event"
)

// ignored are the paths of Options.Ignore, resolved to names in watched
// directories so that an event costs one look-up.
type ignored struct {
	paths []string            // as given, and without symlinks
	names map[string][]string // by directory; "" for the directory itself
	at    map[int32][]string  // the same, by wd
}

func newIgnored(paths []string) ignored {
	i := ignored{names: make(map[string][]string), at: make(map[int32][]string)}
	for _, path := range paths {
		path = filepath.Clean(path)
		i.add(path)
		// The path itself may be yet to be made.
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			i.add(filepath.Join(dir, filepath.Base(path)))
		}
	}
	i.paths = slices.Sorted(maps.Keys(i.names))
	return i
}

func (i *ignored) add(path string) {
	dir := event.Linux.Parent(path)
	for at, name := range map[string]string{dir: event.Linux.Base(path), path: ""} {
		if !slices.Contains(i.names[at], name) {
			i.names[at] = append(i.names[at], name)
		}
	}
}

// meet finds the ignored paths at or below root that root leads to under
// another name, because it goes through a symlink or is a bind mount.
func (i *ignored) meet(root string) {
	if len(i.paths) == 0 {
		return
	}
	there, err := os.Stat(root)
	if err != nil {
		return
	}
	for _, path := range i.paths {
		for at := path; ; at = event.Linux.Parent(at) {
			if same, err := os.Stat(at); err == nil && os.SameFile(there, same) {
				rest, _ := event.Linux.Below(at, path)
				for _, name := range i.names[path] {
					i.add(event.Linux.Join(event.Linux.Join(root, rest), name))
				}
				break
			}
			if at == event.Linux.Parent(at) {
				break
			}
		}
	}
}

func (i *ignored) active() bool { return len(i.at) > 0 }

func (i *ignored) has(wd int32, name string) bool {
	return len(i.at) > 0 && slices.Contains(i.at[wd], name)
}

// place notes that watch wd stands for path.
func (i *ignored) place(wd int32, path string) {
	if len(i.names) == 0 {
		return
	}
	if names := i.names[path]; names != nil {
		i.at[wd] = names
	} else {
		delete(i.at, wd)
	}
}

func (i *ignored) forget(wd int32) { delete(i.at, wd) }
