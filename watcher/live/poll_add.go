package live

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fsrec/watcher/event"
)

// pollAdding is one call of Add.
type pollAdding struct {
	*Poll
	request event.WatchRequest
	results []event.WatchResult
	queue   []pollItem
}

// pollItem is a path to watch.
type pollItem struct {
	key, path string
	up        *pollWatch // whose listing led here; nil for a path that was asked for
	name      string
}

// Add implements event.Backend. What is found is what later looks compare with. Request.Exclude must not call the backend.
func (n *Poll) Add(request event.WatchRequest) ([]event.WatchResult, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, event.ErrClosed
	}
	n.now = n.clock()
	n.ignore.refresh()
	a := &pollAdding{Poll: n, request: request}
	keys, err := pollKeys(&request)
	if err != nil {
		a.reject(request.Path, request.Path, err)
	}
	for _, key := range keys {
		a.ask(key)
	}
	for len(a.queue) > 0 {
		it := a.queue[0]
		a.queue = a.queue[1:]
		a.watch(it)
	}
	if n.due.IsZero() {
		n.schedule()
	}
	n.wake()
	return a.results, nil
}

// pollKeys gives the paths of a request as the caller would have written them.
func pollKeys(request *event.WatchRequest) ([]string, error) {
	path := request.Path
	switch {
	case path == "":
		return nil, &event.WatchError{Op: "watch", Path: path, Err: pollNoEntry, Hint: "the path is empty"}
	case strings.IndexByte(path, 0) >= 0:
		return nil, &event.WatchError{Op: "watch", Path: path, Err: pollInvalid, Hint: "a path cannot hold a NUL byte"}
	case !request.Glob:
		return []string{path}, nil
	}
	paths, err := filepath.Glob(path)
	if err != nil {
		return nil, &event.WatchError{Op: "watch", Path: path, Err: err, Hint: "see path.Match for the form of a pattern"}
	}
	if len(paths) == 0 {
		return nil, &event.WatchError{Op: "watch", Path: path, Err: pollNoEntry, Hint: "nothing matches the pattern"}
	}
	return paths, nil
}

// ask puts a path that was asked for on the list.
func (a *pollAdding) ask(key string) {
	path, err := absolute(key)
	if err != nil {
		a.reject(key, key, err)
		return
	}
	if err := checkMask(path, a.request.Mask); err != nil {
		a.reject(key, path, err)
		return
	}
	noteRequest(&a.header, &a.request, path, fileSystem(path))
	key = filepath.Clean(key)
	if a.excludes(path) {
		a.results = append(a.results, event.WatchResult{Key: key, Path: path, Excluded: true})
		return
	}
	a.queue = append(a.queue, pollItem{key: key, path: path})
}

func (a *pollAdding) excludes(path string) bool {
	return a.request.Exclude != nil && a.request.Exclude(path)
}

// reject notes a path of which no watch was tried.
func (a *pollAdding) reject(key, path string, err error) {
	a.results = append(a.results, event.WatchResult{Key: key, Path: path, Err: err})
	a.emitFail("watch", path, err, a.request.Mask, 0)
}

// watch places the watch of one path, or changes the one that its object has.
func (a *pollAdding) watch(it pollItem) {
	if it.up != nil && it.up.over {
		it.up = nil
	}
	w := &pollWatch{mask: a.request.Mask &^ (event.IN_MASK_ADD | event.IN_MASK_CREATE), up: it.up, exclude: a.request.Exclude}
	w.follow = it.up == nil && a.request.Mask&event.IN_DONT_FOLLOW == 0
	if err := a.find(w, it.path); err != nil {
		if it.up == nil || !pollGone(err) {
			a.reject(it.key, it.path, watchError("watch", it.path, err))
		}
		return
	}
	old := a.watchOf(&w.self)
	if old == nil && a.table.At(it.path) != nil {
		a.lookAround(a.closing.Load) // something else stood there
		a.now = a.clock()
		if old = a.watchOf(&w.self); old == nil {
			old = a.same(w, it.path)
		}
	}
	switch {
	case old != nil && a.request.Mask&event.IN_MASK_CREATE != 0:
		a.reject(it.key, it.path, watchError("watch", it.path, pollExists))
		return
	case old != nil:
		w = a.again(old, w, it.path)
	default:
		a.begin(w, it.path)
		w.self.name = it.name
		if w.up != nil {
			w.up.kids = append(w.up.kids, w)
		}
	}
	never := a.request.Mask & pollNever
	a.results = append(a.results, event.WatchResult{Key: it.key, Path: it.path, WD: w.wd, Unrecorded: never})
	if w.isDir() {
		a.enter(w, it)
	}
}

// find looks at what is to be watched, and lists it if it is a directory.
func (a *pollAdding) find(w *pollWatch, path string) error {
	w.flags = event.FlagDir
	if a.request.Recursive {
		w.flags |= event.FlagRecursive
	}
	if a.request.AutoAdd {
		w.flags |= event.FlagAutoAdd
	}
	w.told = pollMask(w.mask, w.flags)
	self, err := a.list(w, path, w.follow, func(e *pollEntry) { w.entries = append(w.entries, *e) })
	w.entries = slices.Clip(w.entries)
	w.self = self
	if err == nil || w.up != nil || a.request.Mask&event.IN_ONLYDIR != 0 {
		return err
	}
	there, other := pollStat(path, w.follow)
	if other != nil || there.isDir() {
		return err
	}
	w.self, w.flags, w.exclude = there, 0, nil
	w.told = pollMask(w.mask, w.flags)
	return nil
}

// same gives the watch that the table has at path if it may be of the object of
// w: where the system does not tell one object from another.
func (a *pollAdding) same(w *pollWatch, path string) *pollWatch {
	t := a.table.At(path)
	if t == nil || w.self.id.known() {
		return nil
	}
	if old := a.watches[t.WD]; old != nil && old.isDir() == w.isDir() {
		return old
	}
	return nil
}

// again gives a watch that exists the mask, flags and path of the request.
func (a *pollAdding) again(old, w *pollWatch, path string) *pollWatch {
	was := a.pathOf(old)
	if was != path {
		there, err := pollStat(was, old.follow)
		if err != nil || !old.self.is(&there) {
			a.emit(event.Record{Kind: event.KindMove, Src: was, Path: path})
		}
	}
	if a.request.Mask&event.IN_MASK_ADD != 0 {
		w.mask |= old.mask
		w.flags |= old.flags
		w.told = pollMask(w.mask, w.flags)
	}
	old.mask, old.flags, old.told, old.parent = w.mask, w.flags, w.told, 0
	old.exclude, old.follow = w.exclude, w.follow
	if was != path {
		old.up = w.up
	}
	a.emit(old.record(path))
	return old
}

// enter tells what is in a directory, where that was asked for, and puts the directories in it on the list.
func (a *pollAdding) enter(w *pollWatch, it pollItem) {
	if !a.request.Snapshot && !a.request.Recursive {
		return
	}
	inOrder := make([]*pollEntry, len(w.entries))
	for i := range w.entries {
		inOrder[i] = &w.entries[i]
	}
	slices.SortFunc(inOrder, func(a, b *pollEntry) int { return strings.Compare(a.name, b.name) })
	for _, e := range inOrder {
		path := pollPlatform.Join(it.path, e.name)
		if a.dropped(path) {
			continue
		}
		if a.request.Snapshot {
			a.emit(event.Record{Kind: event.KindEntry, WD: w.wd, Name: e.name, Cookie: e.mode, N: e.size, M: e.mtime})
		}
		if !a.request.Recursive || !e.isDir() {
			continue
		}
		key := pollKeyOf(it, e.name)
		if a.excludes(path) {
			a.results = append(a.results, event.WatchResult{Key: key, Path: path, Excluded: true})
			continue
		}
		a.queue = append(a.queue, pollItem{key: key, path: path, up: w, name: e.name})
	}
}

// pollKeyOf writes the path of a name in the directory of it as the caller wrote that.
func pollKeyOf(it pollItem, name string) string {
	if it.key == "." {
		return name
	}
	return pollPlatform.Join(it.key, name)
}

// Update implements event.Backend. What the next look finds is told by the new mask.
func (n *Poll) Update(wd int32, mask event.Mask) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return event.ErrClosed
	}
	w := n.watches[wd]
	if w == nil {
		return event.ErrUnknownWatch
	}
	if err := checkAgain(n.pathOf(w), mask, w.isDir()); err != nil {
		return err
	}
	if mask&event.IN_MASK_ADD != 0 {
		mask |= w.mask
	}
	w.mask = mask &^ event.IN_MASK_ADD
	w.told = pollMask(w.mask, w.flags)
	n.now = n.clock()
	n.emit(w.record(n.pathOf(w)))
	n.wake()
	return nil
}

// Remove implements event.Backend. It looks first, so that what has happened is told before the
// end; of several in a row one looks, and another one after as long as that took.
func (n *Poll) Remove(wd int32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return event.ErrClosed
	}
	w := n.watches[wd]
	if w == nil {
		return event.ErrUnknownWatch
	}
	if began := time.Now(); !began.Before(n.rest) {
		n.lookAround(n.closing.Load)
		n.rest = time.Now().Add(time.Since(began))
	}
	n.now = n.clock()
	n.end(w, event.CauseRemoved) // if the look has not
	n.wake()
	return nil
}
