package watcher

import (
	"errors"
	"slices"
	"strings"

	"fsrec/watcher/event"
)

// AddWatch watches a path for the events of mask. The result has the wd of
// every path that is watched now, the path itself and those below or matched by it, or a
// negative code: [NotWatched], [Excluded], [InvalidPath]. Paths are written as
// the caller wrote them. Where something could not be watched, the error is a
// *WatchManagerError; all that could be is watched nevertheless.
//
// A path that is watched already keeps its wd and gets the new mask, handler
// and filters; IN_MASK_ADD keeps the old mask too. A file or directory with two
// paths has one wd, which stands for the latest.
func (wm *WatchManager) AddWatch(path string, mask event.Mask, opts ...WatchOption) (map[string]int32, error) {
	return wm.AddWatches([]string{path}, mask, opts...)
}

// AddWatches is AddWatch for several paths.
func (wm *WatchManager) AddWatches(paths []string, mask event.Mask, opts ...WatchOption) (map[string]int32, error) {
	o, err := collect("add", addOptions, opts)
	if err != nil {
		return nil, err
	}
	s := &settings{mask: mask, autoAdd: o.autoAdd, handler: o.handler, filter: o.filter, exclude: wm.exclude}
	if o.given.has(optExclude) {
		s.exclude = o.exclude
	}
	wm.ops.Lock()
	defer wm.ops.Unlock()
	wds := make(map[string]int32)
	var errs []error
	for _, p := range paths {
		if p == "" || strings.IndexByte(p, 0) >= 0 {
			wds[p] = InvalidPath
			errs = append(errs, &event.WatchError{Op: "watch", Path: p, Err: ErrInvalidPath})
			continue
		}
		wm.unmute(p)
		results, err := wm.backend.Add(event.WatchRequest{
			Path: p, Mask: mask, Recursive: o.recursive, AutoAdd: o.autoAdd, Glob: o.glob,
			Snapshot: o.snapshot, Exclude: wm.excluding(s),
		})
		if err != nil {
			wds[p] = NotWatched
			errs = append(errs, err)
			continue
		}
		errs = append(errs, wm.register(results, s, o, wds)...)
	}
	if len(errs) > 0 {
		return wds, &WatchManagerError{Op: "add", WDs: wds, Errs: errs}
	}
	return wds, nil
}

// excluding is the exclude filter of s, which also leaves out what RemovePath took out.
func (wm *WatchManager) excluding(s *settings) func(string) bool {
	return func(path string) bool {
		return wm.isMuted(path) || s.exclude != nil && s.exclude(path)
	}
}

func (wm *WatchManager) isMuted(path string) bool {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	for _, m := range wm.muted {
		if _, below := wm.platform.Below(m, path); below {
			return true
		}
	}
	return false
}

// unmute lifts RemovePath from path and from all below and above it.
func (wm *WatchManager) unmute(path string) {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	path = wm.absolute(path)
	kept := wm.muted[:0]
	for _, m := range wm.muted {
		_, below := wm.platform.Below(m, path)
		_, above := wm.platform.Below(path, m)
		if !below && !above {
			kept = append(kept, m)
		}
	}
	wm.muted = kept
}

// register stores the results of a request and fills wds.
func (wm *WatchManager) register(results []event.WatchResult, s *settings, o *watchOptions, wds map[string]int32) (errs []error) {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	wm.gen.Add(1)
	for i := range results {
		r := &results[i]
		switch {
		case r.Excluded:
			wds[r.Key] = Excluded
		case r.Err != nil || r.WD <= 0:
			wds[r.Key] = NotWatched
			err := r.Err
			if err == nil {
				err = &event.WatchError{Op: "watch", Path: r.Path, Err: ErrUnknownWatch}
			}
			errs = append(errs, err)
		default:
			wds[r.Key] = r.WD
			wm.subscribe(r, s, o)
		}
	}
	return errs
}

func (wm *WatchManager) subscribe(r *event.WatchResult, s *settings, o *watchOptions) {
	sub := wm.subs[r.WD]
	if sub == nil {
		sub = new(subscription)
		wm.subs[r.WD] = sub
	} else if s.mask&event.IN_MASK_ADD != 0 {
		both := *s
		both.mask |= sub.settings.Load().mask
		s = &both
	}
	sub.settings.Store(s)
	if sub.removed {
		sub.ends++
	}
	sub.adopted, sub.removed = false, false
	if r.Unrecorded != 0 {
		wm.unrecorded[r.WD] = r.Unrecorded
	} else {
		delete(wm.unrecorded, r.WD)
	}
	if r.Key != r.Path {
		wm.aliases[wm.platform.Fold(clean(wm.platform, r.Key))] = r.Path
	}
	if w := wm.table.Watch(r.WD); w != nil && w.Path() == r.Path && !w.Lost() {
		return
	}
	a := event.Record{Kind: event.KindWatch, WD: r.WD, Path: r.Path, Mask: s.mask}
	if o.recursive {
		a.Flags |= event.FlagRecursive
	}
	if o.autoAdd {
		a.Flags |= event.FlagAutoAdd
	}
	wm.announced.Apply(&a)
}

// UpdateWatch changes what the options name of watch wd and leaves the rest as
// it is. The result says for each watch whether it was updated; where one was
// not, the error is a *WatchManagerError.
func (wm *WatchManager) UpdateWatch(wd int32, opts ...WatchOption) (map[int32]bool, error) {
	return wm.UpdateWatches([]int32{wd}, opts...)
}

// UpdateWatches is UpdateWatch for several watches.
func (wm *WatchManager) UpdateWatches(wds []int32, opts ...WatchOption) (map[int32]bool, error) {
	o, err := collect("update", updateOptions, opts)
	if err != nil {
		return nil, err
	}
	return wm.each("update", wds, o.recursive, func(w Watch) error { return wm.update(w, o) })
}

func (wm *WatchManager) update(w Watch, o *watchOptions) error {
	wm.mu.Lock()
	sub := wm.subs[w.WD]
	s := *sub.settings.Load()
	wm.mu.Unlock()
	if o.given.has(optMask) {
		if o.mask&event.IN_MASK_ADD != 0 {
			s.mask |= o.mask
		} else {
			s.mask = o.mask
		}
	}
	if o.given.has(optHandle) {
		s.handler = o.handler
	}
	if o.given.has(optFilter) {
		s.filter = o.filter
	}
	switch {
	case o.given.has(optAutoAdd) && s.autoAdd != o.autoAdd:
		s.autoAdd = o.autoAdd
		results, err := wm.backend.Add(event.WatchRequest{Path: w.Path, Mask: s.mask, AutoAdd: s.autoAdd, Exclude: wm.excluding(&s)})
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			return err
		}
	case o.given.has(optMask):
		if err := wm.backend.Update(w.WD, o.mask); err != nil {
			return err
		}
	}
	wm.mu.Lock()
	defer wm.mu.Unlock()
	sub.settings.Store(&s)
	sub.adopted = false
	return nil
}

// RemoveWatch ends watch wd. What it has seen so far is still delivered,
// IN_IGNORED last, but the watch is no longer listed. The result says for
// each watch whether it was removed; where one was not, the error is a *WatchManagerError.
func (wm *WatchManager) RemoveWatch(wd int32, opts ...WatchOption) (map[int32]bool, error) {
	return wm.RemoveWatches([]int32{wd}, opts...)
}

// RemoveWatches is RemoveWatch for several watches.
func (wm *WatchManager) RemoveWatches(wds []int32, opts ...WatchOption) (map[int32]bool, error) {
	o, err := collect("remove", removeOptions, opts)
	if err != nil {
		return nil, err
	}
	return wm.each("remove", wds, o.recursive, wm.remove)
}

func (wm *WatchManager) remove(w Watch) error {
	if err := wm.backend.Remove(w.WD); err != nil {
		return err
	}
	wm.mu.Lock()
	defer wm.mu.Unlock()
	if sub := wm.subs[w.WD]; sub != nil {
		sub.removed = true
	}
	if a := wm.announced.Watch(w.WD); a != nil {
		wm.announced.Apply(&event.Record{Kind: event.KindUnwatch, WD: w.WD})
	}
	return nil
}

// RemovePath is RemoveWatch for the watch of a path. Auto-add leaves the path
// and all below it alone from then on, until an AddWatch of it.
func (wm *WatchManager) RemovePath(path string, opts ...WatchOption) (map[int32]bool, error) {
	wd, ok := wm.WD(path)
	if !ok {
		return map[int32]bool{}, &WatchManagerError{
			Op: "remove", Done: map[int32]bool{},
			Errs: []error{&event.WatchError{Op: "remove", Path: path, Err: ErrUnknownWatch}},
		}
	}
	wm.mute(path)
	return wm.RemoveWatch(wd, opts...)
}

// mute keeps auto-add away from path, where there is auto-add.
func (wm *WatchManager) mute(path string) {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	path = wm.absolute(path)
	for _, t := range []*event.Table{wm.announced, wm.table} {
		dir := t.At(wm.platform.Parent(path))
		if dir == nil {
			continue
		}
		if w, ok := wm.watchLocked(dir.WD); ok && w.AutoAdd && !slices.Contains(wm.muted, path) {
			wm.muted = append(wm.muted, path)
		}
	}
}

// each carries out one operation on every watch of wds and, if recursive, on those below them.
func (wm *WatchManager) each(op string, wds []int32, recursive bool, do func(Watch) error) (map[int32]bool, error) {
	wm.ops.Lock()
	defer wm.ops.Unlock()
	done := make(map[int32]bool)
	var errs []error
	for _, wd := range wds {
		if _, twice := done[wd]; twice {
			continue
		}
		w, ok := wm.Watch(wd)
		if !ok {
			done[wd] = false
			errs = append(errs, &WDError{Op: op, WD: wd, Err: ErrUnknownWatch})
			continue
		}
		targets := []Watch{w}
		if recursive {
			targets = append(targets, wm.below(w)...)
		}
		for _, w := range targets {
			if _, twice := done[w.WD]; twice {
				continue
			}
			err := do(w)
			done[w.WD] = err == nil
			if err != nil {
				errs = append(errs, &WDError{Op: op, WD: w.WD, Err: err})
			}
		}
	}
	if len(errs) > 0 {
		return done, &WatchManagerError{Op: op, Done: done, Errs: errs}
	}
	return done, nil
}

// below lists the watches below w, not w itself.
func (wm *WatchManager) below(w Watch) []Watch {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	found := wm.table.Below(w.Path, nil)
	found = wm.announced.Below(w.Path, found)
	var all []Watch
	for _, f := range found {
		if b, ok := wm.watchLocked(f.WD); ok && b.WD != w.WD && b.Path == f.Path() {
			all = append(all, b)
		}
	}
	return all
}

// WatchTransientFile watches a file that comes and goes, such as a pid file,
// by way of its directory: h gets only the events about that name.
// IN_CREATE and IN_DELETE are added to mask. The directory should not be
// watched otherwise: it has one wd, and that one handler.
func (wm *WatchManager) WatchTransientFile(filename string, mask event.Mask, h Handler) (map[string]int32, error) {
	name := clean(wm.platform, filename)
	dir, base := wm.platform.Parent(name), wm.platform.Base(name)
	if dir == name {
		dir = "."
	}
	isFile := ChainIfTrue(func(ev *Event) bool {
		rest, same := wm.platform.Below(base, ev.Name)
		return same && rest == ""
	})
	return wm.AddWatch(dir, mask|event.IN_CREATE|event.IN_DELETE, Handle(Chain(isFile, h)), Exclude(nil))
}

// apply carries out a record that changes the watches, after an AddWatch that is under way.
func (wm *WatchManager) apply(r *event.Record) {
	wm.ops.Lock()
	defer wm.ops.Unlock()
	var child *settings
	if r.Kind == event.KindWatch && r.M != 0 {
		child = wm.inherited(r)
	}
	wm.mu.Lock()
	defer wm.mu.Unlock()
	wm.gen.Add(1)
	wm.table.Apply(r)
	switch r.Kind {
	case event.KindWatch:
		wm.outdate(r.WD)
		switch sub := wm.subs[r.WD]; {
		case sub == nil && child != nil:
			wm.subs[r.WD] = newSubscription(child)
		case sub == nil && wm.adopt, sub != nil && sub.adopted:
			sub = newSubscription(&settings{mask: r.Mask, autoAdd: r.Flags&event.FlagAutoAdd != 0})
			sub.adopted = true
			wm.subs[r.WD] = sub
		}
	case event.KindUnwatch:
		wm.outdate(r.WD)
		if sub := wm.subs[r.WD]; sub != nil && sub.ends > 0 {
			sub.ends--
			break
		}
		delete(wm.subs, r.WD)
		delete(wm.unrecorded, r.WD)
	case event.KindMove:
		if wm.announced.Len() == 0 {
			break
		}
		for _, w := range wm.table.Below(r.Path, nil) {
			wm.outdate(w.WD)
		}
	}
}

// outdate drops what AddWatch said of wd: the records say it now.
func (wm *WatchManager) outdate(wd int32) {
	if wm.announced.Watch(wd) != nil {
		wm.announced.Apply(&event.Record{Kind: event.KindUnwatch, WD: wd})
	}
}

// inherited are the settings of the watch whose auto-add placed the watch of r, nil if it is not wanted.
func (wm *WatchManager) inherited(r *event.Record) *settings {
	wm.mu.Lock()
	parent := wm.subs[int32(r.M)]
	wm.mu.Unlock()
	if parent == nil || parent.adopted {
		return nil
	}
	s := parent.settings.Load()
	if !s.autoAdd || s.exclude != nil && s.exclude(r.Path) || wm.isMuted(r.Path) {
		return nil
	}
	return s
}
