package live

import (
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// Add implements event.Backend. A directory and all below it is one watch. A
// path that is watched already keeps its wd. Request.Exclude must not call the backend.
func (n *ReadDirectoryChanges) Add(request event.WatchRequest) ([]event.WatchResult, error) {
	n.config.Lock()
	defer n.config.Unlock()
	if n.isClosed() {
		return nil, event.ErrClosed
	}
	a := &adding{n: n, request: request}
	keys, err := expand(&request)
	if err != nil {
		a.reject(request.Path, request.Path, err)
	}
	for _, key := range keys {
		a.add(key)
	}
	if n.isClosed() {
		return nil, event.ErrClosed
	}
	return a.results, nil
}

// adding is one call of Add.
type adding struct {
	n       *ReadDirectoryChanges
	request event.WatchRequest
	results []event.WatchResult
}

// expand gives the paths of a request as the caller would have written them.
func expand(request *event.WatchRequest) ([]string, error) {
	if !request.Glob {
		return []string{request.Path}, nil
	}
	paths, err := filepath.Glob(request.Path)
	switch {
	case err != nil:
		return nil, &event.WatchError{Op: "watch", Path: request.Path, Err: err, Hint: "see filepath.Match for the form of a pattern"}
	case len(paths) == 0:
		return nil, &event.WatchError{Op: "watch", Path: request.Path, Err: windows.ERROR_FILE_NOT_FOUND, Hint: "nothing matches the pattern"}
	}
	return paths, nil
}

// add watches one path, as the caller wrote it.
func (a *adding) add(key string) {
	n, request := a.n, &a.request
	path, err := absolute(key)
	if err != nil {
		a.reject(key, key, err)
		return
	}
	if err := checkMask(path, request.Mask); err != nil {
		a.reject(key, path, err)
		return
	}
	n.noteRequest(request, path)
	if !strings.HasPrefix(key, verbatim) {
		key = filepath.Clean(key)
	}
	if request.Exclude != nil && request.Exclude(path) {
		a.results = append(a.results, event.WatchResult{Key: key, Path: path, Excluded: true})
		return
	}
	wd, err := a.watch(key, path)
	if err != nil {
		a.reject(key, path, watchError("watch", path, err))
		return
	}
	a.results = append(a.results, event.WatchResult{Key: key, Path: path, WD: wd, Unrecorded: n.never(wd, request.Mask)})
}

// watch gives path a watch, or the one that it has what the request asks for.
func (a *adding) watch(key, path string) (wd int32, err error) {
	w := a.n.existing(path)
	if w == nil {
		return a.place(key, path)
	}
	if err := checkAgain(path, a.request.Mask, w.file == nil); err != nil {
		return 0, err
	}
	a.n.mu.Lock()
	w.path = path // in the latest letters
	a.n.mu.Unlock()
	err = a.n.renew(w, a.again(w))
	if errors.Is(err, event.ErrUnknownWatch) { // it has just ended
		return a.place(key, path)
	}
	return w.wd, err
}

// never is the part of mask of which Windows does not tell.
func (n *ReadDirectoryChanges) never(wd int32, mask event.Mask) event.Mask {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.watches[wd]
	return mask.Untold(w == nil || w.file == nil)
}

// existing gives the watch of what path leads to, nil if there is none.
func (n *ReadDirectoryChanges) existing(path string) *watch {
	n.mu.Lock()
	var w *watch
	if at := n.table.At(path); at != nil {
		w = n.watches[at.WD]
	}
	over := w == nil || w.cause != ""
	n.mu.Unlock()
	if over {
		return nil
	}
	// The directory may have been renamed, which is told to nobody, and another be in its place.
	dir := path
	if w.file != nil {
		dir = event.Windows.Parent(path)
	}
	if now := identityAt(dir); now != (identity{}) && now != w.id {
		return nil
	}
	return w
}

// reject notes and tells that there is no watch of path.
func (a *adding) reject(key, path string, err error) {
	a.results = append(a.results, event.WatchResult{Key: key, Path: path, Err: err})
	a.n.mu.Lock()
	defer a.n.mu.Unlock()
	a.n.emit(event.Record{Kind: event.KindFail, Name: "watch", N: errno(err), Mask: a.request.Mask, Path: path}, a.n.clock())
}

// terms are those of the request, for a directory.
func (a *adding) terms() terms {
	t := terms{mask: a.request.Mask &^ (event.IN_MASK_ADD | event.IN_MASK_CREATE), exclude: a.request.Exclude}
	if a.request.Recursive {
		t.flags |= event.FlagRecursive
	}
	if a.request.AutoAdd {
		t.flags |= event.FlagAutoAdd
	}
	return t
}

// again are the terms of a watch that exists after the request.
func (a *adding) again(w *watch) terms {
	a.n.mu.Lock()
	defer a.n.mu.Unlock()
	t := a.terms()
	t.edition = w.asked.edition + 1
	if w.file != nil {
		t.flags = 0
	} else {
		t.flags |= event.FlagDir
	}
	if a.request.Mask&event.IN_MASK_ADD != 0 {
		t.mask |= w.asked.mask
		t.flags |= w.asked.flags
	}
	return t
}

// place makes a watch. What it brings is held until it has been told of.
func (a *adding) place(key, path string) (wd int32, err error) {
	n := a.n
	w := &watch{gone: make(chan struct{}), holding: true, asked: a.terms(), ignore: n.ignore.below(path)}
	dir, err := n.openRoot(w, path, a.request.Mask)
	if err != nil {
		return 0, err
	}
	w.scope = w.asked.scope()
	// The worker looks at the watch only after it has been told of.
	n.mu.Lock()
	w.cur, err = n.newStream(w, dir, w.asked.subtree(), w.asked.filter())
	n.mu.Unlock()
	if err != nil {
		return 0, err
	}
	entries := a.list(w, key)
	if !n.begin(w, entries) {
		w.shut()
		return 0, event.ErrClosed
	}
	return w.wd, nil
}

// begin tells of a new watch and what was there, and lets what it has brought
// follow. It reports false if everything is over.
func (n *ReadDirectoryChanges) begin(w *watch, entries []event.Record) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	n.latest++
	w.wd = n.latest
	n.watches[w.wd] = w
	n.emit(w.record(), n.clock())
	for _, r := range entries {
		r.WD = w.wd
		n.emit(r, n.clock())
	}
	w.holding = false
	n.raw.putBack(w.held)
	w.held = nil
	n.wakeWorker()
	return true
}

// list looks at what is there as far as the request or the system's
// shortness of words makes it necessary, and gives the records of it, without wd.
func (a *adding) list(w *watch, key string) (records []event.Record) {
	a.n.mu.Lock()
	index := w.listed() || w.file == nil && a.request.Snapshot
	a.n.mu.Unlock()
	if !index && w.scope == nil {
		return nil
	}
	if index {
		records = append(records, event.Record{Kind: event.KindEntry})
	}
	enter := func(e *dirent) bool {
		if w.hides(e.name, a.n.opts.Drop) {
			return false
		}
		if index && (e.isDir() || a.request.Snapshot) {
			records = append(records, w.entry(e))
		}
		if !e.isDir() {
			return false
		}
		if w.excludes(e.name) {
			if w.subtree() {
				a.results = append(a.results, event.WatchResult{
					Key: event.Windows.Join(key, e.name), Path: event.Windows.Join(w.path, e.name), Excluded: true,
				})
			}
			return false
		}
		w.scope.meet(e.name)
		return w.scope.holds(e.name)
	}
	fail := func(name string, err error) {
		records = append(records, event.Record{Kind: event.KindFail, Name: "list", N: errno(err), Mask: a.request.Mask, Path: event.Windows.Join(w.path, name)})
	}
	var l lister
	_ = w.cur.dir.use(func(h windows.Handle) error {
		l.tree(h, "", w.subtree(), enter, fail, a.n.isClosed)
		return nil
	})
	return records
}

// Remove implements event.Backend. When it returns, the handle has been given up.
func (n *ReadDirectoryChanges) Remove(wd int32) error {
	n.config.Lock()
	defer n.config.Unlock()
	n.mu.Lock()
	w, err := n.watching(wd)
	if err == nil {
		n.endWatch(w, event.CauseRemoved)
	}
	n.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-w.gone:
	case <-n.over: // Close gives it up
	}
	return nil
}

// watching gives watch wd if it has not ended. n.mu is held.
func (n *ReadDirectoryChanges) watching(wd int32) (*watch, error) {
	if n.closed {
		return nil, event.ErrClosed
	}
	w := n.watches[wd]
	if w == nil || w.cause != "" {
		return nil, event.ErrUnknownWatch
	}
	return w, nil
}
