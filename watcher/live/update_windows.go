package live

import (
	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// update is a change of what the system is asked for, which is fixed for the life
// of a handle. A second handle of the directory is opened and armed. Both hear of a
// sentinel that is made then: the old one tells what comes up to it, the new one
// what comes after it, so nothing is told twice or left out.
//
// Where no sentinel can be made, the old one is read to its end and the new one
// tells what comes after that. What happened in between is lost, and a KindLoss says so.
type update struct {
	next     *stream
	number   sentinel // 0 if there is none
	terms    terms
	scope    *scope   // where terms have another one than before
	held     []*batch // of next
	deadline int64    // for meeting the sentinel
	done     chan error
}

// skip makes the new stream of an update begin after the sentinel.
type skip struct {
	to, or   sentinel // the first that is met ends it; 0 if there is none
	lost     bool     // changes are missing, which may have been before it or after it
	since    int64
	deadline int64 // for meeting it
}

// lose reports whether a loss is to be told of when skipping has come to its end.
func (s *skip) lose(since int64) bool {
	if s.to == 0 {
		return false
	}
	if !s.lost {
		s.lost, s.since = true, since
	}
	return true
}

// giveUpSkip ends a skip whose sentinel did not come.
func (n *ReadDirectoryChanges) giveUpSkip(w *watch) {
	if n.isOver(w) {
		return
	}
	w.skip = skip{}
	n.story = append(n.story[:0], event.Record{Kind: event.KindLoss, WD: w.wd, Name: "update", N: -1, M: w.cur.lastRead})
	n.deliver(n.clock())
	n.afterLoss(w, n.clock())
}

// skips reports whether the stream before has told of r.
func (n *ReadDirectoryChanges) skips(w *watch, r *event.Record) bool {
	s := &w.skip
	if s.to == 0 {
		return false
	}
	if number := sentinelOf(r); number != 0 && (number == s.to || number == s.or) {
		n.endSkip(w)
	}
	return true
}

// endSkip ends a skip, and tells of what was lost meanwhile.
func (n *ReadDirectoryChanges) endSkip(w *watch) {
	if w.skip.lost {
		n.tell(event.Record{Kind: event.KindLoss, WD: w.wd, Name: "buffer", N: -1, M: w.skip.since})
	}
	w.skip = skip{}
}

// Update implements event.Backend. A mask that needs what the system was not
// asked for so far has it asked anew; see update.
func (n *ReadDirectoryChanges) Update(wd int32, mask event.Mask) error {
	n.config.Lock()
	defer n.config.Unlock()
	w, t, err := n.masked(wd, mask)
	if err != nil {
		return err
	}
	return n.renew(w, t)
}

// masked gives watch wd, and its terms with another mask.
func (n *ReadDirectoryChanges) masked(wd int32, mask event.Mask) (*watch, terms, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w, err := n.watching(wd)
	if err != nil {
		return nil, terms{}, err
	}
	if err := checkAgain(w.path, mask, w.file == nil); err != nil {
		return nil, terms{}, err
	}
	t := w.asked
	if mask&event.IN_MASK_ADD != 0 {
		mask |= t.mask
	}
	t.mask = mask &^ event.IN_MASK_ADD
	return w, t, nil
}

// renew gives a watch other terms, and returns when they hold.
func (n *ReadDirectoryChanges) renew(w *watch, t terms) error {
	n.mu.Lock()
	if err := n.whyNot(w); err != nil {
		n.mu.Unlock()
		return err
	}
	call, path, rescope := w.cur.call, w.path, t.flags != w.asked.flags
	if !rescope && t.subtree() == call.subtree && t.filter()&^call.filter == 0 {
		w.asked = t
		n.emit(w.record(), n.clock())
		n.mu.Unlock()
		return nil
	}
	n.mu.Unlock()
	u := &update{terms: t, number: nextSentinel(), done: make(chan error, 1)}
	dir, err := n.second(w)
	if err != nil {
		return watchError("watch", path, err)
	}
	if u.next, err = n.newStream(w, dir, t.subtree(), t.filter()|call.filter); err != nil {
		return watchError("watch", path, err)
	}
	if rescope {
		u.scope = n.scopeNow(dir, t)
	}
	number := u.number
	if err := n.install(w, u); err != nil {
		u.next.shut()
		return err
	}
	// What next has brought by now was before the sentinel, and nobody missed it.
	if n.touch(w, number) != nil {
		n.mu.Lock()
		if w.update == u && u.number == number {
			u.number = 0
			w.cur.end()
		}
		n.mu.Unlock()
	}
	select {
	case err := <-u.done:
		return err
	case <-n.over:
		return event.ErrClosed
	}
}

// whyNot says why a watch cannot be changed any more. n.mu is held.
func (n *ReadDirectoryChanges) whyNot(w *watch) error {
	switch {
	case n.closed:
		return event.ErrClosed
	case w.over || w.cause != "":
		return event.ErrUnknownWatch
	}
	return nil
}

// install makes u the update of w, unless one of the two is over.
func (n *ReadDirectoryChanges) install(w *watch, u *update) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.whyNot(w); err != nil {
		return err
	}
	if u.next.over {
		return watchError("watch", w.path, u.next.err)
	}
	u.deadline = n.clock() + int64(sentinelPatience)
	w.update = u
	return nil
}

// second opens the directory of a watch again.
func (n *ReadDirectoryChanges) second(w *watch) (*Directory, error) {
	var handle windows.Handle
	err := w.cur.dir.use(func(h windows.Handle) (err error) {
		handle, err = reopen(h)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newDirectory(n.port, w.dir, handle)
}

// scopeNow makes a scope of the directories that there are.
func (n *ReadDirectoryChanges) scopeNow(dir *Directory, t terms) *scope {
	s := t.scope()
	if s == nil {
		return nil
	}
	var l lister
	_ = dir.use(func(h windows.Handle) error {
		l.tree(h, "", true, func(e *dirent) bool {
			if e.isDir() {
				s.meet(e.name)
			}
			return s.holds(e.name)
		}, func(string, error) {}, n.isClosed)
		return nil
	})
	return s
}

// holdBack keeps a batch of the stream that is to take over. It reports false,
// and gives the update up, if that stream has failed.
func (n *ReadDirectoryChanges) holdBack(w *watch, u *update, b *batch) bool {
	if !b.last {
		u.held = append(u.held, b)
		return true
	}
	n.mu.Lock()
	w.update = nil
	n.dropHeld(u)
	err := watchError("watch", w.path, b.err)
	n.mu.Unlock()
	u.next.shut()
	u.done <- err
	return false
}

// dropHeld gives up what an update holds. n.mu is held.
func (n *ReadDirectoryChanges) dropHeld(u *update) {
	for _, b := range u.held {
		n.raw.recycle(b)
	}
	u.held = nil
}

// cutOver has the new stream of an update take over at this place of the story.
func (n *ReadDirectoryChanges) cutOver(w *watch, time int64) {
	n.deliver(time)
	n.mu.Lock()
	u, old := w.update, w.cur
	w.update, w.cur, w.asked = nil, u.next, u.terms
	if w.flags != w.asked.flags {
		w.scope = u.scope
	}
	w.refresh()
	lossy := u.number == 0
	if lossy {
		n.emit(event.Record{Kind: event.KindLoss, WD: w.wd, Name: "update", N: -1, M: old.lastRead}, time)
		n.dropHeld(u)
	} else {
		w.skip = skip{to: u.number, deadline: n.clock() + int64(sentinelPatience)}
		n.raw.putBack(u.held)
	}
	n.emit(w.record(), time)
	if w.cause != "" {
		w.cur.end()
	}
	n.mu.Unlock()
	old.shut()
	if lossy {
		n.afterLoss(w, time)
	}
	u.done <- nil
}
