package live

import (
	"fsrec/watcher/event"
)

// rescan makes the table true again after the kernel lost events.
type rescan struct {
	due         bool
	unconfirmed []int32 // watches that were not found under their path
}

// overflow notes that events are missing, whose IN_Q_OVERFLOW was just emitted.
func (n *Inotify) overflow() {
	n.emit(event.Record{Kind: event.KindLoss, Name: "kernel", N: -1, M: n.stream.lastRead})
	n.rescan.due = true
	n.departing.forget()
}

// rescanIfLost looks, after a loss, where each watch is, and for directories
// that have none and should.
func (n *Inotify) rescanIfLost() {
	if !n.rescan.due {
		return
	}
	n.rescan.due = false
	n.now = max(n.now, n.clock())
	n.rescan.unconfirmed = n.rescan.unconfirmed[:0]
	var l listing
	for i, w := range n.table.Watches() {
		if i%batchSize == 0 {
			n.drain() // or the queue overflows again meanwhile
		}
		if w.Mask&event.IN_ONESHOT != 0 || n.causes[w.WD] != "" {
			continue
		}
		if w.Lost() || n.identify(w.Path(), w.Mask&event.IN_DONT_FOLLOW) != w.WD {
			n.rescan.unconfirmed = append(n.rescan.unconfirmed, w.WD)
			continue
		}
		if w.Flags&event.FlagAutoAdd != 0 && w.Flags&event.FlagDir != 0 {
			n.relist(w, &l)
		}
	}
}

// relist wants a watch for each directory in w that has none.
func (n *Inotify) relist(w *event.Watch, l *listing) {
	p := n.policies[w.WD]
	begin := n.stream.drained + int64(n.queued())
	names, err := l.read(w.Path(), p != nil && p.follow, dirsOnly)
	if err != nil {
		return // it has gone or moved; the queue will tell
	}
	end := n.stream.drained + int64(n.queued())
	n.expectOwn(&landing{item: &item{}, path: w.Path(), wd: w.WD, existed: true, calls: l.calls}, begin, end, false, nil)
	for i := range names {
		d := &names[i]
		if n.table.At(event.Linux.Join(w.Path(), d.name)) != nil {
			continue
		}
		n.want(w, d.name)
		if it := n.todo.find(todoKey{w.WD, d.name}); it != nil {
			it.notice = true
		}
	}
}

// endUnconfirmed ends the watches that a rescan found nowhere, once what was
// read meanwhile, which may tell where they went, has been processed.
func (n *Inotify) endUnconfirmed() {
	if len(n.rescan.unconfirmed) == 0 || len(n.stream.pending) > 0 {
		return
	}
	n.drain()
	if len(n.stream.pending) > 0 {
		return
	}
	var over []int32
	for _, wd := range n.rescan.unconfirmed {
		w := n.table.Watch(wd)
		if w == nil || n.causes[wd] != "" || !w.Lost() && n.identify(w.Path(), 0) == wd {
			continue
		}
		if n.end(wd) != nil {
			// It is over in the kernel, and its IN_IGNORED was lost or is on its way.
			over = append(over, wd)
			continue
		}
		n.causes[wd] = event.CauseMovedOut
		if !w.Lost() {
			n.leave(w.Path())
		}
	}
	n.rescan.unconfirmed = n.rescan.unconfirmed[:0]
	if len(over) > 0 {
		n.bar(barrier{over: over})
	}
}
