package live

import (
	"strings"

	"fsrec/watcher/event"
)

// scope is what of its tree a watch of Windows is asked for, where that is
// neither all nor the directory alone. The system can only watch a whole
// tree; a scope says which of its changes are told, so that the two
// forms in between are what they are on Linux:
//
//   - recursive without auto_add: the directories that were there when the watch
//     was placed, wherever in their directory a rename puts them;
//   - auto_add without recursive: the watched directory, and all of a directory
//     that comes to be in it later. What is below one that was there already is not told.
//
// Names are relative to the watched directory, with backslashes.
type scope struct {
	autoAdd bool
	dirs    map[string]bool // folded. With autoAdd those that are not watched, in the watched directory itself
	from    string          // of a rename that waits for its second half; folded
	removed string          // by the change before, folded; a rename that changes only the case of a name begins so
}

// newScope gives nil where the system's own choice is right.
func newScope(recursive, autoAdd bool) *scope {
	if recursive == autoAdd {
		return nil
	}
	return &scope{autoAdd: autoAdd, dirs: make(map[string]bool)}
}

// meet notes a directory that is there when the watch is placed.
func (s *scope) meet(name string) {
	if s != nil && (!s.autoAdd || !strings.Contains(name, `\`)) {
		s.dirs[event.Windows.Fold(name)] = true
	}
}

// has reports whether a change of name is told.
func (s *scope) has(name string) bool {
	if s == nil {
		return true
	}
	if s.autoAdd {
		first, _, below := strings.Cut(name, `\`)
		return !below || !s.dirs[event.Windows.Fold(first)]
	}
	i := strings.LastIndexByte(name, '\\')
	return i < 0 || s.dirs[event.Windows.Fold(name[:i])]
}

// holds reports whether what is in the directory name is told.
func (s *scope) holds(name string) bool { return s.has(name + `\x`) }

// follow notes what a change does to the directories.
func (s *scope) follow(r *event.Record) {
	if s == nil {
		return
	}
	name := event.Windows.Fold(r.Name)
	if s.removed != "" && (s.removed != name || r.Action() != event.FILE_ACTION_RENAMED_OLD_NAME) {
		s.forget(s.removed)
	}
	s.removed = ""
	switch r.Action() {
	case event.FILE_ACTION_REMOVED:
		s.removed = name
	case event.FILE_ACTION_ADDED:
		s.forget(name) // it is another one than that which had the name before
	case event.FILE_ACTION_RENAMED_OLD_NAME:
		s.from = name
	case event.FILE_ACTION_RENAMED_NEW_NAME:
		s.rename(s.from, name)
		s.from = ""
	}
}

// lost notes that changes are missing.
func (s *scope) lost() {
	if s != nil {
		s.from = ""
	}
}

func (s *scope) forget(name string) {
	if s.dirs[name] {
		for dir := range s.dirs {
			if below(dir, name) {
				delete(s.dirs, dir)
			}
		}
	}
}

func (s *scope) rename(from, to string) {
	if from == to {
		return
	}
	s.forget(to)
	if from == "" || !s.dirs[from] {
		return
	}
	var moved []string
	for dir := range s.dirs {
		if below(dir, from) {
			moved = append(moved, dir)
		}
	}
	for _, dir := range moved {
		delete(s.dirs, dir)
		if !s.autoAdd {
			s.dirs[to+dir[len(from):]] = true
		}
	}
}

// below reports whether the folded name is dir or below it.
func below(name, dir string) bool {
	return strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '\\')
}
