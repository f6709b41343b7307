package live

import (
	"cmp"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// patience is how long Add repeats attempts that renames spoil before it takes what it gets.
const patience = time.Second

// adding is one call of Add.
type adding struct {
	request event.WatchRequest
	results []event.WatchResult
	open    int     // items that are not settled
	hurry   bool    // attempts are no longer repeated
	toWiden []int32 // stay narrow until the walk is over, so that it leaves no trace
}

// Add implements event.Backend. Request.Exclude must not call the backend.
func (n *Inotify) Add(request event.WatchRequest) ([]event.WatchResult, error) {
	n.mu.Lock()
	defer n.unlock()
	if n.closed {
		return nil, event.ErrClosed
	}
	n.catchUp()
	a := &adding{request: request}
	keys, err := expand(&request)
	if err != nil {
		a.reject(n, request.Path, request.Path, err)
	}
	for _, key := range keys {
		path, err := absolute(key)
		if err != nil {
			a.reject(n, key, key, err)
		} else if err := checkMask(path, request.Mask); err != nil {
			a.reject(n, key, path, err)
		} else {
			noteRequest(&n.header, &request, path, fileSystem(path))
			if request.Exclude != nil && request.Exclude(path) {
				a.results = append(a.results, event.WatchResult{Key: filepath.Clean(key), Path: path, Excluded: true})
				continue
			}
			n.ignore.meet(path)
			n.todo.push(&item{name: path, add: a, root: &askedPath{filepath.Clean(key), path}})
		}
	}
	n.walk(a)
	return a.results, n.failed
}

// catchUp makes the table as true as the kernel's queue allows.
func (n *Inotify) catchUp() {
	_, end := n.drain()
	n.processTo(end)
}

// processTo processes what is pending up to a place in the stream. Placing
// watches reads more, so that there need not be an end of it.
func (n *Inotify) processTo(end int64) {
	for n.stream.processed < end && n.step() {
	}
	if len(n.stream.pending) == 0 {
		n.now = max(n.now, n.clock())
	}
}

// walk places watches until every one of a is settled.
func (n *Inotify) walk(a *adding) {
	start := time.Now()
	for a.open > 0 && n.failed == nil {
		n.placeAll(1 << 30)
		if a.open == 0 {
			break
		}
		if len(n.stream.pending) == 0 {
			runtime.Gosched()
		}
		n.catchUp()
		a.hurry = time.Since(start) > patience
	}
	n.toWiden = append(n.toWiden, a.toWiden...)
	n.widen()
	n.departing.adrift = nil
}

// expand gives the paths of a request as the caller would have written them.
func expand(request *event.WatchRequest) ([]string, error) {
	path := request.Path
	switch {
	case path == "":
		return nil, &event.WatchError{Op: "watch", Path: path, Err: unix.ENOENT, Hint: "the path is empty"}
	case strings.IndexByte(path, 0) >= 0:
		return nil, &event.WatchError{Op: "watch", Path: path, Err: unix.EINVAL, Hint: "a path cannot hold a NUL byte"}
	case !request.Glob:
		return []string{path}, nil
	}
	paths, err := filepath.Glob(path)
	if err != nil {
		return nil, &event.WatchError{Op: "watch", Path: path, Err: err, Hint: "see path.Match for the form of a pattern"}
	}
	if len(paths) == 0 {
		return nil, &event.WatchError{Op: "watch", Path: path, Err: unix.ENOENT, Hint: "nothing matches the pattern"}
	}
	return paths, nil
}

func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", &event.WatchError{Op: "watch", Path: path, Err: err, Hint: "the working directory is not known; give an absolute path"}
	}
	return abs, nil
}

// keyOf writes path, at or below a, as the caller wrote a.
func (a *askedPath) keyOf(path string) string {
	rest, below := event.Linux.Below(a.path, path)
	switch {
	case !below || a.key == a.path:
		return path
	case a.key == ".":
		return cmp.Or(rest, a.key)
	}
	return event.Linux.Join(a.key, rest)
}

// aim prepares the watch of a path that was asked for.
func (a *adding) aim(it *item) landing {
	r := &a.request
	l := landing{item: it, path: it.name, asked: r.Mask &^ (event.IN_MASK_ADD | event.IN_MASK_CREATE)}
	l.flags = event.FlagDir
	if r.Recursive {
		l.flags |= event.FlagRecursive
	}
	if r.AutoAdd {
		l.flags |= event.FlagAutoAdd
	}
	l.policy = &policy{exclude: r.Exclude, follow: r.Mask&event.IN_DONT_FOLLOW == 0}
	l.kernel = kernelMask(l.asked, l.flags)
	return l
}

// watchAsked places the watch of a path that was asked for, which may be
// anything and may be watched already.
func (n *Inotify) watchAsked(l *landing) {
	call := l.add.request.Mask & (event.IN_DONT_FOLLOW)
	mask := l.kernel
	if l.wantsList() {
		mask &^= wide
	}
	n.watchNew(l, mask, call|event.IN_ONLYDIR)
	if l.err == unix.ENOTDIR && l.add.request.Mask&event.IN_ONLYDIR == 0 {
		l.flags, l.policy = 0, nil
		l.kernel = kernelMask(l.asked, l.flags)
		n.watchNew(l, l.kernel, call)
	}
}

// reAdded gives a watch that exists the mask, flags and path of a request.
func (n *Inotify) reAdded(l *landing) {
	w := n.table.Watch(l.wd)
	if w.Path() != l.path && !w.Lost() && n.identify(w.Path(), 0) != l.wd {
		n.settled[l.wd] = n.stream.drained
		n.move(w.Path(), l.path)
	}
	if l.add.request.Mask&event.IN_MASK_ADD != 0 {
		l.asked |= w.Mask
		l.flags |= w.Flags &^ event.FlagLost
		l.kernel = kernelMask(l.asked, l.flags)
	}
	mask := l.kernel
	if w.Flags&event.FlagDir != 0 {
		mask |= event.IN_ONLYDIR
	}
	if done, _ := n.change(l.wd, l.path, mask); !done {
		return
	}
	n.emit(event.Record{Kind: event.KindWatch, Flags: l.flags, WD: l.wd, Mask: l.asked, N: int64(l.kernel), Path: l.path})
	n.told(l.wd)
	if l.policy != nil {
		n.policies[l.wd] = l.policy
	}
	n.placed(l.wd, l.path)
}

// result notes what became of a landing.
func (a *adding) result(l *landing, err error) {
	r := event.WatchResult{Key: l.root.keyOf(l.path), Path: l.path, Err: err}
	if err == nil {
		r.WD = l.wd
	}
	a.results = append(a.results, r)
}

// reject notes a path of which no watch was tried.
func (a *adding) reject(n *Inotify, key, path string, err error) {
	a.results = append(a.results, event.WatchResult{Key: key, Path: path, Err: err})
	n.emitFail("watch", path, err, a.request.Mask, 0)
}

// fail emits that the watch of l could not be placed, or its directory not listed.
func (n *Inotify) fail(l *landing, op string, err error) {
	err = watchError(op, l.path, err)
	parent := int32(0)
	if l.add == nil {
		parent = l.parent
	}
	n.emitFail(op, l.path, err, l.asked, parent)
	if l.add != nil {
		l.add.result(l, err)
		if op == "list" {
			l.add.results[len(l.add.results)-1].WD = l.wd
		}
	}
}

func (n *Inotify) emitFail(op, path string, err error, mask event.Mask, parent int32) {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		errno = unix.EINVAL
	}
	n.emit(event.Record{Kind: event.KindFail, Name: op, N: int64(errno), Mask: mask, M: int64(parent), Path: path})
}

// Update implements event.Backend.
func (n *Inotify) Update(wd int32, mask event.Mask) error {
	n.mu.Lock()
	defer n.unlock()
	if n.closed {
		return event.ErrClosed
	}
	n.catchUp()
	w := n.table.Watch(wd)
	if w == nil || n.causes[wd] != "" {
		return event.ErrUnknownWatch
	}
	if err := checkAgain(w.Path(), mask, w.Flags&event.FlagDir != 0); err != nil {
		return err
	}
	r := w.Record()
	call := mask & event.IN_DONT_FOLLOW
	if mask&event.IN_MASK_ADD != 0 {
		mask |= r.Mask
	}
	r.Mask = mask &^ event.IN_MASK_ADD
	kernel := kernelMask(r.Mask, r.Flags)
	r.N = int64(kernel)
	if w.Lost() || n.identify(w.Path(), call) != wd {
		return elsewhere(w)
	}
	switch done, err := n.change(wd, w.Path(), kernel|call); {
	case err != nil:
		return watchError("watch", w.Path(), err)
	case !done:
		return elsewhere(w)
	}
	n.emit(r)
	n.told(wd)
	return nil
}

func elsewhere(w *event.Watch) error {
	return &event.WatchError{Op: "watch", Path: w.Path(), Err: unix.ESTALE, Hint: "the path leads to something else now; watch it again"}
}

// Remove implements event.Backend.
func (n *Inotify) Remove(wd int32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return event.ErrClosed
	}
	if n.table.Watch(wd) == nil || n.end(wd) != nil {
		return event.ErrUnknownWatch
	}
	n.causes[wd] = event.CauseRemoved
	return nil
}
