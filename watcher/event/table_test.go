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
	if w := table.At(`c:\DATA\sub`); w == nil || w.WD != 2 || w.Path != `C:\Data\SUB` {
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
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "ab"}
	path := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(4) {
			b.WriteString("/" + names[rng.IntN(len(names))])
		}
		return b.String()
	}
	for range 200 {
		table := NewTable(Linux)
		model := map[int32]string{} // watches with a place
		for range 60 {
			var r Record
			switch rng.IntN(6) {
			case 0, 1, 2:
				r = watch(1+rng.Int32N(20), path())
			case 3:
				r = unwatch(1 + rng.Int32N(20))
			case 4:
				r = move(path(), path())
			case 5:
				r = move(path(), "")
			}
			table.Apply(&r)
			model = applyToModel(model, r)
			checkTable(t, table)
			for wd, p := range model {
				if w := table.At(p); w == nil || w.WD != wd {
					t.Fatalf("after %s: %s is %+v, want wd %d", AppendText(nil, &r), p, w, wd)
				}
			}
			placed := 0
			for _, w := range table.Watches() {
				if w.at != nil {
					placed++
				}
			}
			if placed != len(model) {
				t.Fatalf("after %s: %d watches have a place, want %d", AppendText(nil, &r), placed, len(model))
			}
		}
	}
}

func applyToModel(model map[int32]string, r Record) map[int32]string {
	below := func(dir, p string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }
	out := map[int32]string{}
	switch r.Kind {
	case KindWatch:
		for wd, p := range model {
			if wd != r.WD && p != r.Path {
				out[wd] = p
			}
		}
		out[r.WD] = r.Path
	case KindUnwatch:
		for wd, p := range model {
			if wd != r.WD {
				out[wd] = p
			}
		}
	case KindMove:
		known := false
		for _, p := range model {
			known = known || below(r.Src, p)
		}
		if !known || (r.Path != "" && (below(r.Src, r.Path) || below(r.Path, r.Src) && occupied(model, r.Path))) {
			return model
		}
		for wd, p := range model {
			switch {
			case below(r.Src, p) && r.Path != "":
				out[wd] = r.Path + p[len(r.Src):]
			case below(r.Src, p), r.Path != "" && below(r.Path, p):
			default:
				out[wd] = p
			}
		}
	}
	return out
}

func occupied(model map[int32]string, path string) bool {
	for _, p := range model {
		if p == path || strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

// checkTable holds the invariants: every place is reachable from its parent,
// no place is kept that nothing needs, watches and places agree.
func checkTable(t *testing.T, table *Table) {
	t.Helper()
	for key, n := range table.byPath {
		if table.platform.Fold(n.path) != key {
			t.Fatalf("place %q is filed under %q", n.path, key)
		}
		if n.watch == nil && n.first == nil {
			t.Fatalf("place %q serves nothing", n.path)
		}
		if n.watch != nil && (n.watch.at != n || n.watch.Path != n.path || table.byWD[n.watch.WD] != n.watch) {
			t.Fatalf("place %q and its watch %+v do not agree", n.path, n.watch)
		}
		if parent := table.platform.Parent(n.path); parent != n.path && n.up != table.byPath[table.platform.Fold(parent)] {
			t.Fatalf("place %q does not hang below %q", n.path, parent)
		}
		for child := n.first; child != nil; child = child.next {
			if child.up != n || (child.next != nil && child.next.prev != child) {
				t.Fatalf("links of %q are broken", child.path)
			}
		}
	}
	for wd, w := range table.byWD {
		if w.WD != wd || (w.at != nil && w.at.watch != w) {
			t.Fatalf("watch %d: %+v", wd, w)
		}
	}
}

func describe(table *Table) string {
	var all []string
	for _, w := range table.Watches() {
		s := fmt.Sprintf("%d=%s", w.WD, w.Path)
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
		t.Fatalf("the watch is not lost, its path has %d bytes", len(w.Path))
	}
	if len(w.Path) > Linux.maxPath() || table.At(w.Path) != nil {
		t.Errorf("a path of %d bytes, found in the table: %v", len(w.Path), table.At(w.Path) != nil)
	}
}
