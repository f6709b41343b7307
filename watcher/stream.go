package watcher

import (
	"strings"
	"time"

	"fsrec/watcher/event"
)

// A segment is what is inferred at once: events without a change of the watch
// table between them, so that every handler finds the table as it was when its
// event happened. The bounds keep a segment in the processor's cache.
const (
	segmentEvents = 256
	segmentBytes  = 32 << 10
)

// stream makes events of records, segment by segment. It is used by one goroutine at a time.
type stream struct {
	wm       *WatchManager
	batch    []event.Record // as the backend gave it
	records  []event.Record // the batch, or what it was translated to; those before at are done
	at       int
	told     []event.Record // for translations
	numbered bool           // the backend numbers its records
	seq      uint64         // of the latest record, for backends that do not number them
	events   []Event
	next     int    // first event that take has not looked at
	text     string // the Pathnames of all events
	arena    []byte // text in the making
	lastWD   int32  // of the Pathname that ends the arena, 0 if there is none
	lastName string
	lastAt   int
	gen      uint64 // of the manager, when the events were made
	slots    [256]slot
	moves    moves
	reads    bool // the records tell of reads
	coalesce bool
	seen     map[sameness]struct{} // in the current read of the kernel
}

// slot caches what a wd stands for. It is valid while the manager's gen is gen.
type slot struct {
	wd    int32
	gen   uint64
	watch *event.Watch
	path  string
	lost  bool
	sub   *subscription
}

// sameness is what makes two events of one read the same, as in pyinotify.
type sameness struct {
	wd     int32
	mask   event.Mask
	cookie uint32
	name   string
}

func newStream(wm *WatchManager) *stream {
	return &stream{wm: wm, events: make([]Event, 0, segmentEvents)}
}

// feed gives the stream its next batch of records, an empty one at the end of
// the backend's. It must have used up the one before.
func (s *stream) feed(batch []event.Record) {
	s.batch, s.records, s.at = batch, batch, 0
	if s.wm.windows != nil {
		s.translate()
	}
	if !s.reads {
		clear(s.seen) // of a backend that does not tell of its reads, a batch is one
	}
}

// translate makes events of the changes of Windows in the batch.
func (s *stream) translate() {
	for i := range s.batch {
		r := &s.batch[i]
		s.numbered = s.numbered || r.Seq != 0
		if r.Kind == event.KindBarrier {
			continue
		}
		if s.seq++; !s.numbered {
			r.Seq = s.seq
		}
	}
	if len(s.batch) > 0 {
		s.told = s.wm.windows.Append(s.told[:0], s.batch)
	} else {
		s.told = s.wm.windows.Flush(s.told[:0])
	}
	s.records = s.told
}

// holds reports whether something is held back until more is known.
func (s *stream) holds() bool { return s.wm.windows != nil && s.wm.windows.Holding() }

// drop forgets all events that are under way, but not the watches.
func (s *stream) drop() {
	s.events, s.next = s.events[:0], 0
	s.batch, s.records, s.at = nil, nil, 0
}

// discard is drop after what is left of the batch has changed the watches.
func (s *stream) discard() {
	for i := s.at; i < len(s.records); i++ {
		if r := &s.records[i]; r.IsTableChange() {
			s.wm.apply(r)
		}
	}
	s.drop()
}

// current is the event that take looked at last, nil where it is not at an event.
func (s *stream) current() *Event {
	if s.next == 0 || s.next > len(s.events) {
		return nil
	}
	return &s.events[s.next-1]
}

// take gives the next event to be delivered, or nil at the end of the batch,
// and its settings, nil for the event that has no watch. The event is valid
// until the next call.
func (s *stream) take() (*Event, *settings) {
	for {
		for s.next < len(s.events) {
			ev := &s.events[s.next]
			s.next++
			if set, ok := s.admit(ev); ok {
				return ev, set
			}
		}
		s.moves.unpin()
		if !s.fill() {
			return nil, nil
		}
	}
}

// admit decides whether ev is delivered and completes it.
func (s *stream) admit(ev *Event) (*settings, bool) {
	if ev.Mask&event.IN_Q_OVERFLOW != 0 {
		s.moves.clear()
		return nil, !s.wm.ignore.Load()
	}
	sub := ev.sub
	if sub == nil {
		if s.gen == s.wm.gen.Load() {
			return nil, false
		}
		// A handler may have asked for the watch since the segment was made.
		s.wm.mu.Lock()
		sub = s.wm.subs[ev.WD]
		s.wm.mu.Unlock()
		if sub == nil {
			return nil, false
		}
	}
	set := sub.settings.Load()
	if ev.Mask&set.passes() == 0 {
		return nil, false
	}
	if ev.hi > 0 {
		ev.Pathname = s.text[ev.lo:ev.hi]
	}
	if ev.base > 0 {
		ev.Path, ev.Name = s.text[ev.lo:ev.base-1], s.text[ev.base:ev.hi]
	}
	switch {
	case ev.Mask&event.IN_MOVED_FROM != 0:
		s.moves.put(ev.Cookie, ev.Pathname, ev.Time)
	case ev.Mask&event.IN_MOVED_TO != 0:
		ev.SrcPathname = s.moves.take(ev.Cookie, ev.Time)
	}
	if s.wm.ignore.Load() || set.filter != nil && set.filter(ev) {
		return nil, false
	}
	return set, true
}

// fill makes the next segment. It reports false where the batch holds no more events.
func (s *stream) fill() bool {
	s.events, s.next, s.arena = s.events[:0], 0, s.arena[:0]
	s.wm.mu.Lock()
	defer s.wm.mu.Unlock()
	s.gen = s.wm.gen.Load()
	s.lastWD, s.lastName = 0, ""
	for s.at < len(s.records) && len(s.events) < segmentEvents && len(s.arena) < segmentBytes {
		r := &s.records[s.at]
		if r.Kind != event.KindEvent && r.Kind != event.KindRead && len(s.events) > 0 {
			break
		}
		s.at++
		if s.wm.windows == nil && r.Kind != event.KindBarrier {
			s.seq++
		}
		switch r.Kind {
		case event.KindEvent:
			s.event(r)
		case event.KindRead:
			s.reads = true
			clear(s.seen)
		case event.KindWatch, event.KindUnwatch, event.KindMove, event.KindMask, event.KindLoss, event.KindFail:
			s.control(r)
		}
	}
	s.text = string(s.arena)
	return len(s.events) > 0
}

// control carries out a record that is no event. The caller holds the manager's mu, which is let go of meanwhile.
func (s *stream) control(r *event.Record) {
	s.wm.mu.Unlock()
	defer func() {
		s.wm.mu.Lock()
		s.gen = s.wm.gen.Load()
	}()
	switch r.Kind {
	case event.KindLoss:
		s.moves.clear()
		if r.Name != lossKernel {
			ev := s.grow()
			ev.WD, ev.Mask, ev.Synthetic = -1, event.IN_Q_OVERFLOW, true
			s.stamp(ev, r)
		}
	case event.KindFail:
		if r.M != 0 {
			s.wm.logger().Warn("directory is not watched", "operation", r.Name, "path", r.Path, "errno", r.N)
		}
	default:
		s.wm.apply(r)
	}
}

// lossKernel is the cause of a loss that the kernel tells of by an IN_Q_OVERFLOW of its own.
const lossKernel = "kernel"

// grow gives the next free event, cleared.
func (s *stream) grow() *Event {
	s.events = s.events[:len(s.events)+1]
	ev := &s.events[len(s.events)-1]
	*ev = Event{}
	return ev
}

func (s *stream) stamp(ev *Event, r *event.Record) {
	ev.Time, ev.Seq = time.Duration(r.Time), r.Seq
	if ev.Seq == 0 {
		ev.Seq = s.seq
	}
}

// event infers one event.
func (s *stream) event(r *event.Record) {
	if r.Flags&event.FlagOwn != 0 || s.coalesce && s.duplicate(r) {
		return
	}
	if r.Mask&event.IN_Q_OVERFLOW != 0 {
		ev := s.grow()
		ev.WD, ev.Mask = -1, r.Mask
		s.stamp(ev, r)
		return
	}
	c := &s.slots[uint32(r.WD)%uint32(len(s.slots))]
	if c.wd != r.WD || c.gen != s.gen || c.watch == nil {
		s.load(c, r.WD)
	}
	w := c.watch
	if w == nil || c.lost && r.Mask&event.IN_IGNORED == 0 {
		return
	}
	ev := s.grow()
	ev.WD, ev.Mask, ev.Name, ev.Path, ev.sub = r.WD, r.Mask, r.Name, c.path, c.sub
	ev.Synthetic = r.Flags&event.FlagSynthetic != 0
	ev.Inferred = r.Flags&event.FlagInferred != 0
	ev.DirUnknown = r.Flags&event.FlagDirUnknown != 0
	if r.Mask&(event.IN_DELETE_SELF|event.IN_MOVE_SELF) != 0 {
		ev.Dir = w.Flags&event.FlagDir != 0 // the kernel does not say it
	} else {
		ev.Dir = r.Mask&event.IN_ISDIR != 0
	}
	if r.Mask&event.IN_MOVE != 0 {
		ev.Cookie = r.Cookie
	}
	s.stamp(ev, r)
	if r.Name == "" {
		ev.Pathname = ev.Path
		return
	}
	if r.WD != s.lastWD || r.Name != s.lastName {
		s.lastWD, s.lastName, s.lastAt = r.WD, r.Name, len(s.arena)
		s.arena = s.wm.platform.AppendJoin(s.arena, c.path, r.Name)
		if w.Filter != 0 && s.wm.platform != event.Windows {
			s.separate(len(s.arena) - len(r.Name))
		}
	}
	ev.lo, ev.hi = int32(s.lastAt), int32(len(s.arena))
	if w.Filter != 0 {
		if i := strings.LastIndexByte(r.Name, '\\'); i >= 0 {
			ev.base = ev.hi - int32(len(r.Name)-i-1)
		}
	}
}

// separate gives a name of Windows in the arena, from start on, the separators of the platform.
func (s *stream) separate(start int) {
	name := s.arena[start:]
	for i := range name {
		if name[i] == '\\' {
			name[i] = s.wm.platform.Separator()
		}
	}
}

func (s *stream) load(c *slot, wd int32) {
	c.wd, c.gen = wd, s.gen
	c.watch = s.wm.table.Watch(wd)
	if c.watch == nil {
		c.watch = s.wm.announced.Watch(wd)
	}
	if c.watch != nil {
		c.path, c.lost = c.watch.Path(), c.watch.Lost()
	}
	c.sub = s.wm.subs[wd]
}

func (s *stream) duplicate(r *event.Record) bool {
	key := sameness{r.WD, r.Mask, r.Cookie, r.Name}
	if _, twice := s.seen[key]; twice {
		return true
	}
	if s.seen == nil {
		s.seen = make(map[sameness]struct{})
	}
	s.seen[key] = struct{}{}
	return false
}
