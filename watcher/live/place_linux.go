package live

import (
	"slices"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

const (
	// batchSize is how many directories are watched and listed between two
	// looks at the queue.
	batchSize = 512
	// parallelFrom is the size of a batch from which a second goroutine is worth
	// its start; it gets shares of shareSize directories.
	parallelFrom = 64
	shareSize    = 16
	// settleRecords is about how many records one call of Read gives at most
	// while it places watches.
	settleRecords = 16 << 10
	// maxTries is how often an attempt is repeated before the whole table is checked.
	maxTries = 1000
)

// landing is an attempt to place one watch.
type landing struct {
	*item
	path    string
	asked   event.Mask
	kernel  event.Mask
	flags   event.Flags
	policy  *policy
	wd      int32
	existed bool  // the object was watched before
	twice   bool  // it was met in the same batch under another path
	err     error // of the watch
	opened  bool  // to be listed
	names   []dirent
	listErr error
	calls   int
	story   map[string]first
}

// settle places the watches that are wanted, when all that was read has been
// processed, and then does what had to wait for them.
func (n *Inotify) settle() {
	n.rescanIfLost()
	n.placeAll(settleRecords)
	if n.unsettled || !n.todo.empty() && len(n.stream.pending) > 0 {
		return
	}
	n.endUnconfirmed()
	n.passBarriers()
}

// placeAll works on the list until it is empty, what is left has to wait for
// the queue, or limit records were emitted.
func (n *Inotify) placeAll(limit int) {
	upset := make(map[todoKey]bool)
	n.unsettled = false
	if n.todo.empty() {
		n.widen()
		return
	}
	scan(n.stream.pending, nil, upset)
	var later []*item
	var batch []*item
	for start := len(n.out); !n.todo.empty() && n.failed == nil && n.stream.drained-n.stream.processed < maxPending; {
		if len(n.out)-start >= limit {
			n.unsettled = true
			break
		}
		batch = n.todo.take(batch[:0], batchSize)
		later = n.placeBatch(batch, upset, later)
	}
	n.todo.putBack(later)
	n.widen()
}

// placeBatch tries to place the watches of a batch and appends those that have
// to wait to later. upset has the names that what was read ahead renames or removes.
func (n *Inotify) placeBatch(batch []*item, upset map[todoKey]bool, later []*item) []*item {
	if len(n.stream.pending) == 0 {
		n.now = max(n.now, n.clock())
	}
	n.batch = n.batch[:0]
	for _, it := range batch {
		if it.dropped {
			continue
		}
		l, ok := n.aim(it)
		if !ok {
			n.todo.done(it)
			continue
		}
		n.batch = append(n.batch, l)
	}
	begin := n.stream.drained + int64(n.queued())
	n.land()
	defer func() { clear(n.batch); n.batch = n.batch[:0] }()
	added, end := n.drain()
	var renames *renames
	if len(added) > 0 {
		watched := make(map[int32]*landing, len(n.batch))
		for i := range n.batch {
			if l := &n.batch[i]; l.wd != 0 && !l.existed {
				watched[l.wd] = l
			}
		}
		scan(added, watched, upset)
		renames = scanRenames(added, begin)
	}
	for i := range n.batch {
		l := &n.batch[i]
		dubious := n.dubious(l, upset)
		if l.opened {
			n.expectOwn(l, begin, end, dubious || len(upset) > 0, renames)
		}
		if dubious {
			if l.wd != 0 && !l.existed {
				n.conceal(l.wd)
				l.wd = 0
			}
			if l.tries++; l.tries < maxTries || l.add != nil {
				later = append(later, l.item)
				continue
			}
			// The table must be wrong about the way to it.
			n.rescan.due = true
			n.todo.done(l.item)
			continue
		}
		n.todo.done(l.item)
		n.landed(l)
	}
	return later
}

// aim finds the path of an item and what is to be asked of the kernel, and
// reports false if its directory is no longer watched.
func (n *Inotify) aim(it *item) (landing, bool) {
	if it.parent == 0 {
		return it.add.aim(it), true
	}
	w := n.table.Watch(it.parent)
	if w == nil || w.Lost() || n.causes[it.parent] != "" {
		return landing{}, false
	}
	l := landing{item: it, path: event.Linux.Join(w.Path(), it.name), asked: w.Mask, flags: w.Flags &^ event.FlagLost}
	if p := n.policies[it.parent]; p != nil && p.exclude != nil {
		l.policy = p
		if p.follow {
			l.policy = &policy{exclude: p.exclude}
		}
	}
	l.kernel = kernelMask(l.asked, l.flags)
	return l, true
}

// kernelMask is what the kernel is asked for, so that the table can be kept true.
func kernelMask(asked event.Mask, flags event.Flags) event.Mask {
	m := asked & (event.IN_ALL_EVENTS | event.IN_EXCL_UNLINK | event.IN_ONESHOT)
	if m&event.IN_ONESHOT != 0 {
		return m
	}
	m |= event.IN_MOVE_SELF | event.IN_DELETE_SELF
	if flags&event.FlagDir != 0 && flags&(event.FlagRecursive|event.FlagAutoAdd) != 0 {
		m |= event.IN_CREATE | event.IN_MOVED_FROM | event.IN_MOVED_TO
	}
	return m
}

// land places the watches, with the events left out that listing causes, and
// lists the directories. Of a large batch, a second goroutine lists what has
// been watched while the first goes on watching.
func (n *Inotify) land() {
	for i := range n.listers {
		n.listers[i].reset()
	}
	if len(n.batch) < parallelFrom {
		for i := range n.batch {
			n.watch(&n.batch[i])
			n.batch[i].list(&n.listers[0])
		}
		return
	}
	watched := make(chan []landing, len(n.batch)/shareSize+1)
	second := make(chan struct{})
	go func() {
		defer close(second)
		listAll(watched, &n.listers[1])
	}()
	for share := range slices.Chunk(n.batch, shareSize) {
		for i := range share {
			n.watch(&share[i])
		}
		watched <- share
	}
	close(watched)
	listAll(watched, &n.listers[0])
	<-second
}

func listAll(watched <-chan []landing, lister *listing) {
	for share := range watched {
		for i := range share {
			share[i].list(lister)
		}
	}
}

// list lists the directory of a landing that wants it.
func (l *landing) list(lister *listing) {
	if l.wd == 0 || !l.wantsList() {
		return
	}
	what := everyName
	switch {
	case l.add == nil:
	case l.add.request.Snapshot:
		what = everyStat
	default:
		what = dirsOnly
	}
	l.names, l.listErr = lister.read(l.path, l.follows(), what)
	l.opened, l.calls = lister.opened, lister.calls
}

func (l *landing) follows() bool { return l.policy != nil && l.policy.follow }

func (l *landing) wantsList() bool {
	switch {
	case l.flags&event.FlagDir == 0:
		return false
	case l.add != nil:
		return l.add.request.Recursive || l.add.request.Snapshot
	}
	return !l.existed
}

// watch places the watch of one landing.
func (n *Inotify) watch(l *landing) {
	if l.parent == 0 {
		n.watchAsked(l)
	} else {
		n.watchNew(l, l.kernel&^wide, event.IN_ONLYDIR|event.IN_DONT_FOLLOW)
	}
	if l.existed && l.add != nil && l.add.request.Mask&event.IN_MASK_CREATE != 0 {
		l.err, l.existed, l.wd = unix.EEXIST, false, 0
	}
}

// watchNew places a watch, or finds the one that the object has.
func (n *Inotify) watchNew(l *landing, mask, flags event.Mask) {
	l.wd, l.err = n.addWatch(l.path, mask|flags|event.IN_MASK_CREATE)
	if l.err == unix.EEXIST {
		l.wd, l.err = n.addWatch(l.path, event.IN_UNMOUNT|flags|event.IN_MASK_ADD)
		if l.err == nil && n.table.Watch(l.wd) == nil && n.fresh(l.wd) == nil {
			// The old watch ended in between, and this is one without a mask.
			blank := l.wd
			if l.wd, l.err = n.addWatch(l.path, mask|flags|event.IN_MASK_ADD); l.wd != blank {
				n.conceal(blank)
			}
			if n.table.Watch(l.wd) != nil {
				n.strayed(l.wd, mask|event.IN_MASK_ADD)
			}
		}
	}
	if l.err != nil {
		l.wd = 0
		return
	}
	if l.wd > n.latest {
		n.latest = l.wd
		return
	}
	// A kernel before 4.18 does not know IN_MASK_CREATE, so that this is not
	// only after EEXIST.
	l.existed = n.table.Watch(l.wd) != nil
	if wd := l.wd; !l.existed {
		l.wd = 0
		l.twice = n.fresh(wd) != nil
		if !l.twice {
			l.wd = wd
		}
	}
}

// fresh gives the landing of the batch that placed watch wd, nil if none has.
func (n *Inotify) fresh(wd int32) *landing {
	for i := range n.batch {
		if n.batch[i].wd == wd {
			return &n.batch[i]
		}
	}
	return nil
}

func (n *Inotify) addWatch(path string, mask event.Mask) (int32, error) {
	wd, err := ignoringEINTR(func() (int, error) { return unix.InotifyAddWatch(n.fd, path, uint32(mask)) })
	if err != nil {
		return 0, err
	}
	return int32(wd), nil
}

// identify gives the watch of the object that path leads to now, 0 if it has
// none. It changes no watch: IN_UNMOUNT is in every mask.
func (n *Inotify) identify(path string, flags event.Mask) int32 {
	wd, err := n.addWatch(path, event.IN_UNMOUNT|event.IN_MASK_ADD|flags)
	if err != nil {
		return 0
	}
	if n.table.Watch(wd) != nil {
		return wd
	}
	if n.fresh(wd) == nil {
		n.conceal(wd)
	}
	return 0
}

// landed makes records of an attempt that met the right object, or none.
func (n *Inotify) landed(l *landing) {
	switch {
	case l.err == unix.ENOENT && l.parent != 0, l.err == unix.ENOTDIR && l.parent != 0, l.err == unix.ELOOP && l.parent != 0:
		return // it is gone, and nobody asked for it by name
	case l.err != nil:
		n.fail(l, "watch", l.err)
		return
	case l.existed && l.add == nil:
		n.rerooted(l)
		return
	case l.existed:
		n.reAdded(l)
	default:
		n.begin(l)
	}
	if l.listErr != nil && l.listErr != unix.ENOENT && l.listErr != unix.ENOTDIR && l.listErr != unix.ELOOP {
		n.fail(l, "list", l.listErr)
	} else if l.add != nil {
		l.add.result(l, nil)
	}
	n.tell(l)
}

// begin emits a new watch.
func (n *Inotify) begin(l *landing) {
	var parent int32
	if l.add == nil {
		parent = l.parent
	}
	if l.notice {
		n.synthesise(l.parent, l.name, true)
	}
	narrow := l.kernel&wide != 0 && l.wantsListNarrow()
	kernel := l.kernel
	if narrow {
		kernel &^= wide
	}
	n.emit(event.Record{Kind: event.KindWatch, Flags: l.flags, WD: l.wd, Mask: l.asked, N: int64(kernel), M: int64(parent), Path: l.path})
	if l.flags&event.FlagDir == 0 {
		n.files++
	}
	if l.policy != nil {
		n.policies[l.wd] = l.policy
	}
	if narrow {
		n.narrow[l.wd] = true
		if l.add != nil {
			l.add.toWiden = append(l.add.toWiden, l.wd)
		} else {
			n.toWiden = append(n.toWiden, l.wd)
		}
	}
	n.placed(l.wd, l.path)
}

// wantsListNarrow reports whether the watch was placed without the wide events.
func (l *landing) wantsListNarrow() bool {
	return l.parent != 0 || l.wantsList()
}

// rerooted deals with a new directory that turns out to be watched already.
func (n *Inotify) rerooted(l *landing) {
	w := n.table.Watch(l.wd)
	if w.Path() == l.path {
		return
	}
	if !w.Lost() && n.identify(w.Path(), 0) == l.wd {
		return // the same directory under two paths: a bind mount or a symlink
	}
	n.settled[l.wd] = n.stream.drained
	if w.Lost() {
		r := w.Record()
		r.Flags &^= event.FlagLost
		r.Path = l.path
		n.emit(r)
		n.placed(l.wd, l.path)
		if n.narrow[l.wd] {
			n.toWiden = append(n.toWiden, l.wd)
		}
		return
	}
	n.move(w.Path(), l.path)
}

// tell emits what was in the directory when its watch was placed, and puts the
// directories in it on the list.
func (n *Inotify) tell(l *landing) {
	for i := range l.names {
		d := &l.names[i]
		if f, told := l.story[d.name]; told && (!f.removed || f.dir != d.isDir()) {
			continue // it is another one that has the name
		}
		_, told := l.story[d.name]
		n.tellName(l, d, told, 0)
		delete(l.story, d.name)
	}
	for name, f := range l.story {
		if f.removed {
			d := dirent{name: name, mode: unix.S_IFREG}
			if f.dir {
				d.mode = unix.S_IFDIR
			}
			n.tellName(l, &d, true, event.FlagInferred)
		}
	}
}

// tellName tells of one name; gone says that it was renamed or removed since.
func (n *Inotify) tellName(l *landing, d *dirent, gone bool, flags event.Flags) {
	w := n.table.Watch(l.wd)
	if n.ignore.has(l.wd, d.name) || n.dropped(w, d.name) {
		return
	}
	switch {
	case l.add == nil:
		n.synthesise(l.wd, d.name, d.isDir())
	case l.add.request.Snapshot:
		n.emit(event.Record{Kind: event.KindEntry, Flags: flags, WD: l.wd, Name: d.name, Cookie: d.mode, N: d.size, M: d.mtime})
	}
	if !d.isDir() || gone || l.add != nil && !l.add.request.Recursive {
		return
	}
	if path := event.Linux.Join(l.path, d.name); l.policy != nil && l.policy.exclude != nil && l.policy.exclude(path) {
		if l.add != nil {
			l.add.results = append(l.add.results, event.WatchResult{Key: l.root.keyOf(path), Path: path, Excluded: true})
		}
		return
	}
	n.todo.pushNew(&item{parent: l.wd, name: d.name, add: l.add, root: l.root})
}

// synthesise emits a creation that the kernel did not tell of.
func (n *Inotify) synthesise(wd int32, name string, dir bool) {
	m := event.IN_CREATE
	if dir {
		m |= event.IN_ISDIR
	}
	n.emit(event.Record{Kind: event.KindEvent, Flags: event.FlagSynthetic, WD: wd, Mask: m, Name: name})
}
