package model

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// Where a path was walked last makes no difference to what is found.
func TestTheTreeIsTheSameFromEverywhere(t *testing.T) {
	for _, platform := range []event.Platform{event.Linux, event.Windows} {
		random := rand.New(rand.NewPCG(7, 1))
		tr := newTree(platform)
		path := func() string {
			s := []string{"", "/", "/w", "x"}[random.IntN(4)]
			for range random.IntN(6) {
				s += []string{"/", "/a", "/A", "/b", "//b", "/bb"}[random.IntN(6)]
			}
			return strings.ReplaceAll(s, "/", string(platform.Separator()))
		}
		for i := range 30_000 {
			p := path()
			switch n := tr.at(p); random.IntN(4) {
			case 0:
				tr.make(p, random.IntN(2) == 0)
			case 1:
				tr.put(p, newNode("", random.IntN(2) == 0))
			case 2:
				if n != nil && random.IntN(3) > 0 {
					tr.remove(n)
				}
			default:
				q := path()
				if _, inside := platform.Below(p, q); n != nil && n != tr.top && !inside && !within(tr.at(q), n) {
					tr.remove(n)
					tr.put(q, n)
				}
			}
			q := path()
			n, above, direct := tr.find(q)
			tr.near = nil
			if m, over, straight := tr.find(q); n != m || above != over || direct != straight {
				t.Fatalf("step %d: %q is found at another place when it is walked from the top", i, q)
			}
		}
	}
}

func within(n, top *node) bool {
	for ; n != nil; n = n.parent {
		if n == top {
			return true
		}
	}
	return false
}

// A path is walked from the directory of the one before, also where that was made or put there.
func TestAChainIsWalkedOnce(t *testing.T) {
	tr := newTree(event.Linux)
	path := "/w"
	for range 1000 {
		path += "/d"
		tr.put(path, newNode("", true))
		for _, name := range []string{"/d", "/f"} {
			if _, rest := tr.begin(path + name); strings.Count(rest, "/") > 1 {
				t.Fatalf("%d elements are walked to what is in a directory that was just made", strings.Count(rest, "/"))
			}
		}
	}
}

// What is kept of a name does not grow with the path that leads to it.
func TestNamesDoNotKeepPaths(t *testing.T) {
	const chains, depth, most = 20, 1000, 700 // bytes a name: a path has 1,000 on average
	log := event.NewMemoryLog(event.Header{Platform: event.Linux}, nil)
	add := func(r event.Record) {
		if err := log.Write([]event.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	wd := int32(0)
	watched := func(path string) {
		wd++
		add(event.Record{Kind: event.KindWatch, WD: wd, Flags: event.FlagDir, Path: path})
	}
	for i := range chains {
		path := fmt.Sprintf("/w/%d", i)
		watched(path)
		for range depth {
			add(event.Record{Kind: event.KindEvent, WD: wd, Mask: event.IN_CREATE | event.IN_ISDIR, Name: "d"})
			path += "/d"
			watched(path)
		}
	}
	number(log.Records())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, err := Read(t.Context(), log.Header(), log)
	if err != nil {
		t.Fatal(err)
	}
	m.table = nil // which keeps the paths of some watches
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc)) / (chains * depth); got > most {
		t.Errorf("%d bytes a name, want at most %d", got, most)
	}
	if n := m.tree.top.size(); n < chains*depth {
		t.Errorf("%d names", n)
	}
	runtime.KeepAlive(log)
}

func number(records []event.Record) {
	for i := range records {
		records[i].Seq, records[i].Time = uint64(i+1), int64(i)
	}
}
