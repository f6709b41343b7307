package live

import "fsrec/watcher/event"

// todo is a queue of watches to place, each name of a directory at most once.
type todo struct {
	queue []*item
	byKey map[todoKey]*item // of queue, nil until it is needed
}

// todoKey is a name in a watched directory.
type todoKey struct {
	wd   int32
	name string
}

// item is a watch to place: at a name in a watched directory, whatever the
// directory's path is by then, or at the path that a caller asked for.
type item struct {
	parent  int32  // wd of the directory, 0 for a path that was asked for
	name    string // in the directory, or the absolute path
	add     *adding
	root    *askedPath // that led here, where add is not nil
	notice  bool       // nothing has told yet that the directory is there
	dropped bool
	tries   int // that met the wrong object
}

// askedPath is a path that a caller asked for.
type askedPath struct {
	key  string // as the caller wrote it
	path string
}

// find gives the item of a name, nil if there is none.
func (t *todo) find(key todoKey) *item {
	if t.byKey == nil && len(t.queue) > 0 {
		t.byKey = make(map[todoKey]*item, len(t.queue))
		for _, it := range t.queue {
			if it.parent != 0 && !it.dropped {
				t.byKey[todoKey{it.parent, it.name}] = it
			}
		}
	}
	return t.byKey[key]
}

// push adds an item unless there is one of the same name. One that a caller
// waits for replaces one that none does.
func (t *todo) push(it *item) {
	if it.parent != 0 {
		if old := t.find(todoKey{it.parent, it.name}); old != nil {
			if old.add != nil || it.add == nil {
				return
			}
			old.dropped = true
		}
	}
	t.pushNew(it)
}

// pushNew adds an item of a name that is known to have none.
func (t *todo) pushNew(it *item) {
	if it.add != nil {
		it.add.open++
	}
	t.queue = append(t.queue, it)
	if t.byKey != nil && it.parent != 0 {
		t.byKey[todoKey{it.parent, it.name}] = it
	}
}

// drop takes the item of a name out of the queue and returns it, nil if there is none.
func (t *todo) drop(key todoKey) *item {
	it := t.find(key)
	if it != nil {
		t.done(it)
	}
	return it
}

// take appends up to limit items from the head of the queue to to. Each is
// then done or put back before the queue is searched.
func (t *todo) take(to []*item, limit int) []*item {
	n := 0
	for n < len(t.queue) && len(to) < limit {
		if it := t.queue[n]; !it.dropped {
			to = append(to, it)
		}
		t.queue[n] = nil
		n++
	}
	t.queue = t.queue[n:]
	return to
}

// done says that an item is settled.
func (t *todo) done(it *item) {
	it.dropped = true
	if it.add != nil {
		it.add.open--
	}
	if it.parent != 0 && t.byKey != nil {
		delete(t.byKey, todoKey{it.parent, it.name})
	}
}

// putBack puts items that were taken at the end of the queue.
func (t *todo) putBack(items []*item) {
	t.queue = append(t.queue, items...)
	t.byKey = nil
	if len(t.queue) == 0 {
		t.queue = nil
	}
}

func (t *todo) empty() bool { return len(t.queue) == 0 }

// want puts a watch of a new directory on the list, if it is not excluded.
func (n *Inotify) want(w *event.Watch, name string) {
	if !n.ignore.has(w.WD, name) && !n.excluded(w.WD, event.Linux.Join(w.Path(), name)) {
		n.todo.push(&item{parent: w.WD, name: name})
		n.stream.notBefore = 0 // more may follow in it
	}
}
