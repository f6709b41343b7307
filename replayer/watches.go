package replayer

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"time"

	"fsrec/watcher/event"
)

// changes is what the program under test did to the recorded watches.
type changes struct {
	index    *index       // nil until it is needed
	found    []Mark       // nil until they are needed
	table    *event.Table // of what was passed on, by recorded paths; nil until it is needed
	asked    map[int32]*ask
	withheld map[int32]bool // wds of which nothing is passed on
	attended bool           // the program changes watches
}

// ask is what a program asked for.
type ask struct {
	mask    event.Mask
	autoAdd bool
	exclude func(string) bool

	// Of a watch that stands for a whole tree:
	subtree  bool            // what is below the directory was asked for
	excluded map[string]bool // what exclude said, by the recorded name in the tree
	size     int             // bytes of names in excluded
}

// needTable makes the table of what was passed on.
func (r *Replayer) needTable() error {
	if r.table != nil {
		return nil
	}
	table, err := r.log.TableAt(r.next)
	if err != nil {
		return err
	}
	r.table = table
	return nil
}

func (r *Replayer) needIndex() error {
	if r.index != nil {
		return nil
	}
	x, err := newIndex(r.log)
	if err != nil {
		return err
	}
	r.index = x
	return nil
}

// pass takes note of records that are about to be passed on, and turns them
// into what the reader is to see.
func (r *Replayer) pass(records []event.Record) []event.Record {
	before := r.now
	last := &records[len(records)-1]
	if last.Seq != 0 {
		r.next = last.Seq + 1
		r.position.Seq = last.Seq
		r.empty = false
	}
	r.position.Time = time.Duration(last.Time)
	r.now = last.Time + r.shift
	if r.table == nil && r.mapper == nil && r.rounds == 1 && len(r.overflow) == 0 {
		return records
	}
	out := records[:0]
	var extra []event.Record // what out has no room for yet
	for i := range records {
		record := &records[i]
		if r.table != nil && record.IsTableChange() {
			r.table.Apply(record)
		}
		if !r.keep(record) {
			continue
		}
		record.Time += r.shift
		if len(r.overflow) > 0 && isEvent(record) {
			lost, loss := r.lose(record, before)
			if lost {
				extra = append(extra, loss...)
				out, extra = unload(out, extra, i+1)
				continue
			}
		}
		before = record.Time
		if r.mapper != nil {
			r.mapper.record(record)
		}
		switch {
		case len(extra) > 0:
			extra = append(extra, *record)
			out, extra = unload(out, extra, i+1)
		case len(out) == i:
			out = records[:i+1]
		default:
			out = append(out, *record)
		}
	}
	return append(out, extra...)
}

// unload moves from extra to out what fits into the first read entries, which are free.
func unload(out, extra []event.Record, read int) (_, _ []event.Record) {
	n := min(read-len(out), len(extra))
	out = append(out, extra[:n]...)
	return out, extra[n:]
}

// lose reports whether an event is lost to an injected overflow, and what stands for the first.
func (r *Replayer) lose(record *event.Record, before int64) (lost bool, loss []event.Record) {
	for i, f := range r.overflow {
		left := &r.faults[i]
		if record.Seq < f.at || left.n == 0 || left.n < f.n && record.Kind == event.KindChange && record.WD != left.wd {
			continue
		}
		if left.n == f.n {
			left.wd = record.WD
			loss = lossOf(record, before)
		}
		left.n--
		return true, loss
	}
	return false, nil
}

// keep reports whether the reader is to see record, which it adapts to what was asked for.
func (r *Replayer) keep(record *event.Record) bool {
	switch record.Kind {
	case event.KindWatch:
		r.adopt(record)
		if a := r.asked[record.WD]; a != nil {
			record.Mask = a.mask
		}
		return !r.withheld[record.WD]
	case event.KindEvent, event.KindUnwatch, event.KindEntry, event.KindRead, event.KindLoss:
		return !r.withheld[record.WD]
	case event.KindChange:
		if r.withheld[record.WD] {
			return false
		}
		a := r.asked[record.WD]
		if a == nil {
			return true
		}
		w := r.table.Watch(record.WD)
		return w == nil || a.asksFor(record, r.mapper, w.Path())
	case event.KindFail:
		return record.M == 0 || !r.withheld[int32(record.M)]
	case event.KindEnd:
		return r.rounds == 1 || r.position.Round == r.rounds-1
	}
	return true
}

// adopt treats a watch that auto-add placed as its parent was asked for.
func (r *Replayer) adopt(record *event.Record) {
	parent := int32(record.M)
	if parent == 0 || r.asked[record.WD] != nil {
		return
	}
	if r.withheld[parent] {
		r.withhold(record.WD)
		return
	}
	a := r.asked[parent]
	if a == nil {
		return
	}
	if !a.autoAdd || (a.exclude != nil && a.exclude(r.mapper.path(record.Path))) {
		r.withhold(record.WD)
		return
	}
	r.asked[record.WD] = a
}

func (r *Replayer) withhold(wd int32) {
	if r.withheld == nil {
		r.withheld = make(map[int32]bool)
	}
	r.withheld[wd] = true
}

// Add answers a request from the recording. The wd of a path is that of the
// watch which stands for it at this place of the replay, else of the first one
// that will. With Recursive, the watches below it are those that stand there
// now, or that will have been placed together with it. What auto-add placed
// later comes through Read, as live, unless the request is without AutoAdd.
//
// On Windows one watch stands for a whole tree. It has one result, and for a
// directory below it there is none. A request that is neither Recursive nor
// AutoAdd gets what happens in the directory itself; one that is either, all of
// the tree that is not excluded.
//
// The path may be written as Map gives it or as it was recorded, cleaned or
// not; there is no working directory, a relative path is found only if Map made
// it. Glob patterns match recorded paths, element by element, by the rules of
// path.Match. Exclude is asked about replayed paths; it must not call the Replayer.
//
// A path that is not watched gives a *event.WatchError around a
// *NotRecordedError. Events that were asked for and not recorded are in
// WatchResult.Unrecorded. A mask that a live backend refuses is refused. Everything else
// in the request has no effect: a replay can give no more than was recorded.
func (r *Replayer) Add(request event.WatchRequest) ([]event.WatchResult, error) {
	if err := r.closedError(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.needTable(); err != nil {
		return nil, err
	}
	if err := r.needIndex(); err != nil {
		return nil, err
	}
	if r.asked == nil {
		r.asked = make(map[int32]*ask)
	}
	r.attended = true
	defer r.wakeUp()
	wanted := clean(r.header.Platform, request.Path)
	if fault := request.Mask.Fault(); fault != "" {
		return []event.WatchResult{{Key: wanted, Path: wanted, Err: refused(wanted, syscall.EINVAL, fault)}}, nil
	}
	if !request.Glob {
		return r.addPath(nil, wanted, request), nil
	}
	paths, err := r.index.matching(wanted, r.header.Platform, r.mapper)
	if err != nil {
		return nil, &event.WatchError{Op: "watch", Path: request.Path, Err: err}
	}
	var results []event.WatchResult
	for _, path := range paths {
		if all := r.addPath(nil, path, request); !errors.Is(all[0].Err, event.ErrNotRecorded) {
			results = append(results, all...)
		}
	}
	if results == nil {
		results = append(results, r.notRecorded(wanted))
	}
	return results, nil
}

// addPath adds the results for one path, in the form in which the caller wrote it.
func (r *Replayer) addPath(results []event.WatchResult, wanted string, request event.WatchRequest) []event.WatchResult {
	for _, recorded := range r.mapper.recorded(wanted) {
		watches := r.watches(recorded, request.Recursive)
		if len(watches) == 0 {
			continue
		}
		top := r.mapper.path(recorded)
		excluded := make(map[string]bool) // by folded path
		for i := range watches {
			w := &watches[i]
			path := r.mapper.path(w.Path)
			if len(excluded) > 0 && r.within(excluded, path) {
				r.withhold(w.WD)
				continue
			}
			key := wanted
			if rest, below := r.header.Platform.Below(top, path); below {
				key = r.header.Platform.Join(wanted, rest)
			}
			if request.Exclude != nil && request.Exclude(path) {
				excluded[r.header.Platform.Fold(path)] = true
				r.withhold(w.WD)
				results = append(results, event.WatchResult{Key: key, Path: path, Excluded: true})
				continue
			}
			if err := r.refusal(w, path, request.Mask); err != nil {
				results = append(results, event.WatchResult{Key: key, Path: path, Err: err})
				continue
			}
			results = append(results, event.WatchResult{Key: key, Path: path, WD: w.WD, Unrecorded: r.ask(w, request)})
		}
		return results
	}
	return append(results, r.notRecorded(wanted))
}

// within reports whether path is one of dirs, whose paths are folded, or below one.
func (r *Replayer) within(dirs map[string]bool, path string) bool {
	platform := r.header.Platform
	for !dirs[platform.Fold(path)] {
		up := platform.Parent(path)
		if up == path {
			return false
		}
		path = up
	}
	return true
}

// watches finds the watch of a recorded path, the watches below it after it.
func (r *Replayer) watches(recorded string, below bool) []event.Record {
	if w := r.table.At(recorded); w != nil {
		all := []event.Record{r.index.settled(w, r.next)}
		if below {
			all = all[:0]
			for _, w := range r.table.Below(recorded, nil) {
				all = append(all, r.index.settled(w, r.next))
			}
			slices.SortStableFunc(all, func(a, b event.Record) int { return strings.Compare(a.Path, b.Path) })
		}
		return all
	}
	s := r.index.later(recorded, r.next)
	if s == nil && r.position.Round+1 != r.rounds {
		s = r.index.later(recorded, r.first)
	}
	if s == nil {
		return nil
	}
	if below {
		return r.index.set(s)
	}
	return []event.Record{s.watch}
}

// refusal is what inotify_add_watch(2) would say to a mask, without a fault of its own, for a watch at path.
func (r *Replayer) refusal(w *event.Record, path string, mask event.Mask) error {
	switch {
	case mask&event.IN_ONLYDIR != 0 && w.Flags&event.FlagDir == 0:
		return refused(path, syscall.ENOTDIR, "it is not a directory, and IN_ONLYDIR was asked for")
	case mask&event.IN_MASK_CREATE != 0 && r.asked[w.WD] != nil && !r.withheld[w.WD]:
		return refused(path, syscall.EEXIST, "it is watched already, and IN_MASK_CREATE was asked for")
	}
	return nil
}

func refused(path string, err error, hint string) error {
	return &event.WatchError{Op: "watch", Path: path, Err: err, Hint: hint}
}

// ask notes what was asked of a watch, and tells what of it was not recorded.
func (r *Replayer) ask(w *event.Record, request event.WatchRequest) event.Mask {
	mask := request.Mask
	if old := r.asked[w.WD]; old != nil && mask&event.IN_MASK_ADD != 0 {
		mask |= old.mask
	}
	mask &^= event.IN_MASK_ADD | event.IN_MASK_CREATE
	delete(r.withheld, w.WD)
	r.asked[w.WD] = &ask{mask: mask, autoAdd: request.AutoAdd, exclude: request.Exclude, subtree: request.Recursive || request.AutoAdd}
	if now := r.table.Watch(w.WD); now != nil {
		record := now.Record()
		record.Mask = mask
		r.queue(record)
	}
	return request.Mask & event.IN_ALL_EVENTS &^ delivers(w)
}

func (r *Replayer) notRecorded(wanted string) event.WatchResult {
	cause := &NotRecordedError{Path: wanted}
	failed := &event.WatchError{Op: "watch", Path: wanted, Err: cause}
	recorded := r.mapper.recorded(wanted)
	for _, path := range recorded {
		if r.index.later(path, 0) != nil {
			cause.Over = true
			cause.Nearest = wanted
		}
	}
	if cause.Over {
		return event.WatchResult{Key: wanted, Path: wanted, Err: failed}
	}
	for _, path := range recorded {
		if tree := r.index.treeOf(path); tree != "" && cause.Within == "" {
			cause.Within = r.mapper.path(tree)
			cause.Nearest = cause.Within
			failed.Hint = "watch " + event.Quote(cause.Within) + " with its subtree"
		}
	}
	if cause.Within == "" {
		cause.Nearest = r.mapper.path(r.index.nearest(recorded[0]))
		if cause.Nearest != "" {
			failed.Hint = "replayer.Map gives a recorded path another one"
		}
	}
	return event.WatchResult{Key: wanted, Path: wanted, Err: failed}
}

// Update gives a recorded watch another mask, which its KindWatch record carries from now on.
func (r *Replayer) Update(wd int32, mask event.Mask) error {
	if err := r.closedError(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w, err := r.known(wd)
	if err != nil {
		return err
	}
	path := r.mapper.path(w.Path)
	if fault := mask.Fault(); fault != "" {
		return refused(path, syscall.EINVAL, fault)
	}
	if err := r.refusal(&w, path, mask); err != nil {
		return err
	}
	a := ask{autoAdd: true, subtree: true}
	if old := r.asked[wd]; old != nil {
		a = *old
		if mask&event.IN_MASK_ADD != 0 {
			mask |= old.mask
		}
	}
	mask &^= event.IN_MASK_ADD
	a.mask = mask
	if r.asked == nil {
		r.asked = make(map[int32]*ask)
	}
	r.asked[wd] = &a
	w.Mask = mask
	r.queue(w)
	r.wakeUp()
	return nil
}

// Remove ends a recorded watch for this replay: IN_IGNORED, which on Windows
// translation adds, and a KindUnwatch record come through Read, and nothing more of
// the watch, until it is added again.
func (r *Replayer) Remove(wd int32) error {
	if err := r.closedError(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w, err := r.known(wd)
	if err != nil {
		return err
	}
	if r.table.Watch(wd) == nil {
		r.queue(w)
	}
	r.withhold(wd)
	delete(r.asked, wd)
	if w.P == 0 { // of Windows, translation makes it of the KindUnwatch
		r.queue(event.Record{Kind: event.KindEvent, WD: wd, Mask: event.IN_IGNORED})
	}
	r.queue(event.Record{Kind: event.KindUnwatch, WD: wd, Name: event.CauseRemoved, Path: w.Path})
	r.wakeUp()
	return nil
}

// known finds a watch that stands now, or that was answered with and will stand.
func (r *Replayer) known(wd int32) (watch event.Record, err error) {
	r.attended = true
	if err := r.needTable(); err != nil {
		return watch, err
	}
	if r.withheld[wd] {
		return watch, event.ErrUnknownWatch
	}
	if w := r.table.Watch(wd); w != nil {
		return w.Record(), nil
	}
	if r.asked[wd] == nil {
		return watch, event.ErrUnknownWatch
	}
	if err := r.needIndex(); err != nil {
		return watch, err
	}
	for i := range r.index.changes {
		if c := r.index.changes[i]; c.Kind == event.KindWatch && c.WD == wd && c.Seq >= r.next {
			c.Seq = 0
			return c, nil
		}
	}
	return watch, event.ErrUnknownWatch
}

func (r *Replayer) closedError() error {
	select {
	case <-r.closed:
		return event.ErrClosed
	default:
		return nil
	}
}
