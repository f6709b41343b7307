package event

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A directory of Windows can be written in several ways, and is one.
func TestAWatchKeepsTheLettersInWhichItWasAskedFor(t *testing.T) {
	table := NewTable(Windows)
	for _, step := range []struct {
		what string
		r    Record
		want string
	}{
		{"two in one directory", watch(1, `C:\Data\a`), `1=C:\Data\a`},
		{"written in two ways", watch(2, `C:\DATA\b`), `1=C:\Data\a 2=C:\DATA\b`},
		{"which is watched too", watch(3, `c:\data`), `1=C:\Data\a 2=C:\DATA\b 3=c:\data`},
		{"asked for again", watch(1, `C:\dATA\A`), `1=C:\dATA\A 2=C:\DATA\b 3=c:\data`},
		{"a rename of one", move(`C:\Data\B`, `C:\Data\c`), `1=C:\dATA\A 2=C:\DATA\c 3=c:\data`},
		{"a rename that changes case", move(`C:\data`, `C:\DaTa`), `1=C:\DaTa\A 2=C:\DaTa\c 3=c:\DaTa`},
		{"a rename of the directory", move(`C:\Data`, `D:\x`), `1=D:\x\A 2=D:\x\c 3=D:\x`},
		{"and back, in other letters", move(`d:\X`, `C:\data`), `1=C:\data\A 2=C:\data\c 3=C:\data`},
		{"the end of one", unwatch(3), `1=C:\data\A 2=C:\data\c`},
		{"what is gone", move(`c:\data\A`, ""), `1=c:\data\A(lost) 2=C:\data\c`},
		{"what takes its place", watch(4, `C:\DATA\a`), `1=c:\data\A(lost) 2=C:\data\c 4=C:\DATA\a`},
		{"on a share", watch(5, `\\Server\Share\d`), `1=c:\data\A(lost) 2=C:\data\c 4=C:\DATA\a 5=\\Server\Share\d`},
		{"in other letters", watch(6, `\\SERVER\share\e`), `1=c:\data\A(lost) 2=C:\data\c 4=C:\DATA\a 5=\\Server\Share\d 6=\\SERVER\share\e`},
	} {
		table.Apply(&step.r)
		checkTable(t, table)
		if got := describe(table); got != step.want {
			t.Errorf("%s: %s\nwant %s", step.what, got, step.want)
		}
	}
	for path, want := range map[string]int32{`c:\DATA\a`: 4, `C:\data\C`: 2, `\\server\SHARE\E`: 6} {
		if w := table.At(path); w == nil || w.WD != want {
			t.Errorf("%s: %v, want %d", path, w, want)
		}
	}
	for _, w := range table.Watches() {
		table.Apply(&Record{Kind: KindUnwatch, WD: w.WD})
	}
	if len(table.letters.of) > 0 || table.letters.size != 0 {
		t.Errorf("letters of %d watches are left, %d spellings", len(table.letters.of), table.letters.size)
	}
}

// A path can have 16,000 elements, each in other letters. If its letters were looked up one by one, this took minutes.
func TestALongPathIsWrittenInOneWalk(t *testing.T) {
	dir := "C:" + strings.Repeat(`\A`, 16_000)
	table := NewTable(Windows)
	for _, r := range []Record{watch(1, strings.ToLower(dir)), watch(2, dir+`\x0`)} {
		table.Apply(&r)
	}
	for i := range 300 {
		r := move(fmt.Sprintf(`%s\x%d`, dir, i), fmt.Sprintf(`%s\x%d`, dir, i+1))
		table.Apply(&r)
		if got := table.Watch(2).Path(); got != r.Path {
			t.Fatalf("rename %d gives ...%s", i, got[len(got)-20:])
		}
	}
}

func TestTheLettersOfWatchesKeepNoMoreThanTheirBound(t *testing.T) {
	table := NewTable(Windows)
	long := strings.Repeat("x", table.platform.MaxPath()-10)
	for i := range int32(2 * maxLetters / len(long)) {
		for _, r := range []Record{watch(2*i+1, fmt.Sprintf(`C:\%d%s`, i, long)), watch(2*i+2, fmt.Sprintf(`c:\%d%s`, i, strings.ToUpper(long)))} {
			table.Apply(&r)
		}
	}
	kept := 0
	for _, all := range table.letters.of {
		for _, s := range all {
			kept += len(s.was) + len(s.as)
		}
	}
	if kept == 0 || kept > table.letters.size || table.letters.size > maxLetters {
		t.Errorf("%d bytes are kept, counted as %d, of at most %d", kept, table.letters.size, maxLetters)
	}
}

// What has other letters in one element is not kept as a whole.
func TestTheLettersOfAWatchDoNotKeepItsPath(t *testing.T) {
	const watches = 6000
	long := strings.Repeat("x", Windows.MaxPath()-20)
	before := heap()
	table := NewTable(Windows)
	for i := range int32(watches) {
		r := watch(i+1, fmt.Sprintf(`%s:\%s\%d`, []string{"C", "c"}[min(i, 1)], long, i))
		table.Apply(&r)
	}
	if grown := heap() - before; grown > maxJoined+maxJoined/2 {
		t.Errorf("%d bytes are kept for %d watches", grown, watches)
	}
	if len(table.letters.of) != watches-1 {
		t.Errorf("%d watches have letters of their own", len(table.letters.of))
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
