package event

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func watch(wd int32, path string) Record { return Record{Kind: KindWatch, WD: wd, Path: path} }
func unwatch(wd int32) Record            { return Record{Kind: KindUnwatch, WD: wd} }
func move(src, dst string) Record        { return Record{Kind: KindMove, Src: src, Path: dst} }

func TestTableFollowsItsRecords(t *testing.T) {
	for _, c := range []struct {
		name    string
		records []Record
		want    string // wd=path of every watch, in the order of wds
	}{
		{"a watch stands for its path", []Record{watch(1, "/a"), watch(2, "/a/b")}, "1=/a 2=/a/b"},
		{"an ended watch is gone", []Record{watch(1, "/a"), watch(2, "/a/b"), unwatch(1)}, "2=/a/b"},
		{"a rename re-roots everything below", []Record{watch(1, "/a"), watch(2, "/a/b"), watch(3, "/a/b/c"), watch(4, "/a/bc"), move("/a/b", "/a/x")}, "1=/a 2=/a/x 3=/a/x/c 4=/a/bc"},
		{"also below a directory that is not watched itself", []Record{watch(1, "/a"), watch(3, "/a/b/c"), move("/a/b", "/a/x")}, "1=/a 3=/a/x/c"},
		{"the victim of a rename keeps its last path and gives way", []Record{watch(1, "/a"), watch(2, "/b"), move("/a", "/b"), unwatch(2)}, "1=/b"},
		{"leaving the tree", []Record{watch(1, "/a"), watch(2, "/a/b"), watch(3, "/a/b/c"), move("/a/b", "")}, "1=/a 2=/a/b(lost) 3=/a/b/c(lost)"},
		{"a path made again after the loss is another watch", []Record{watch(2, "/a/b"), move("/a/b", ""), watch(3, "/a/b"), unwatch(2)}, "3=/a/b"},
		{"a watch added again moves", []Record{watch(1, "/a"), watch(1, "/b")}, "1=/b"},
		{"a directory cannot move into itself", []Record{watch(1, "/a"), watch(2, "/a/b"), move("/a", "/a/b/c")}, "1=/a 2=/a/b"},
		{"nor over a directory that holds it", []Record{watch(1, "/a"), watch(2, "/a/b"), move("/a/b", "/a")}, "1=/a 2=/a/b"},
		{"a chain of renames", []Record{watch(1, "/r"), watch(2, "/r/a"), watch(3, "/r/b"), move("/r/a", "/r/t"), move("/r/b", "/r/a"), move("/r/t", "/r/b")}, "1=/r 2=/r/b 3=/r/a"},
		{"other records do nothing", []Record{watch(1, "/a"), {Kind: KindEvent, WD: 1}, {Kind: KindMark}}, "1=/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := NewTable(Linux)
			for i := range c.records {
				table.Apply(&c.records[i])
			}
			if got := describe(table); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			checkTable(t, table)
		})
	}
}

func TestTableOfWindowsIgnoresCase(t *testing.T) {
	table := NewTable(Windows)
	for _, r := range []Record{watch(1, `C:\Data`), watch(2, `C:\Data\Sub`), move(`c:\data\sub`, `C:\Data\SUB`)} {
		table.Apply(&r)
	}
	if w := table.At(`c:\DATA\sub`); w == nil || w.WD != 2 || w.Path() != `C:\Data\SUB` {
		t.Errorf("found %+v", w)
	}
}

func TestTableRecordsMakeTheSameTable(t *testing.T) {
	table := NewTable(Linux)
	for _, r := range []Record{watch(1, "/a"), watch(2, "/a/b"), watch(3, "/a/b/c"), move("/a/b", ""), watch(9, "/a/b"), {Kind: KindWatch, WD: 4, Path: "/z", Mask: IN_CREATE, N: int64(IN_CREATE | IN_MOVE_SELF), M: 1, Flags: FlagDir | FlagAutoAdd}} {
		table.Apply(&r)
	}
	again := NewTable(Linux)
	for _, w := range table.Watches() {
		r := w.Record()
		again.Apply(&r)
	}
	if describe(again) != describe(table) {
		t.Errorf("got  %s\nwant %s", describe(again), describe(table))
	}
	if w := again.Watch(4); w.Mask != IN_CREATE || w.Kernel != IN_CREATE|IN_MOVE_SELF || w.Parent != 1 || w.Flags != FlagDir|FlagAutoAdd {
		t.Errorf("%+v", w)
	}
	checkTable(t, again)
}

// The table against a model that does everything by comparing strings.
func TestTableEqualsAPlainModel(t *testing.T) {
	for _, c := range []struct {
		platform Platform
		roots    []string
		names    []string
	}{
		{Linux, []string{"/"}, []string{"a", "b", "ab"}},
		{Linux, []string{"/", "", "r/"}, []string{"a", "b"}},
		{Windows, []string{`C:\`, `\\server\share\`, `\`}, []string{"a", "A", "ab", "é", "É"}},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		separator := string(c.platform.Separator())
		path := func() string {
			elements := make([]string, 1+rng.IntN(4))
			for i := range elements {
				elements[i] = c.names[rng.IntN(len(c.names))]
			}
			return c.roots[rng.IntN(len(c.roots))] + strings.Join(elements, separator)
		}
		for range 200 {
			table := NewTable(c.platform)
			model := plainTable{c.platform, make(map[int32]plainWatch)}
			for range 60 {
				r := anyRecord(rng, path)
				table.Apply(&r)
				model.apply(&r)
				if rng.IntN(10) == 0 {
					table.joinedSize = maxJoined + 1
				}
				checkTable(t, table)
				if rng.IntN(3) > 0 {
					continue // so that paths are asked for that are several renames old
				}
				for _, w := range table.Watches() {
					want := model.watches[w.WD]
					if c.platform.Fold(w.Path()) != want.path || w.Lost() != want.lost || (table.At(w.Path()) == w) != want.placed {
						t.Fatalf("after %s: %s lost %t placed %t, want %+v", AppendText(nil, &r), w.Path(), w.Lost(), table.At(w.Path()) == w, want)
					}
				}
				if table.Len() != len(model.watches) {
					t.Fatalf("after %s: %d watches, want %d", AppendText(nil, &r), table.Len(), len(model.watches))
				}
				if over := path(); table.Over(over) != table.Watch(model.over(over)) {
					t.Fatalf("after %s: %+v is over %s, want %d", AppendText(nil, &r), table.Over(over), over, model.over(over))
				}
				if dir := path(); len(table.Below(dir, nil)) != len(model.below(dir)) || table.Holds(dir) != (len(model.below(dir)) > 0) {
					t.Fatalf("after %s: %d watches below %s, want %v", AppendText(nil, &r), len(table.Below(dir, nil)), dir, model.below(dir))
				}
			}
		}
	}
}

// No file system has such paths, but a recording can.
func TestTableTakesAnyPath(t *testing.T) {
	for _, platform := range []Platform{Linux, Windows} {
		rng := rand.New(rand.NewPCG(1, 2))
		path := func() string {
			var b strings.Builder
			for range rng.IntN(7) {
				b.WriteString([]string{"a", "A", `\`, "/", ":", "", "C:", "\xff", "é", "É"}[rng.IntN(10)])
			}
			return b.String()
		}
		for range 300 {
			table := NewTable(platform)
			for range 60 {
				r := anyRecord(rng, path)
				table.Apply(&r)
				checkTable(t, table)
				if r.Kind == KindWatch && table.Watch(r.WD).Path() != r.Path {
					t.Fatalf("%s is found at %q", AppendText(nil, &r), table.Watch(r.WD).Path())
				}
				if r.Kind == KindWatch && table.At(r.Path) != table.Watch(r.WD) {
					t.Fatalf("%s is not found", AppendText(nil, &r))
				}
			}
			again := NewTable(platform)
			for _, w := range table.Watches() {
				r := w.Record()
				again.Apply(&r)
				if got := again.Watch(w.WD); got.Record() != r {
					t.Fatalf("got %+v, want %+v", got.Record(), r)
				}
			}
		}
	}
}

func anyRecord(rng *rand.Rand, path func() string) Record {
	switch rng.IntN(6) {
	case 3:
		return unwatch(1 + rng.Int32N(20))
	case 4:
		return move(path(), path())
	case 5:
		return move(path(), "")
	}
	return watch(1+rng.Int32N(20), path())
}

// plainTable is a Table that knows nothing but strings.
type plainTable struct {
	platform Platform
	watches  map[int32]plainWatch
}

type plainWatch struct {
	path         string // folded
	placed, lost bool
}

// below lists the watches that have a place at or below dir.
func (p *plainTable) below(dir string) (wds []int32) {
	for wd, w := range p.watches {
		if _, ok := p.platform.Below(dir, w.path); ok && w.placed {
			wds = append(wds, wd)
		}
	}
	return wds
}

// over gives the watch with the longest path that dir is at or below, 0 for none.
func (p *plainTable) over(dir string) (found int32) {
	for wd, w := range p.watches {
		if _, ok := p.platform.Below(w.path, dir); ok && w.placed && (found == 0 || len(w.path) > len(p.watches[found].path)) {
			found = wd
		}
	}
	return found
}

func (p *plainTable) apply(r *Record) {
	path, src := p.platform.Fold(r.Path), p.platform.Fold(r.Src)
	switch r.Kind {
	case KindWatch:
		for wd, w := range p.watches {
			if w.path == path {
				w.placed = false
				p.watches[wd] = w
			}
		}
		p.watches[r.WD] = plainWatch{path: path, placed: true}
	case KindUnwatch:
		delete(p.watches, r.WD)
	case KindMove:
		moved := p.below(src)
		if path != "" {
			_, inside := p.platform.Below(src, path)
			_, outside := p.platform.Below(path, src)
			if len(moved) == 0 || inside && src != path || outside && src != path && len(p.below(path)) > 0 {
				return
			}
			for _, wd := range p.below(path) {
				w := p.watches[wd]
				w.placed = src == path
				p.watches[wd] = w
			}
		}
		for _, wd := range moved {
			w := p.watches[wd]
			w.placed, w.lost = path != "", path == ""
			if path != "" {
				rest, _ := p.platform.Below(src, w.path)
				w.path = p.platform.Join(path, rest)
			}
			p.watches[wd] = w
		}
	}
}

// checkTable holds the invariants of the places: each is filed under its name and knows the
// longest path below it, none is kept that nothing needs, watches and places agree.
func checkTable(t *testing.T, table *Table) {
	t.Helper()
	tops := make(map[*node]bool)
	for edge, n := range table.nodes {
		if edge.up != n.up || edge.name != table.platform.Fold(n.name) || n.stands != inTree {
			t.Fatalf("place %q is filed under %q", n.name, edge.name)
		}
		top := n
		for top.up != nil {
			top = top.up
		}
		tops[top] = true
	}
	for _, w := range table.byWD {
		if w.at != nil {
			_, top := table.join(w.at)
			tops[top] = true
			if w.at.watch != w {
				t.Fatalf("watch %d and its place do not agree", w.WD)
			}
		}
	}
	filed := 0
	for top := range tops {
		if (top.stands != inTree) == (table.nodes[edge{nil, table.platform.Fold(top.name)}] == top) {
			t.Fatalf("%q is cut off: %t", top.name, top.stands != inTree)
		}
		top.walk(func(n *node) {
			if n.stands == inTree {
				filed++
			}
			if n.watch == nil && len(n.kids) == 0 {
				t.Fatalf("place %q serves nothing", n.name)
			}
			if n.watch != nil && (n.watch.at != n || table.byWD[n.watch.WD] != n.watch) {
				t.Fatalf("place %q and its watch %+v do not agree", n.name, n.watch)
			}
			below := uint16(0)
			for i, kid := range n.kids {
				below = max(below, kid.reach())
				if kid.up != n || int(kid.at) != i || n.kids[(i-1)/2].reach() < kid.reach() && i > 0 {
					t.Fatalf("%q is not in order below %q", kid.name, n.name)
				}
			}
			if below != n.below {
				t.Fatalf("%d bytes below %q, want %d", n.below, n.name, below)
			}
		})
	}
	if filed != len(table.nodes) {
		t.Fatalf("%d places are reached, %d are filed", filed, len(table.nodes))
	}
	for i, step := range table.trail.steps {
		if table.nodes[edge{step.n.up, table.platform.Fold(step.n.name)}] != step.n || i > 0 && step.n.up != table.trail.steps[i-1].n {
			t.Fatalf("%q, which was found last, is gone", table.trail.path[:step.end])
		}
	}
}

// A path is walked from where the one before leaves it, be that above or below.
func TestPathsLeaveATrail(t *testing.T) {
	table := NewTable(Linux)
	chain := "/w" + strings.Repeat("/d", 1000)
	r := watch(1, chain+"/f")
	table.Apply(&r)
	for _, tt := range []struct {
		path  string
		steps int // of the trail that are also on the way to path, the root among them
	}{{chain + "/g", 1002}, {chain[:len(chain)-100], 951}, {"/w/d/d/dd/f", 4}, {"/w/x", 2}, {"/x", 1}} {
		table.At(chain + "/f")
		table.trail.part(tt.path, '/', 0, strings.LastIndexByte(tt.path, '/'))
		if got := len(table.trail.steps); got != tt.steps {
			t.Errorf("%d steps are known of %s, want %d", got, shorter(tt.path), tt.steps)
		}
	}
}

func shorter(path string) string { return path[:min(len(path), 20)] }

func describe(table *Table) string {
	var all []string
	for _, w := range table.Watches() {
		s := fmt.Sprintf("%d=%s", w.WD, w.Path())
		if w.Lost() {
			s += "(lost)"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func BenchmarkTableRenameOfALeaf(b *testing.B) {
	table := NewTable(Linux)
	for i := range int32(100_000) {
		r := watch(i+1, fmt.Sprintf("/root/d%d/s%d", i%300, i))
		table.Apply(&r)
	}
	there, back := move("/root/d7/s7", "/root/d7/other"), move("/root/d7/other", "/root/d7/s7")
	b.ReportAllocs()
	for b.Loop() {
		table.Apply(&there)
		table.Apply(&back)
	}
}

func lostBy(table *Table, r Record) bool {
	again := NewTable(table.platform)
	again.Apply(&r)
	return again.Watch(r.WD).Lost()
}

// Each move puts a directory one deeper, and the chain of them back to where it began.
func TestARecordingCannotMakePathsGrowForEver(t *testing.T) {
	table := NewTable(Linux)
	table.Apply(&Record{Kind: KindWatch, WD: 1, Flags: FlagDir, Path: "/a"})
	for range 100 {
		table.Apply(&Record{Kind: KindMove, Src: "/a", Path: "/b/" + strings.Repeat("d", 4000)})
		table.Apply(&Record{Kind: KindMove, Src: "/b", Path: "/a"})
	}
	w := table.Watch(1)
	if w == nil || !w.Lost() {
		t.Fatalf("the watch is not lost, its path has %d bytes", len(w.Path()))
	}
	if again := watch(1, strings.Repeat("/d", Linux.MaxPath())); !table.TooLong(&again) || !lostBy(table, again) {
		t.Error("a path that is too long is not lost")
	}
	if path := w.Path(); len(path) > Linux.MaxPath() || table.At(path) != nil {
		t.Errorf("a path of %d bytes, found in the table: %v", len(path), table.At(path) != nil)
	}
}

func TestTheLongestPathCanBeMovedAsLongAsItBecomesNoLonger(t *testing.T) {
	for platform, root := range map[Platform]string{Linux: "/", Windows: `C:\`} {
		separator := string(platform.Separator())
		deep := root + "a" + strings.Repeat(separator+"d", platform.MaxPath())
		deep = strings.TrimSuffix(deep[:platform.MaxPath()-1], separator)
		deep += strings.Repeat("d", platform.MaxPath()-len(deep))
		table := NewTable(platform)
		r := watch(1, deep)
		table.Apply(&r)
		r = move(root+"a", root+"b")
		table.Apply(&r)
		checkTable(t, table)
		if w := table.Watch(1); w.Lost() || len(w.Path()) != platform.MaxPath() || table.At(w.Path()) != w {
			t.Errorf("%s: lost %t, a path of %d bytes", platform, w.Lost(), len(w.Path()))
		}
		r = move(root+"b", root+"aa")
		if !table.TooLong(&r) {
			t.Errorf("%s: a path of %d bytes is not too long", platform, platform.MaxPath()+1)
		}
		table.Apply(&r)
		checkTable(t, table)
		if !table.Watch(1).Lost() {
			t.Errorf("%s: the watch is not lost", platform)
		}
	}
}
