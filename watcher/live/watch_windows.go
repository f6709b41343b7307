package live

import (
	"strings"

	"golang.org/x/sys/windows"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// watch is one entry of the watch table: a directory, with or without what is
// below it, or a file, which is the changes of one name in its directory.
type watch struct {
	wd   int32
	id   identity      // of the directory
	dir  string        // its path
	gone chan struct{} // closed when the watch is over and its handles are given up

	// Guarded by n.mu.
	asked    terms
	path     string // of the directory, or of the file
	cur      *stream
	holding  bool     // Add has yet to tell of the watch
	held     []*batch // meanwhile
	cause    string   // why it is ending
	over     bool
	suspect  bool // it is to be looked whether it is there
	refused  bool // after all the system does not say what is a directory
	update   *update
	waits    []awaited // for its sentinels
	lastRead int64     // time of the last completion

	// Of the worker, and of Add before it tells of the watch.
	terms           // asked, as of the batch that is processed
	now      string // where the directory is, which may have been renamed
	start    []byte // now and a backslash, for a system call, with room for a name
	scope    *scope
	file     *fileName       // nil for a directory
	ignore   []string        // names from dir about which nothing is told
	excluded map[string]bool // what terms.exclude said about directories, by name from dir
	renaming bool            // the last change was the first half of a rename
	removal  bool            // the last change was a removal: a later one may belong to it
	skip     skip
}

// terms is what a watch was asked for.
type terms struct {
	mask    event.Mask
	flags   event.Flags
	exclude func(path string) bool
	edition int // differs where exclude may
}

// subtree reports whether the system has to watch the directories below too.
func (t *terms) subtree() bool {
	return t.flags&event.FlagDir != 0 && t.flags&(event.FlagRecursive|event.FlagAutoAdd) != 0
}

// filter is what the system has to be asked for.
func (t *terms) filter() event.Filter {
	f := t.mask.Filter()
	return f | event.FILE_NOTIFY_CHANGE_FILE_NAME | event.FILE_NOTIFY_CHANGE_DIR_NAME
}

func (t *terms) scope() *scope {
	return newScope(t.flags&event.FlagRecursive != 0, t.flags&event.FlagAutoAdd != 0)
}

// fileName is the name of a watched file in its directory.
type fileName struct {
	name, short string // short is how else it was asked for
	moving      bool   // the first half of its rename was the last change
	removed     bool   // its removal was the last change; a rename that only changes case begins so
}

func (f *fileName) is(name string) bool {
	return sameName(name, f.name) || sameName(name, f.short)
}

func sameName(a, b string) bool {
	return a == b || len(a) == len(b) && event.Windows.Fold(a) == event.Windows.Fold(b)
}

// standsAt notes where the directory of w is.
func (w *watch) standsAt(path string) {
	w.now = path
	w.start = decode.AppendUTF16(make([]byte, 0, 2*len(path)+1024), event.Windows.Join(systemPath(path), "x"))
	w.start = w.start[:len(w.start)-2]
}

// record is the KindWatch record of w.
func (w *watch) record() event.Record {
	return event.Record{Kind: event.KindWatch, Flags: w.asked.flags, WD: w.wd, Mask: w.asked.mask, P: int64(w.cur.call.filter), Path: w.path}
}

// shut gives up the handles.
func (w *watch) shut() {
	w.cur.shut()
	if w.update != nil {
		w.update.next.shut()
	}
}

// hides reports whether a change of name is not told of.
func (w *watch) hides(name string, drop func(path string) bool) bool {
	for _, ignored := range w.ignore {
		if len(name) >= len(ignored) && strings.EqualFold(name[:len(ignored)], ignored) {
			if _, below := event.Windows.Below(ignored, name); below {
				return true
			}
		}
	}
	return !w.scope.has(name) || w.belowExcluded(name) || drop != nil && drop(event.Windows.Join(w.dir, name))
}

// belowExcluded reports whether a directory on the way to name is left out.
func (w *watch) belowExcluded(name string) bool {
	if w.exclude == nil {
		return false
	}
	for i := range len(name) {
		if name[i] == '\\' && w.excludes(name[:i]) {
			return true
		}
	}
	return false
}

// maxExcluded bounds what is remembered of the answers of an exclude filter.
const maxExcluded = 64 << 10

// excludes asks the filter about the directory name.
func (w *watch) excludes(name string) bool {
	if w.exclude == nil {
		return false
	}
	is, known := w.excluded[name]
	if !known {
		is = w.exclude(event.Windows.Join(w.dir, name))
		if len(w.excluded) >= maxExcluded {
			clear(w.excluded)
		}
		if w.excluded == nil {
			w.excluded = make(map[string]bool)
		}
		w.excluded[strings.Clone(name)] = is
	}
	return is
}

// refresh makes the terms those that are asked for now. n.mu is held.
func (w *watch) refresh() {
	if w.edition != w.asked.edition {
		clear(w.excluded)
	}
	w.terms = w.asked
}

// openRoot opens the directory of a watch: that of path, or that which holds the file path.
func (n *ReadDirectoryChanges) openRoot(w *watch, path string, mask event.Mask) (*Directory, error) {
	attributes, err := attributesOf(path)
	if err != nil {
		return nil, watchError("watch", path, err)
	}
	isDir := attributes&event.FILE_ATTRIBUTE_DIRECTORY != 0
	flags := uint32(0)
	if mask&event.IN_DONT_FOLLOW != 0 {
		flags = windows.FILE_FLAG_OPEN_REPARSE_POINT
		isDir = isDir && !linkAt(path, attributes)
	}
	w.path = path
	switch {
	case isDir:
		w.asked.flags |= event.FlagDir
		w.dir = path
	case mask&event.IN_ONLYDIR != 0:
		return nil, watchError("watch", path, windows.ERROR_DIRECTORY)
	default:
		flags, w.asked.flags = 0, 0
		w.dir = event.Windows.Parent(path)
		base := event.Windows.Base(path)
		w.file = &fileName{name: base, short: base}
		if mayBeShort(base) {
			w.file.name = longName(w.dir, base)
		}
	}
	w.terms = w.asked
	w.standsAt(w.dir)
	dir, err := openDirectory(n.port, w.dir, flags)
	if err != nil {
		return nil, err
	}
	w.id = identify(dir.handle)
	return dir, nil
}
