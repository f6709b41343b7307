package live

import "fsrec/watcher/event"

// todo is a queue of watches to place, each name of a directory at most once.
type todo struct {
	queue []*item
	byKey map[todoKey]*item
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
	key     string // WatchResult.Key, where add is not nil
	add     *adding
	notice  bool // nothing has told yet that the directory is there
	dropped bool
	tries   int // that met the wrong object
}

func (t *todo) push(it *item) {
	if it.parent != 0 {
		key := todoKey{it.parent, it.name}
		if old := t.byKey[key]; old != nil {
			if old.add != nil || it.add == nil {
				return
			}
			old.dropped = true
		}
		set(&t.byKey, key, it)
	}
	if it.add != nil {
		it.add.open++
	}
	t.queue = append(t.queue, it)
}

// drop takes the item of a name out of the queue and returns it, nil if there is none.
func (t *todo) drop(key todoKey) *item {
	it := t.byKey[key]
	if it == nil {
		return nil
	}
	delete(t.byKey, key)
	it.dropped = true
	if it.add != nil {
		it.add.open--
	}
	return it
}

// take removes up to len(to) items from the head of the queue. They are kept by
// key until done is called or they are put back.
func (t *todo) take(to []*item, limit int) []*item {
	for len(t.queue) > 0 && len(to) < limit {
		it := t.queue[0]
		t.queue[0] = nil
		t.queue = t.queue[1:]
		if !it.dropped {
			to = append(to, it)
		}
	}
	if len(t.queue) == 0 {
		t.queue = nil
	}
	return to
}

// done says that an item that was taken is settled.
func (t *todo) done(it *item) {
	it.dropped = true
	if it.add != nil {
		it.add.open--
	}
	if it.parent != 0 {
		delete(t.byKey, todoKey{it.parent, it.name})
	}
}

// putBack puts items that were taken at the end of the queue.
func (t *todo) putBack(items []*item) { t.queue = append(t.queue, items...) }

func (t *todo) empty() bool { return len(t.queue) == 0 }

// want puts a watch of a new directory on the list, if it is not excluded.
func (n *Inotify) want(w *event.Watch, name string) {
	if !n.ignore.has(w.WD, name) && !n.excluded(w.WD, event.Linux.Join(w.Path, name)) {
		n.todo.push(&item{parent: w.WD, name: name})
	}
}
