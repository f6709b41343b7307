package event

import "testing"

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
