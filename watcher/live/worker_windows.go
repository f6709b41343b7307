package live

import (
	"slices"
	"time"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

const (
	// idleAfter is how long after a removal it is said that nothing belongs to it.
	idleAfter = 20 * time.Millisecond
	// checkEvery is how often it is looked whether watched directories still are
	// there, beside the occasions that suggest it: of some deletions Windows tells nobody.
	checkEvery = 2 * time.Second
	// quietAfter is how long nothing may come of a directory in which no
	// sentinel can be made until a barrier is passed.
	quietAfter = 100 * time.Millisecond
	// sentinelPatience is how long a sentinel is waited for that was made.
	sentinelPatience = 5 * time.Second
)

// worker is what the goroutine uses that makes records.
type worker struct {
	changes    []event.Record // of the batch that is processed, as decoded
	story      []event.Record // what is told of it
	lister     lister
	looked     string // name that the last look was at, in this batch
	found      event.Attributes
	foundErr   error
	foundFlags event.Flags
	lastBatch  int64 // time of the last one
	nextCheck  int64
}

// work is the worker's goroutine.
func (n *ReadDirectoryChanges) work() {
	defer close(n.over)
	timer := time.NewTimer(checkEvery)
	defer timer.Stop()
	n.nextCheck = int64(checkEvery)
	for {
		n.mu.Lock()
		b := n.raw.take()
		n.mu.Unlock()
		if n.isClosed() {
			return
		}
		if b != nil {
			n.lastBatch = max(n.lastBatch, b.time)
			if n.process(b) {
				n.mu.Lock()
				n.raw.recycle(b)
				n.mu.Unlock()
			}
			continue
		}
		timer.Reset(n.due())
		select {
		case <-n.kick:
		case <-timer.C:
		case <-n.done:
		}
	}
}

func (n *ReadDirectoryChanges) isClosed() bool {
	select {
	case <-n.done:
		return true
	default:
		return false
	}
}

// due does what is to be done at this time, and returns how long nothing is.
func (n *ReadDirectoryChanges) due() time.Duration {
	n.mu.Lock()
	if !n.raw.empty() { // it is not quiet
		n.mu.Unlock()
		return 0
	}
	now := n.clock()
	next := n.nextCheck
	at := func(t int64) bool {
		if t > now {
			next = min(next, t)
		}
		return t <= now
	}
	var check, relist, missed []*watch
	var idle bool
	all := at(n.nextCheck)
	if all {
		n.nextCheck = now + int64(checkEvery)
		next = min(next, n.nextCheck)
	}
	refresh := n.out.stale && n.out.changes < n.out.limit
	if refresh {
		n.out.stale = false
	}
	for _, w := range n.watches {
		if w.removal && at(n.lastBatch+int64(idleAfter)) {
			idle = true
			w.removal = false
			check = append(check, w)
		} else if all || w.suspect {
			check = append(check, w)
		}
		w.suspect = false
		for i := range w.waits {
			wait := &w.waits[i]
			if wait.over = at(max(wait.quiet, w.lastRead+int64(quietAfter))); wait.over {
				wait.of.left--
			}
		}
		w.waits = slices.DeleteFunc(w.waits, func(w awaited) bool { return w.over })
		if u := w.update; u != nil && at(u.deadline) && u.number != 0 {
			u.number = 0
			w.cur.end()
		}
		if w.skip.to != 0 && at(w.skip.deadline) {
			missed = append(missed, w)
		}
		if refresh || w.refused {
			w.refused = false
			relist = append(relist, w)
		}
	}
	if idle {
		n.emit(event.Record{Kind: event.KindIdle}, now)
	}
	n.passBarriers(func(r event.Record) { n.emit(r, now) })
	n.mu.Unlock()
	for _, w := range check {
		n.check(w)
	}
	for _, w := range missed {
		n.giveUpSkip(w)
	}
	for _, w := range relist {
		n.story = n.story[:0]
		n.relist(w)
		n.deliver(n.clock())
	}
	if next <= now {
		return checkEvery
	}
	return time.Duration(next - now)
}

// check ends w if its directory, or its file, is gone.
func (n *ReadDirectoryChanges) check(w *watch) {
	gone := w.file != nil && w.file.removed
	if !gone {
		_ = w.cur.dir.use(func(h windows.Handle) error {
			gone = isGone(h, w.dir)
			if now, err := finalPath(h); err == nil && now != w.now {
				w.standsAt(now)
			}
			return nil
		})
	}
	if gone {
		n.mu.Lock()
		n.endWatch(w, event.CauseDeleted)
		n.mu.Unlock()
	}
}

// endWatch makes a watch come to its end, for a cause. n.mu is held.
func (n *ReadDirectoryChanges) endWatch(w *watch, cause string) {
	if w.cause == "" && !w.over {
		w.cause = cause
		w.cur.end()
	}
}

// process makes records of a batch. It reports false if the batch is kept.
func (n *ReadDirectoryChanges) process(b *batch) bool {
	s, w := b.from, b.from.w
	n.mu.Lock()
	u := w.update
	over := w.over || s != w.cur && (u == nil || s != u.next)
	w.refresh()
	n.mu.Unlock()
	switch {
	case over:
		return true
	case u != nil && s == u.next:
		return !n.holdBack(w, u, b)
	}
	n.story = append(n.story[:0], event.Record{Kind: event.KindRead, WD: w.wd, N: int64(len(b.data)), M: int64(s.call.size), Cookie: status(b.err)})
	n.looked = ""
	lost := false
	switch {
	case b.dropped > 0:
		n.mu.Lock()
		n.out.lose(b.dropped)
		n.mu.Unlock()
		lost = true
	case len(b.data) > 0:
		lost = !n.decodeChanges(w, b)
	case b.err == nil || isAny(b.err, windows.ERROR_NOTIFY_ENUM_DIR):
		lost = true
		if !w.skip.lose(s.lastRead) {
			n.tell(event.Record{Kind: event.KindLoss, WD: w.wd, Name: "buffer", N: -1, M: s.lastRead})
		}
	case b.last:
		n.failed(w, b)
		return true
	}
	s.lastRead = b.time
	n.deliver(b.time)
	if lost && !n.isOver(w) {
		n.afterLoss(w, b.time)
	}
	if b.last && !n.isOver(w) {
		n.ended(w, b)
	}
	return true
}

func (n *ReadDirectoryChanges) isOver(w *watch) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return w.over
}

func status(err error) uint32 {
	if err == nil {
		return 0
	}
	return uint32(errno(err))
}

// tell adds a record to the story of the batch.
func (n *ReadDirectoryChanges) tell(r event.Record) { n.story = append(n.story, r) }

// deliver hands the story on, unless there is nothing in it but that there was a
// read, and begins another.
func (n *ReadDirectoryChanges) deliver(time int64) {
	defer func() { n.story = n.story[:0] }()
	if len(n.story) == 0 || len(n.story) == 1 && n.story[0].Kind == event.KindRead {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.out.appendRead(n.story, time)
	for i := range n.story {
		if n.story[i].IsTableChange() {
			n.table.Apply(&n.story[i])
		}
	}
	n.out.wake()
}

// decodeChanges tells of the changes of a batch. It reports false if some are missing.
func (n *ReadDirectoryChanges) decodeChanges(w *watch, b *batch) bool {
	var err error
	n.changes, err = b.from.decode(n.changes[:0], b.data)
	for i := range n.changes {
		if n.isClosed() {
			return true // Close waits
		}
		r := &n.changes[i]
		if isSentinel(r.Name) {
			r.Flags |= event.FlagOwn
		}
		if n.skips(w, r) {
			continue
		}
		told := len(n.story)
		if w.file == nil {
			n.change(w, r)
			if len(n.story) > told && r.Flags&event.FlagOwn == 0 {
				w.removal = r.Action() == event.FILE_ACTION_REMOVED
			}
		} else if n.fileChange(w, r) {
			n.finish(w, event.CauseDeleted, b.time)
			return true
		} else {
			w.removal = w.file.removed
		}
		if n.settles(w, r, told, b.time) {
			return true
		}
	}
	if err == nil {
		return true
	}
	n.tell(event.Record{Kind: event.KindFail, Name: "read", N: int64(windows.ERROR_INVALID_DATA), Path: w.dir})
	n.tell(event.Record{Kind: event.KindLoss, WD: w.wd, Name: "buffer", N: -1, M: b.from.lastRead})
	return false
}

// settles does what waits for a change like r, after it was told of. It reports
// true if nothing more of the batch is told.
func (n *ReadDirectoryChanges) settles(w *watch, r *event.Record, told int, time int64) bool {
	if w.mask&event.IN_ONESHOT != 0 && len(n.story) > told && r.Flags&event.FlagOwn == 0 && oneshot[r.Action()]&w.mask != 0 {
		n.finish(w, event.CauseOneshot, time)
		return true
	}
	if number := sentinelOf(r); number != 0 {
		n.met(w, number)
		if u := w.update; u != nil && u.number == number {
			n.cutOver(w, time)
			return true
		}
	}
	return false
}

// oneshot says for which events a change ends a watch that is for one event.
var oneshot = map[event.Action]event.Mask{
	event.FILE_ACTION_ADDED:            event.IN_CREATE,
	event.FILE_ACTION_REMOVED:          event.IN_DELETE,
	event.FILE_ACTION_MODIFIED:         event.IN_MODIFY | event.IN_ATTRIB,
	event.FILE_ACTION_RENAMED_OLD_NAME: event.IN_MOVED_FROM,
	event.FILE_ACTION_RENAMED_NEW_NAME: event.IN_MOVED_TO,
}

// finish ends w at this place of the story.
func (n *ReadDirectoryChanges) finish(w *watch, cause string, time int64) {
	n.deliver(time)
	n.mu.Lock()
	w.over = true
	n.emit(event.Record{Kind: event.KindUnwatch, WD: w.wd, Name: cause, Path: w.path}, time)
	delete(n.watches, w.wd)
	for i := range w.waits {
		w.waits[i].of.left--
	}
	w.waits = nil
	n.passBarriers(func(r event.Record) { n.emit(r, time) })
	u := w.update
	if u != nil {
		n.dropHeld(u)
	}
	n.mu.Unlock()
	w.shut()
	if u != nil {
		u.done <- event.ErrUnknownWatch
	}
	close(w.gone)
}

// ended deals with the last batch of the stream of w.
func (n *ReadDirectoryChanges) ended(w *watch, b *batch) {
	n.mu.Lock()
	cause, u := w.cause, w.update
	n.mu.Unlock()
	switch {
	case b.from != w.cur: // another has taken over
	case cause != "":
		n.finish(w, cause, n.lastBatch)
	case u != nil:
		n.cutOver(w, n.lastBatch)
	default: // for an update that has failed since
		if err := b.from.resume(); err != nil {
			n.tell(event.Record{Kind: event.KindFail, Name: "read", N: errno(err), Path: w.dir})
			n.finishRead(w, event.CauseFailed, b.time)
		}
	}
}

// failed deals with a read that failed.
func (n *ReadDirectoryChanges) failed(w *watch, b *batch) {
	n.mu.Lock()
	asked := b.from.ending
	n.mu.Unlock()
	if asked {
		n.ended(w, b)
		return
	}
	gone := isAny(b.err, windows.ERROR_DELETE_PENDING)
	if isAny(b.err, windows.ERROR_ACCESS_DENIED) {
		_ = b.from.dir.use(func(h windows.Handle) error {
			gone = isGone(h, w.dir)
			return nil
		})
	}
	if gone {
		n.finishRead(w, event.CauseDeleted, b.time)
		return
	}
	n.tell(event.Record{Kind: event.KindFail, Name: "read", N: errno(b.err), Path: w.dir})
	n.finishRead(w, event.CauseFailed, b.time)
}

// finishRead is finish for a story in which the read itself is to be told of.
func (n *ReadDirectoryChanges) finishRead(w *watch, cause string, time int64) {
	n.mu.Lock()
	n.out.appendRead(n.story, time)
	n.mu.Unlock()
	n.story = n.story[:0]
	n.finish(w, cause, time)
}
