package diff

import (
	"context"
	"errors"
	"io"
	"strings"

	"fsrec/watcher/event"
	"fsrec/watcher/translate"
)

// ev is an event as it is compared.
type ev struct {
	node uint32
	mask uint32 // event.Mask and the bits below
	link uint32 // of a joined half the index of the other one; of IN_MODIFY how many more were folded into it
}

// Bits of ev.mask that no event of inotify has.
const (
	bitSynthetic  = 1 << (16 + iota)
	bitInferred   // a field was concluded
	bitDirUnknown // IN_ISDIR may be missing
	bitJoined     // link leads to the other half
	bitOnly       // nothing stands against it on the other side
	bitLate       // what stands against it is at another place
	bitAside      // set aside by the comparison
	bitSelf       // told by the watch of the object itself

	maskBits = 0xffff | uint32(event.IN_ISDIR)
)

// operation is a mark that tells what is being done.
type operation struct {
	text string
	at   int // index of the first event after it
	seq  uint64
}

// half is an IN_MOVED_FROM that waits for its IN_MOVED_TO.
type half struct {
	cookie uint32
	index  int
	place  uint32
	epoch  uint64
	time   int64
}

const (
	moveExpiry = int64(60e9) // how long a half waits, as in package watcher
	maxMoves   = 1024        // how many wait; the oldest gives way
)

// side is one of the two recordings.
type side struct {
	input   Input
	which   int // 0 is left
	conf    *config
	filter  event.Filter
	pending []event.Record // read to learn of the watches
	eof     bool

	names   *names
	table   *event.Table
	roots   []root
	tops    *event.Table // of the roots: the wd is the place in roots
	trail   trail
	nodes   map[int32]placedAt // by wd
	renames uint32             // changes of paths of watches
	slots   [256]slot
	tables  uint32 // changes of the table
	lives   uint32 // changes of directories
	since   uint32 // the latest of them that an epoch which is known depends on
	shown   map[uint32]uint32

	events     chunks[ev]
	seqs       chunks[uint32]
	times      chunks[int64]
	base       uint64 // the number that seqs count from
	records    int64
	told       int64 // events, also those that were set aside
	joined     int64 // moves
	folded     int64 // events that became part of the one before
	foldedOn   int64 // those of them that foldOn folded
	overflows  int64
	moves      []half
	ops        []operation
	losses     []window
	crossed    []uint32 // nodes of moves from one root to another
	aside      map[asideKey]int64
	left       nodeSet               // nodes of directories that were removed or renamed, or took the place of one
	watched    nodeSet               // nodes that had a watch of their own
	adrift     nodeSet               // those of them that were renamed to where nothing is watched
	closed     nodeSet               // nodes that were closed after writing, also where the other side cannot tell
	read       nodeSet               // nodes that were read, where the other side cannot tell
	handles    map[uint32]handles    // by node
	narrow     map[int32]narrowWatch // by wd
	placements []placement           // in order
	heard      []heard               // in order
	own        map[ownKey][]ownPlace // events that the recorder caused
	spans      map[uint32][]span     // in which the watch of a node did not see all
	lost       int                   // overflowed or reported, where the latest loss may be told again

	starts []uint32 // of the events of each node in list
	list   []uint32
}

// slot caches the node that a wd stands for, and that of the latest name in it: events of one file come in runs.
type slot struct {
	wd     int32
	tables uint32
	node   uint32
	mask   event.Mask // that the watch was asked for
	lost   bool
	dir    bool
	name   string
	child  uint32
}

type asideKey struct {
	step Step
	mask event.Mask
}

func newSide(input Input, which int) *side {
	return &side{
		input: input, which: which, names: newNames(), table: event.NewTable(input.Header.Platform), tops: event.NewTable(input.Header.Platform), tables: 1, lives: 1, since: 1,
		aside: make(map[asideKey]int64), handles: make(map[uint32]handles), shown: make(map[uint32]uint32),
		nodes: make(map[int32]placedAt), narrow: make(map[int32]narrowWatch), own: make(map[ownKey][]ownPlace), spans: make(map[uint32][]span),
	}
}

// peek reads the first records.
func (s *side) peek(ctx context.Context) error {
	first, err := s.input.Reader.Read(ctx, nil)
	if errors.Is(err, io.EOF) {
		s.eof = true
		return nil
	}
	s.pending, s.filter = first, filterOf(first)
	return err
}

// load reads the recording to its end.
func (s *side) load(ctx context.Context) error {
	s.addRecorded()
	batch := s.pending
	s.pending = nil
	var tr *translate.Translator
	if s.input.Header.Backend != "inotify" {
		tr = translate.New()
	}
	var told []event.Record
	for !s.eof {
		s.records += int64(len(batch))
		if tr != nil {
			told = tr.Append(told[:0], batch)
			s.take(told)
		} else {
			s.take(batch)
		}
		if s.beyond() {
			return &BoundError{Name: s.input.Name, Records: s.records, Elements: int64(s.names.nodes.n)}
		}
		var err error
		if batch, err = s.input.Reader.Read(ctx, batch); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	if tr != nil {
		s.take(tr.Flush(told[:0]))
	}
	s.measureLosses()
	s.expire(len(s.moves))
	for wd := range s.narrow {
		s.widened(wd)
	}
	return nil
}

func (s *side) take(records []event.Record) {
	for i := range records {
		r := &records[i]
		if r.Kind == event.KindEvent {
			s.event(r)
		} else {
			s.control(r)
		}
	}
}

func (s *side) control(r *event.Record) {
	switch r.Kind {
	case event.KindMask:
		s.masked(r)
	case event.KindWatch, event.KindUnwatch, event.KindMove:
		again := s.table.Watch(r.WD) != nil
		s.table.Apply(r)
		s.tables++
		if r.Kind == event.KindMove {
			s.renames++
		}
		if r.Kind == event.KindUnwatch {
			s.widened(r.WD)
			delete(s.nodes, r.WD)
		}
		if r.Kind == event.KindMove && r.Path == "" && s.inRoot(r.Src) {
			s.adrift.set(s.pathNode(r.Src))
		}
		if r.Kind == event.KindWatch || r.Kind == event.KindMove && s.inRoot(r.Path) {
			id := s.nodeOf(r) // a root, where it is in none
			s.watched.set(id)
			if r.Kind == event.KindWatch {
				if !again {
					s.handles[id] = s.handles[id].with(r)
				}
				s.placed(r, id, again)
			} else {
				s.relocated(r.Path)
			}
			if x := s.names.node(id); r.Kind == event.KindWatch && r.M != 0 && x.placed == 0 {
				x.placed = uint32(s.events.n)
			}
		}
	case event.KindLoss:
		s.loss(r)
	case event.KindMark:
		if text, ok := strings.CutPrefix(r.Name, operationMark); ok && s.conf.on[StepOperations] {
			s.ops = append(s.ops, operation{strings.TrimSpace(text), s.events.n, r.Seq})
		}
	}
}

// operationMark begins the text of a mark that tells an operation.
const operationMark = "op:"

func (s *side) setAside(step Step, mask event.Mask) { s.aside[asideKey{step, mask}]++ }

// event takes in one event.
func (s *side) event(r *event.Record) {
	s.told++
	mask := r.Mask & event.Mask(maskBits)
	if r.Flags&event.FlagOwn != 0 && s.conf.on[StepOwn] {
		s.setAside(StepOwn, mask)
		s.ownEvent(r, mask)
		return
	}
	if mask&event.IN_Q_OVERFLOW != 0 {
		s.overflow(r)
		return
	}
	at := &s.slots[uint32(r.WD)%uint32(len(s.slots))]
	if at.wd != r.WD || at.tables != s.tables {
		s.fill(at, r.WD)
	}
	id, bits := at.node, uint32(mask)
	if id == 0 || at.lost {
		s.setAside(AsideUnwatched, mask)
		return
	}
	if mask&at.mask&^event.IN_ISDIR == 0 && s.conf.on[StepMasks] {
		s.setAside(StepMasks, mask)
		return
	}
	if step, drop := s.unwanted(r, mask, id, at.dir); drop {
		s.setAside(step, mask)
		s.noted(r, mask, id)
		return
	}
	if r.Name != "" {
		if at.name != r.Name {
			at.name, at.child = r.Name, s.child(id, r.Name)
		}
		if id = at.child; id == 0 {
			s.setAside(AsideUnwatched, mask)
			return
		}
	}
	if mask&(event.IN_DELETE_SELF|event.IN_MOVE_SELF) != 0 {
		bits &^= uint32(event.IN_ISDIR) // the kernel does not say it
	}
	if r.Flags != 0 {
		bits |= flagBits(r.Flags)
	}
	if r.Name == "" {
		bits |= bitSelf
	}
	next := s.events.n
	s.add(id, bits, r)
	if s.events.n > next && s.left.has(at.node) {
		s.heard = append(s.heard, heard{next, r.WD})
	}
}

// noted keeps of an event that the other side cannot tell what rules ask for.
func (s *side) noted(r *event.Record, mask event.Mask, id uint32) {
	to := &s.closed
	switch {
	case mask&event.IN_ACCESS != 0:
		to = &s.read
	case mask&event.IN_CLOSE_WRITE == 0:
		return
	}
	if r.Name != "" {
		id = s.child(id, r.Name)
	}
	to.set(id)
}

func flagBits(f event.Flags) (bits uint32) {
	if f&event.FlagSynthetic != 0 {
		bits |= bitSynthetic
	}
	if f&event.FlagInferred != 0 {
		bits |= bitInferred
	}
	if f&event.FlagDirUnknown != 0 {
		bits |= bitDirUnknown
	}
	return bits
}

// unwanted tells which step sets an event of the watch on node id, a directory or a file, aside.
func (s *side) unwanted(r *event.Record, mask event.Mask, id uint32, dir bool) (Step, bool) {
	kind := mask &^ event.IN_ISDIR
	on := s.conf.on
	switch {
	case kind == event.IN_IGNORED && on[StepBookkeeping] && !s.conf.alike:
		return StepBookkeeping, true
	case kind&s.conf.tells[0].of(dir)&s.conf.tells[1].of(dir) == 0 && on[StepMasks]:
		return StepMasks, true
	case r.Flags&event.FlagSynthetic != 0 && on[StepSynthetic]:
		return StepSynthetic, true
	case r.Name != "" || s.conf.tells[0].tree == s.conf.tells[1].tree || !on[StepSelf]:
		return "", false
	}
	isRoot := s.names.node(id).parent == 0
	return StepSelf, !isRoot && mask&event.IN_UNMOUNT == 0 || mask&event.IN_ISDIR != 0
}

// add stores an event, or folds it into the one before.
func (s *side) add(id, bits uint32, r *event.Record) {
	x := s.names.node(id)
	if bits&0xffff == uint32(event.IN_MODIFY) && x.last > 0 && int(x.last) > s.opStart() && s.conf.on[StepRepeats] {
		if e := s.events.at(int(x.last - 1)); (e.mask^bits)&(maskBits|bitSelf) == 0 {
			e.link++
			s.folded++
			s.repeat(x)
			return
		}
	}
	if s.events.n == 0 {
		s.base = r.Seq
	}
	i := s.events.add(ev{node: id, mask: bits})
	s.seqs.add(uint32(r.Seq - s.base))
	s.times.add(r.Time)
	place := x.count
	x.count, x.last = place+1, uint32(i+1)
	epoch := s.epoch(x.parent)
	switch {
	case bits&uint32(event.IN_MOVE) == 0 || r.Cookie == 0 || !s.conf.on[StepMoves]:
		s.account(x, bits, 0, place, epoch)
	case bits&uint32(event.IN_MOVED_FROM) != 0:
		s.moveFrom(half{r.Cookie, i, place, epoch, r.Time})
	default:
		s.moveTo(i, place, epoch, r)
	}
	const lives = uint32(event.IN_CREATE | event.IN_DELETE | event.IN_MOVE)
	if bits&lives != 0 && bits&(uint32(event.IN_ISDIR)|bitDirUnknown) != 0 {
		s.lived(x)
		s.come(x, bits, i)
		if bits&uint32(event.IN_CREATE) == 0 {
			s.left.set(id)
		}
	}
}

// opStart is the index of the first event of the current operation.
func (s *side) opStart() int {
	if len(s.ops) == 0 {
		return 0
	}
	return s.ops[len(s.ops)-1].at
}

// account adds an event to the sums of its path. other is the path hash of the other end of a move.
func (s *side) account(x *node, bits uint32, other uint64, place uint32, epoch uint64) {
	token := mix(uint64(bits&maskBits), other)
	if s.conf.match == Set {
		x.sum += token
		return
	}
	x.sum += mix(token^epoch, uint64(place)|uint64(len(s.ops))<<32)
}

// repeat adds a folded event to the sums of its path.
func (s *side) repeat(x *node) {
	if s.conf.match == Set {
		x.sum += salt[0]
	} else {
		x.sum += mix(uint64(x.count), salt[0])
	}
}

// epoch is a hash of how often each directory, from dir up, came and went: what
// happens in it is ordered against that.
func (s *side) epoch(dir uint32) uint64 {
	if dir == 0 {
		return 0
	}
	d := s.names.node(dir)
	if d.at < s.since {
		d.epoch, d.at = mix(s.epoch(d.parent), uint64(d.gen)), s.lives
	}
	return d.epoch
}

// lived counts that a directory came or went.
func (s *side) lived(x *node) {
	x.gen++
	s.lives++
	if x.at != 0 {
		s.since = s.lives
	}
}

func (s *side) moveFrom(h half) {
	stale := 0
	for stale < len(s.moves) && h.time-s.moves[stale].time > moveExpiry {
		stale++
	}
	s.expire(max(stale, len(s.moves)-maxMoves+1))
	s.moves = append(s.moves, h)
}

// expire gives up the oldest n halves that wait.
func (s *side) expire(n int) {
	for _, h := range s.moves[:n] {
		e := s.events.at(h.index)
		s.account(s.names.node(e.node), e.mask, 0, h.place, h.epoch)
	}
	s.moves = s.moves[n:] // append makes room where the end is reached, for many at a time
}

func (s *side) moveTo(i int, place uint32, epoch uint64, r *event.Record) {
	to := s.events.at(i)
	x := s.names.node(to.node)
	for n := len(s.moves) - 1; n >= 0; n-- {
		h := s.moves[n]
		if h.cookie != r.Cookie || r.Time-h.time > moveExpiry {
			continue
		}
		s.moves = append(s.moves[:n], s.moves[n+1:]...)
		from := s.events.at(h.index)
		y := s.names.node(from.node)
		s.joined++
		from.link, to.link = uint32(i), uint32(h.index)
		from.mask |= bitJoined
		to.mask |= bitJoined
		s.account(y, from.mask, x.hash, h.place, h.epoch)
		s.account(x, to.mask, y.hash, place, epoch)
		if len(s.roots) > 1 && s.names.rootOf(from.node) != s.names.rootOf(to.node) {
			s.crossed = append(s.crossed, from.node, to.node)
		}
		return
	}
	s.account(x, to.mask, 0, place, epoch)
}
