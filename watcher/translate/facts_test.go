package translate

import "testing"

// The rows are sequences that tests, logs and documents of other projects say
// Windows sends: fsnotify, notify-rs, watchdog, gradle, Samba, Wine, and [MS-FSCC].
func TestWhatWindowsSendsIsToldAsInotifyWould(t *testing.T) {
	for _, c := range []struct{ operation, records, want string }{
		{"create an empty file", `+f`, "CREATE f"},
		{"create, then utime, deep in the tree", `+d\f *d\f`, `CREATE d\f, MODIFY d\f`},
		{"write an existing file", `*f *f *f`, "MODIFY f, MODIFY f, MODIFY f"},
		{"chmod of a directory", `*d/`, "ATTRIB d/"},
		{"create in a directory of the tree", `+sub\f *sub/`, `CREATE sub\f, ATTRIB sub/`},
		{"delete and create again", `-f +f *f`, "DELETE f, CREATE f, MODIFY f"},
		{"mkdir, then mkdir inside", `+a/ +a\b/ *a/`, `CREATE a/, CREATE a\b/, ATTRIB a/`},
		{"rmdir", `-d/`, "DELETE d/"},
		{"rm -r", `*sub/ -sub\dir\f *sub\dir/ -sub\dir/ *sub/ -sub/`, `ATTRIB sub/, DELETE sub\dir\f, ATTRIB sub\dir/, DELETE sub\dir/, ATTRIB sub/, DELETE sub/`},
		{"rm -r by Java", `*d\f -d\f -d/`, `MODIFY d\f, DELETE d\f, DELETE d/`},
		{"a directory moved in with what is in it", `+d/`, "CREATE d/"},
		{"rename in a directory", `<a >b`, "MOVED_FROM a#2, MOVED_TO b#2"},
		{"the same of an older Windows", `<a >b *b`, "MOVED_FROM a#2, MOVED_TO b#2, MODIFY b"},
		{"two renames", `<a >b <b >c`, "MOVED_FROM a#2, MOVED_TO b#2, MOVED_FROM b#4, MOVED_TO c#4"},
		{"rename of a directory", `<a/ >a2/ *a2/`, "MOVED_FROM a/#2, MOVED_TO a2/#2, ATTRIB a2/"},
		{"rename over a file", `-dst <src >dst`, "DELETE dst, MOVED_FROM src#3, MOVED_TO dst#3"},
		{"rename from outside over a file", `-dst +dst`, "DELETE dst, CREATE dst"},
		{"move between two directories", `-d1\a +d2\b *d2/`, `DELETE d1\a, CREATE d2\b, ATTRIB d2/`},
		{"the same, with file ids", `-d1\a@7 +d2\b@7 *d2/`, `MOVED_FROM d1\a~#2, MOVED_TO d2\b~#2, ATTRIB d2/`},
		{"a directory to another directory", `-d1\d2/@7 +d2/@7 *d2/`, `MOVED_FROM d1\d2/~#2, MOVED_TO d2/~#2, ATTRIB d2/`},
		{"rename that changes the case of a file", `-file <file >FILE`, "MOVED_FROM file#3, MOVED_TO FILE#3"},
		{"the same of a directory", `-sub/ <sub/ >SUB/`, "MOVED_FROM sub/#3, MOVED_TO SUB/#3"},
		{"change of case and of directory", `-d1\file +d2\FILE *d2/`, `DELETE d1\file, CREATE d2\FILE, ATTRIB d2/`},
		{"recursive sequence of Samba", `+sd/ +sd\n1/ <sd\n1/ >sd\n1-r/ +sd\n2/ -sd\n2/ +n2-r/ <n2-r/ >n3-r/`,
			`CREATE sd/, CREATE sd\n1/, MOVED_FROM sd\n1/#4, MOVED_TO sd\n1-r/#4, CREATE sd\n2/, DELETE sd\n2/, CREATE n2-r/, MOVED_FROM n2-r/#9, MOVED_TO n3-r/#9`},
		{"create with delete on close", `+d\f -d\f`, `CREATE d\f, DELETE d\f`},
		{"life of a file", `+a *a <a >b -b`, "CREATE a, MODIFY a, MOVED_FROM a#4, MOVED_TO b#4, DELETE b"},
		{"mkdir and rmdir, twice, in one buffer", `+d/ -d/ +d/ -d/`, "CREATE d/, DELETE d/, CREATE d/, DELETE d/"},
		{"Vim with a backup (derived)", `<f >f~ +f *f -f~`, "MOVED_FROM f#2, MOVED_TO f~#2, CREATE f, MODIFY f, DELETE f~"},
	} {
		t.Run(c.operation, func(t *testing.T) { expect(t, c.records, c.want) })
	}
}
