package live

import (
	"path/filepath"
	"slices"

	"fsrec/watcher/event"
)

// ignored are the paths of Options.Ignore, resolved to names in watched
// directories so that an event costs one look-up.
type ignored struct {
	names map[string][]string // by directory; "" for the directory itself
	at    map[int32][]string  // the same, by wd
}

func newIgnored(paths []string) ignored {
	i := ignored{names: make(map[string][]string), at: make(map[int32][]string)}
	for _, path := range paths {
		path = filepath.Clean(path)
		dir := event.Linux.Parent(path)
		i.names[dir] = append(i.names[dir], event.Linux.Base(path))
		i.names[path] = append(i.names[path], "")
	}
	return i
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

// resolveIgnored finds the watches of ignored paths that are watched under
// another path, through a symlink or a bind mount.
func (n *Inotify) resolveIgnored() {
	for dir, names := range n.ignore.names {
		if wd := n.identify(dir, 0); wd != 0 {
			n.ignore.at[wd] = names
		}
	}
}
