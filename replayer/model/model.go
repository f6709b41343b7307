package model

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"fsrec/watcher/event"
	"fsrec/watcher/translate"
)

// Kind says what is wrong with a record.
type Kind string

// The kinds of findings.
const (
	CreatedTwice Kind = "created-twice" // the creation of what is there
	NeverWas     Kind = "never-was"     // deletion, rename or change of what is not there
	NotADir      Kind = "not-a-dir"     // something happens in a file, or a file is called a directory, or the reverse
	NotEmpty     Kind = "not-empty"     // a directory is removed that still has names in it
	Unwatched    Kind = "unwatched"     // an event of a watch that is not, or no longer, there
	UnpairedMove Kind = "unpaired-move" // half of a rename: it left the tree or came into it, or the other half is missing
	Gap          Kind = "gap"           // numbers of records are missing
	BackInTime   Kind = "back-in-time"  // a record is older than the one before
	TooLong      Kind = "too-long"      // a watch gets a path that no system takes, and is not followed any further
)

// Finding is a record that cannot be, or need not be, true.
type Finding struct {
	Seq     uint64 `json:"seq"`
	Time    int64  `json:"time_ns"`
	Kind    Kind   `json:"kind"`
	Path    Path   `json:"path,omitempty"`
	Certain bool   `json:"certain"` // the record is impossible; otherwise there may be a reason for it that was not recorded
	Text    string `json:"text"`    // a sentence
}

// Model is what a recording says about a tree.
type Model struct {
	Header   event.Header
	Findings []Finding // at most MaxFindings
	Found    int64     // how many there were
	Losses   int       // how often events were lost

	tree    tree
	table   *event.Table
	roots   []string
	tops    *event.Table // the roots; wds are places in roots, from 1
	doubled []string     // paths of watches of Windows that are in another one
	pending []half
	lost    int          // overflowed or reported, where the latest loss may be told again
	last    event.Record // number and time of the latest record
	any     bool
}

// MaxFindings bounds how many findings are kept.
const MaxFindings = 10_000

// half is what was moved away and not yet come to a place.
type half struct {
	cookie uint32
	node   *node
	path   string
	record event.Record
}

const (
	moveExpiry = int64(60e9) // how long a half waits for the other, as in package watcher
	maxMoves   = 1024
	maxDoubled = 64 // watches within others that are told from one another
)

// Read replays a recording to its end. The error is that of r.
func Read(ctx context.Context, h event.Header, r event.Reader) (*Model, error) {
	m := &Model{Header: h, tree: newTree(h.Platform), table: event.NewTable(h.Platform), tops: event.NewTable(h.Platform)}
	tr := translate.New()
	var told []event.Record
	for batch, err := range event.Batches(ctx, r) {
		if err != nil {
			return nil, err
		}
		for i := range batch {
			m.number(&batch[i])
		}
		told = tr.Append(told[:0], batch)
		m.take(told)
	}
	m.take(tr.Flush(told[:0]))
	m.expire(len(m.pending))
	return m, nil
}

// shortened is as much of a path as a message can hold.
func shortened(path string) string {
	const most = 80
	if len(path) <= most {
		return path
	}
	return path[:most] + "..."
}

// Roots are the watched paths that are in no other.
func (m *Model) Roots() []string { return append([]string(nil), m.roots...) }

// number checks that numbers and times of records go on.
func (m *Model) number(r *event.Record) {
	if m.any && r.Seq != m.last.Seq+1 && r.Kind != event.KindBarrier {
		m.find(r, Gap, "", true, "record %d follows record %d", r.Seq, m.last.Seq)
	}
	if m.any && r.Time < m.last.Time {
		m.find(r, BackInTime, "", true, "its time is %d ns before that of the record before", m.last.Time-r.Time)
	}
	m.last, m.any = event.Record{Seq: r.Seq, Time: r.Time}, true
}

func (m *Model) find(r *event.Record, kind Kind, path string, certain bool, format string, args ...any) {
	m.Found++
	if len(m.Findings) < MaxFindings {
		m.Findings = append(m.Findings, Finding{r.Seq, r.Time, kind, Path(path), certain, fmt.Sprintf(format, args...)})
	}
}

func (m *Model) take(records []event.Record) {
	for i := range records {
		r := &records[i]
		if m.table.TooLong(r) {
			m.find(r, TooLong, r.Path, false, "paths of more than %d bytes at %q: what is watched there is not followed any further", m.Header.Platform.MaxPath(), shortened(r.Path))
		}
		switch r.Kind {
		case event.KindEvent:
			m.event(r)
		case event.KindWatch:
			again := m.table.Watch(r.WD) != nil
			m.table.Apply(r)
			m.watch(r, again)
		case event.KindMove:
			m.follow(r)
			m.table.Apply(r)
		case event.KindUnwatch, event.KindMask:
			m.table.Apply(r)
		case event.KindEntry:
			m.entry(r)
		case event.KindLoss:
			m.loss(r.Name == "kernel" || r.Name == "buffer", overflowed, reported)
		}
	}
}

func (m *Model) watch(r *event.Record, again bool) {
	n := m.tree.at(r.Path)
	if n == nil {
		n = m.tree.make(r.Path, r.Flags&event.FlagDir != 0)
	}
	n.implied, n.seen = false, m.Losses
	// Every directory of inotify is listed with a snapshot, and when it is new.
	if r.P == 0 && r.Flags&event.FlagDir != 0 && (m.Header.Snapshot || r.M != 0) {
		n.full = m.Losses
	}
	if m.tops.Over(r.Path) != nil {
		m.double(r, r.Path, again)
		return
	}
	if r.P != 0 && !again && len(m.doubled) < maxDoubled {
		for _, below := range m.tops.Below(r.Path, nil) {
			m.double(r, below.Path(), again)
		}
	}
	m.roots = append(m.roots, r.Path)
	m.tops.Apply(&event.Record{Kind: event.KindWatch, WD: int32(len(m.roots)), Path: r.Path})
}

// double remembers a path that two watches of Windows tell of.
func (m *Model) double(r *event.Record, path string, again bool) {
	if r.P != 0 && !again && len(m.doubled) < maxDoubled {
		m.doubled = append(m.doubled, path)
	}
}

// follow has what watches went along with move, where no event told of it.
func (m *Model) follow(r *event.Record) {
	if r.Path == "" || !m.table.Holds(r.Src) {
		return
	}
	n := m.tree.at(r.Src)
	there := m.tree.at(r.Path)
	if _, inside := m.Header.Platform.Below(r.Src, r.Path); n == nil || there != nil || inside || m.table.TooLong(r) {
		return
	}
	m.tree.remove(n)
	m.tree.put(r.Path, n)
}

func (m *Model) entry(r *event.Record) {
	w := m.table.Watch(r.WD)
	if w == nil {
		return
	}
	at := m.tree.make(w.Path(), true)
	at.seen = m.Losses
	if r.Name == "" {
		m.tree.leave(at)
		at.children, at.gone = nil, nil
		if m.Header.Snapshot && (w.Filter == 0 || namesTold(w)) {
			at.full = m.Losses
		}
		return
	}
	const format, directory = 0o170000, 0o040000 // S_IFMT, S_IFDIR
	dir := r.Cookie&format == directory
	n := m.tree.make(m.Header.Platform.Join(w.Path(), r.Name), dir)
	n.seen, n.listed = m.Losses, w.Filter != 0
	if dir && namesTold(w) && m.Header.Snapshot {
		n.full = m.Losses
	}
}

// namesTold reports whether a watch of Windows tells of every name that comes and goes.
func namesTold(w *event.Watch) bool {
	const names = event.FILE_NOTIFY_CHANGE_FILE_NAME | event.FILE_NOTIFY_CHANGE_DIR_NAME
	return w.Filter&names == names
}

// short reports whether the last element of a path can be a short name of Windows, under which nothing is listed.
func (m *Model) short(path string) bool {
	name := m.Header.Platform.Base(path)
	return m.Header.Platform == event.Windows && strings.Contains(name, "~") && len(name) <= len("ABCDEF~1.TXT")
}

// shared reports whether more than one watch of Windows tells of a path: each of
// them does, at its own time.
func (m *Model) shared(path string) bool {
	for _, top := range m.doubled {
		if _, below := m.Header.Platform.Below(top, path); below {
			return true
		}
	}
	return len(m.doubled) == maxDoubled
}

// place is what an event is about.
type place struct {
	path   string
	node   *node // nil where it is not there
	above  *node // the nearest directory that is
	direct bool  // above is the directory of the path
	known  bool  // what is not in above is not there
	once   bool  // it was there once
}

func (m *Model) place(path string) place {
	p := place{path: path}
	p.node, p.above, p.direct = m.tree.find(path)
	if p.above == nil {
		return p
	}
	p.known = p.direct && p.above.full == m.Losses && !m.short(path)
	p.once = p.direct && p.above.gone[m.Header.Platform.Fold(m.Header.Platform.Base(path))]
	return p
}

// certain reports whether nothing was lost before.
func (m *Model) certain() bool { return m.Losses == 0 }

// What the latest loss was told by, of those of which an IN_Q_OVERFLOW and a KindLoss record can tell together.
const (
	overflowed = 1 + iota
	reported
)

// loss counts a loss, unless it is the one that other has just told of.
func (m *Model) loss(both bool, other, now int) {
	if both && m.lost == other {
		m.lost = 0
		return
	}
	m.Losses++
	m.lost = 0
	if both {
		m.lost = now
	}
}

func (m *Model) event(r *event.Record) {
	if r.Flags&event.FlagOwn != 0 {
		return
	}
	if r.Mask&event.IN_Q_OVERFLOW != 0 {
		m.loss(true, reported, overflowed)
		return
	}
	m.lost = 0
	w := m.table.Watch(r.WD)
	if w == nil {
		m.find(r, Unwatched, r.Name, m.certain(), "%s of watch %d, which there is not", r.Mask, r.WD)
		return
	}
	if w.Lost() {
		return
	}
	path := m.Header.Platform.Join(w.Path(), r.Name)
	p := m.place(path)
	switch {
	case r.Mask&event.IN_CREATE != 0:
		m.create(r, p)
	case r.Mask&event.IN_DELETE != 0:
		m.leave(r, p)
	case r.Mask&event.IN_MOVED_FROM != 0:
		m.movedFrom(r, p)
	case r.Mask&event.IN_MOVED_TO != 0:
		m.movedTo(r, p)
	case r.Mask&event.IN_DELETE_SELF != 0:
		m.deleteSelf(p)
	case r.Mask&(event.IN_ALL_EVENTS&^event.IN_MOVE_SELF) != 0 && r.Name != "":
		m.change(r, p)
	}
}

func (m *Model) create(r *event.Record, p place) {
	if p.node != nil && !p.node.implied && !p.node.listed && r.Flags&event.FlagSynthetic == 0 {
		m.find(r, CreatedTwice, p.path, m.certain() && p.node.seen == m.Losses && !m.shared(p.path), "%s of %q, which is there", r.Mask, p.path)
	}
	if p.above != nil && !p.above.holds() {
		m.find(r, NotADir, p.path, m.certain(), "%s of %q, in what is a file", r.Mask, p.path)
	}
	n := subject(r)
	if p.node != nil {
		n.children = p.node.children
		if len(n.children) > 0 && n.untold {
			n.dir, n.untold = true, false
		}
		for _, child := range n.children {
			child.parent = n
		}
	}
	n.seen = m.Losses
	m.tree.put(p.path, n)
}

// missing tells of an event about what is not there.
func (m *Model) missing(r *event.Record, p place) {
	if p.node == nil && (p.known || p.once) {
		m.find(r, NeverWas, p.path, m.certain() && !m.shared(p.path), "%s of %q, which is not there", r.Mask, p.path)
	}
}

func (m *Model) leave(r *event.Record, p place) {
	m.missing(r, p)
	if n := p.node; n != nil {
		m.kind(r, p)
		if r.Mask&event.IN_ISDIR != 0 && len(n.children) > 0 {
			// Windows tells of a directory that goes to the recycle bin by one record.
			certain := m.certain() && n.full == m.Losses && m.Header.Platform != event.Windows
			m.find(r, NotEmpty, p.path, certain, "%s of %q, which has %d names in it", r.Mask, p.path, len(n.children))
		}
		m.tree.remove(n)
	}
}

// kind tells of a file that is called a directory, and of the reverse.
func (m *Model) kind(r *event.Record, p place) {
	if r.Flags&event.FlagDirUnknown == 0 && !p.node.implied && !p.node.untold && p.node.dir != (r.Mask&event.IN_ISDIR != 0) {
		is := map[bool]string{true: "a directory", false: "a file"}[p.node.dir]
		m.find(r, NotADir, p.path, m.certain() && r.Flags&event.FlagInferred == 0, "%s of %q, which is %s", r.Mask, p.path, is)
	}
}

func (m *Model) movedFrom(r *event.Record, p place) {
	m.missing(r, p)
	n := p.node
	if n == nil {
		n = subject(r)
	} else {
		m.kind(r, p)
		m.tree.remove(n)
	}
	stale := 0
	for stale < len(m.pending) && r.Time-m.pending[stale].record.Time > moveExpiry {
		stale++
	}
	m.expire(max(stale, len(m.pending)-maxMoves+1))
	m.pending = append(m.pending, half{r.Cookie, n, p.path, *r})
}

func (m *Model) movedTo(r *event.Record, p place) {
	if p.above != nil && !p.above.holds() {
		m.find(r, NotADir, p.path, m.certain(), "%s of %q, in what is a file", r.Mask, p.path)
	}
	for i := len(m.pending) - 1; i >= 0; i-- {
		if h := m.pending[i]; h.cookie == r.Cookie && r.Cookie != 0 {
			m.pending = append(m.pending[:i], m.pending[i+1:]...)
			h.node.tell(r)
			h.node.dir, h.node.seen, h.node.implied = r.Mask&event.IN_ISDIR != 0 || h.node.dir, m.Losses, false
			m.tree.put(p.path, h.node)
			return
		}
	}
	m.find(r, UnpairedMove, p.path, false, "%s of %q without an IN_MOVED_FROM: it came from outside, or the other half is missing", r.Mask, p.path)
	n := subject(r)
	n.seen = m.Losses
	m.tree.put(p.path, n)
}

// expire gives up the oldest n halves that wait.
func (m *Model) expire(n int) {
	for _, h := range m.pending[:max(n, 0)] {
		m.find(&h.record, UnpairedMove, h.path, false, "%s of %q without an IN_MOVED_TO: it went outside, or the other half is missing", h.record.Mask, h.path)
	}
	m.pending = m.pending[max(n, 0):] // append makes room where the end is reached, for many at a time
}

// deleteSelf removes a root: of what is below one, the directory above tells.
func (m *Model) deleteSelf(p place) {
	if p.node != nil && m.tops.At(p.path) != nil {
		m.tree.remove(p.node)
	}
}

// change is an event that changes no name. What was deleted can still be written
// and closed under its old name, so only what never was is told.
func (m *Model) change(r *event.Record, p place) {
	switch {
	case p.node != nil:
		m.kind(r, p)
		p.node.tell(r)
		p.node.seen, p.node.implied, p.node.listed = m.Losses, false, false
	case p.known && !p.once:
		m.missing(r, p)
	case p.direct && !p.once:
		n := m.tree.make(p.path, r.Mask&event.IN_ISDIR != 0) // it must have been there before
		n.untold, n.seen = r.Flags&event.FlagDirUnknown != 0, m.Losses
	}
}

// Entry is a name that is there at the end.
type Entry struct {
	Path      Path `json:"path"` // below the root, with slashes
	Dir       bool `json:"dir"`
	Uncertain bool `json:"uncertain,omitempty"` // it was last mentioned before a loss, or only what is below it was mentioned
}

// Size is how many names are below a root at the end.
func (m *Model) Size(root string) int {
	if n := m.tree.at(root); n != nil {
		return n.size()
	}
	return 0
}

// Entries lists what is below a root at the end, in order, a directory before what is in it.
func (m *Model) Entries(root string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if n := m.tree.at(root); n != nil {
			m.entries(n, "", yield)
		}
	}
}

func (m *Model) entries(n *node, prefix string, yield func(Entry) bool) bool {
	for _, child := range n.sorted() {
		path := prefix + child.name
		if !yield(Entry{Path(path), child.dir, m.uncertain(child)}) || !m.entries(child, path+"/", yield) {
			return false
		}
	}
	return true
}

func (m *Model) uncertain(n *node) bool { return n.implied || n.seen < m.Losses }
