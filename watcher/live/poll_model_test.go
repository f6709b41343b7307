package live

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// pollModel is the tree that a reader of the records believes in. What has left a
// name and not arrived under another is nowhere.
type pollModel struct {
	table  *event.Table
	tree   map[string]bool // whether it is a directory
	away   map[uint32]map[string]bool
	faults []string
}

func (m *pollModel) fault(r *event.Record, what string) {
	m.faults = append(m.faults, fmt.Sprintf("%s: %s", what, event.AppendText(nil, r)))
}

// cut takes path and all below it out of the tree; the keys are what follows path.
func (m *pollModel) cut(path string) map[string]bool {
	part := make(map[string]bool)
	for p, isDir := range m.tree {
		if _, below := pollPlatform.Below(path, p); below {
			part[p[len(path):]] = isDir
			delete(m.tree, p)
		}
	}
	return part
}

func (m *pollModel) apply(r *event.Record) {
	defer m.table.Apply(r)
	if r.Kind != event.KindEvent && r.Kind != event.KindEntry {
		return
	}
	w := m.table.Watch(r.WD)
	if w == nil {
		m.fault(r, "an event of no watch")
		return
	}
	if w.Lost() || r.Name == "" {
		return
	}
	path := pollPlatform.Join(w.Path(), r.Name)
	isDir, known := m.tree[path]
	if dir := r.Mask&event.IN_ISDIR != 0; known && isDir != dir && r.Kind == event.KindEvent && r.Mask&event.IN_MOVED_TO == 0 {
		m.fault(r, "another type")
	}
	switch {
	case r.Kind == event.KindEntry, r.Mask&event.IN_CREATE != 0:
		if known {
			m.fault(r, "made twice")
		}
		m.tree[path] = r.Mask&event.IN_ISDIR != 0 || r.Kind == event.KindEntry && r.Cookie&pollTypes == pollDir
	case r.Mask&event.IN_DELETE != 0:
		if part := m.cut(path); len(part) != 1 {
			m.fault(r, fmt.Sprintf("removed, and was not there or not empty: %s holds %v", path, part))
		}
	case r.Mask&event.IN_MOVED_FROM != 0:
		if !known {
			m.fault(r, "moved, and was not there")
		}
		m.away[r.Cookie] = m.cut(path)
	case r.Mask&event.IN_MOVED_TO != 0:
		if len(m.away[r.Cookie]) == 0 {
			m.fault(r, "came from nowhere")
		}
		if len(m.cut(path)) > 1 {
			m.fault(r, "replaced a directory that is not empty")
		}
		for rest, isDir := range m.away[r.Cookie] {
			m.tree[path+rest] = isDir
		}
		delete(m.away, r.Cookie)
	default: // IN_MODIFY, IN_ATTRIB
		if !known {
			m.fault(r, "changed, and is not there")
		}
	}
}

// check compares what the records say with root, and the watches with its directories.
func (p *polled) check(root string) []string {
	m := &pollModel{table: event.NewTable(pollPlatform), tree: make(map[string]bool), away: make(map[uint32]map[string]bool)}
	for i := range p.records {
		m.apply(&p.records[i])
	}
	diff := m.faults
	must(p.t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != root {
			if isDir, known := m.tree[path]; !known || isDir != d.IsDir() {
				diff = append(diff, "missing "+path)
			}
			delete(m.tree, path)
		}
		if d.IsDir() {
			there, err := pollStat(path, false)
			must(p.t, err)
			if w := m.table.At(path); w == nil || p.watches[w.WD] == nil || p.watches[w.WD].self.id != there.id {
				diff = append(diff, "not watched "+path)
			} else {
				m.table.Apply(&event.Record{Kind: event.KindUnwatch, WD: w.WD})
			}
		}
		return nil
	}))
	for path := range m.tree {
		diff = append(diff, "left over "+path)
	}
	for _, w := range m.table.Watches() {
		diff = append(diff, "watch of nothing "+w.Path())
	}
	slices.Sort(diff)
	return diff
}

// disorder makes, renames and removes files and directories at random; many of
// its attempts fail, which is meant.
type disorder struct {
	*rand.Rand
	root string
}

func (d disorder) name() string {
	path := d.root
	for range 1 + d.IntN(4) {
		path = filepath.Join(path, string(rune('a'+d.IntN(4))))
	}
	return path
}

func (d disorder) step() {
	a, b := d.name(), d.name()
	switch d.IntN(16) {
	case 0, 1, 2:
		_ = os.MkdirAll(a, 0o755)
	case 3, 4:
		_ = put(a+".txt", strings.Repeat("x", d.IntN(100)))
	case 5, 6, 7:
		_ = os.Rename(a, b)
	case 8:
		_ = os.Rename(a+".txt", b+".txt")
	case 9:
		_ = exchange(a, b)
	case 10:
		_ = os.Remove(a)
	case 11:
		_ = tempdir.RemoveAll(a)
	case 12:
		_ = os.Link(a+".txt", b+".txt")
	case 13:
		_ = os.Rename(filepath.Join(a, "a"), a+".tmp") // a child takes the place of its directory
		_ = tempdir.RemoveAll(a)
		_ = os.Rename(a+".tmp", a)
	case 14:
		_ = os.Rename(filepath.Join(a, "b", "a"), a+".tmp") // and of the one above, which goes elsewhere
		_ = tempdir.RemoveAll(filepath.Join(a, "b"))
		_ = os.Rename(a, b)
		_ = os.Rename(a+".tmp", a)
	case 15:
		_ = os.Chmod(a+".txt", 0o600|os.FileMode(d.IntN(64)))
	}
}

func TestAnyTreeIsKnownAfterALook(t *testing.T) {
	seeds := uint64(30)
	if runtime.GOOS == "windows" {
		seeds = 3 // a step takes Wine forty times as long
	}
	for seed := range seeds {
		root := tempdir.New(t)
		d := disorder{rand.New(rand.NewPCG(seed, 7)), root}
		for range 100 {
			d.step()
		}
		p := polling(t, Options{})
		p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
		for look := range 40 {
			for range 1 + d.IntN(10) {
				d.step()
			}
			first := len(p.records)
			p.sync()
			if diff := p.check(root); len(diff) > 0 {
				t.Fatalf("seed %d, look %d: %d differences:\n%s\n%s", seed, look, len(diff),
					strings.Join(diff[:min(len(diff), 20)], "\n"), p.story(root, p.records[first:]))
			}
		}
		must(t, p.Close())
	}
}

func TestATreeThatChangesDuringLooksIsKnownWhenItRests(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
	var all sync.WaitGroup
	for seed := range uint64(3) {
		all.Go(func() {
			d := disorder{rand.New(rand.NewPCG(seed, 9)), root}
			for range 1500 {
				d.step()
			}
		})
	}
	rest := make(chan struct{})
	go func() { all.Wait(); close(rest) }()
	for resting := false; !resting; {
		select {
		case <-rest:
			resting = true
		default:
		}
		first := len(p.records)
		p.sync()
		if faults := p.coherent(); len(faults) > 0 {
			t.Fatalf("%s\n%s", strings.Join(faults, "\n"), p.story(root, p.records[first:]))
		}
	}
	p.sync()
	if diff := p.check(root); len(diff) > 0 {
		t.Errorf("%d differences:\n%s", len(diff), strings.Join(diff[:min(len(diff), 20)], "\n"))
	}
}

// coherent reports what does not fit together in what the next look compares with.
func (n *Poll) coherent() (faults []string) {
	for _, w := range n.watches {
		if w.up == nil {
			continue
		}
		if at := pollPlatform.Join(n.pathOf(w.up), w.self.name); at != n.pathOf(w) {
			faults = append(faults, fmt.Sprintf("watch %d is at %s, in a directory that leads to %s", w.wd, n.pathOf(w), at))
		}
		if !slices.ContainsFunc(w.up.entries, func(e pollEntry) bool { return e.name == w.self.name && e.id == w.self.id }) {
			faults = append(faults, fmt.Sprintf("watch %d, %s, is not in its directory, %d", w.wd, n.pathOf(w), w.up.wd))
		}
		if !slices.Contains(w.up.kids, w) {
			faults = append(faults, fmt.Sprintf("watch %d, %s, is unknown to its directory", w.wd, n.pathOf(w)))
		}
	}
	return faults
}
