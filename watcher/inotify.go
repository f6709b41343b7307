package watcher

import (
	"context"
	"iter"
	"time"

	"fsrec/watcher/event"
)

// Inotify is the interface of the other Python library, named inotify: a
// generator of events over some paths or over a tree. It owns its backend.
type Inotify struct {
	// BlockDuration is how long Events waits before it yields nil. 0 is a second.
	BlockDuration time.Duration

	wm       *WatchManager
	notifier *Notifier
	tree     bool
}

// NewInotify watches each of paths, not what is below them, for all events.
// More can be added with AddWatch. Where a path cannot be watched the backend is closed.
func NewInotify(backend Backend, paths ...string) (*Inotify, error) {
	i := newInotify(backend)
	if len(paths) == 0 {
		return i, nil
	}
	if _, err := i.wm.AddWatches(paths, event.IN_ALL_EVENTS); err != nil {
		_ = backend.Close()
		return nil, err
	}
	return i, nil
}

// NewInotifyTree watches root and all directories below it, now and later, for
// the events of mask, all events without one. IN_CREATE, IN_DELETE and IN_ISDIR
// are always added. Where root cannot be watched the backend is closed; a
// directory below it that cannot be watched is left out.
func NewInotifyTree(backend Backend, root string, mask ...event.Mask) (*Inotify, error) {
	i := newInotify(backend)
	i.tree = true
	m := oneMask(mask) | event.IN_CREATE | event.IN_DELETE | event.IN_ISDIR
	wds, err := i.wm.AddWatch(root, m, Recursive(), AutoAdd())
	if err != nil {
		for _, wd := range wds {
			if wd > 0 {
				return i, nil
			}
		}
		_ = backend.Close()
		return nil, err
	}
	return i, nil
}

func newInotify(backend Backend) *Inotify {
	wm := NewWatchManager(backend)
	return &Inotify{wm: wm, notifier: NewNotifier(wm, nil)}
}

func oneMask(mask []event.Mask) event.Mask {
	if len(mask) == 0 {
		return event.IN_ALL_EVENTS
	}
	var all event.Mask
	for _, m := range mask {
		all |= m
	}
	return all
}

// WatchManager is what keeps the watches.
func (i *Inotify) WatchManager() *WatchManager { return i.wm }

// AddWatch watches path, all events without a mask, and gives its wd. For a tree the error is ErrTree.
func (i *Inotify) AddWatch(path string, mask ...event.Mask) (int32, error) {
	if i.tree {
		return 0, ErrTree
	}
	wds, err := i.wm.AddWatch(path, oneMask(mask))
	if err != nil {
		return 0, err
	}
	for _, wd := range wds {
		return wd, nil
	}
	return 0, &event.WatchError{Op: "watch", Path: path, Err: ErrUnknownWatch}
}

// RemoveWatch ends the watch of path. For a tree the error is ErrTree.
func (i *Inotify) RemoveWatch(path string) error {
	if i.tree {
		return ErrTree
	}
	_, err := i.wm.RemovePath(path)
	return err
}

// Events yields each event, and nil after each round of them and after each BlockDuration without any:
// see [Notifier.Events].
func (i *Inotify) Events(ctx context.Context) iter.Seq[*Event] {
	return i.notifier.Events(ctx, i.BlockDuration)
}

// Err is what ended Events: see [Notifier.Err].
func (i *Inotify) Err() error { return i.notifier.Err() }

// Close ends Events, all watches and the backend. It may be called again.
func (i *Inotify) Close() error {
	i.notifier.Stop()
	return i.wm.Close()
}
