package translate

import (
	"testing"

	"fsrec/watcher/event"
)

func TestWhetherADirectoryIsMeantComesFromTheBestSource(t *testing.T) {
	for _, c := range []struct{ knowledge, records, want string }{
		{"delivered", `+d/ -d/ +f -f`, "CREATE d/, DELETE d/, CREATE f, DELETE f"},
		{"delivered, against the list", `listed entry:x/ *x`, "MODIFY x"},
		{"looked up", `+d/! +f!`, "CREATE d/~, CREATE f~"},
		{"none", `+d? -d? *d?`, "CREATE d?, DELETE d?, MODIFY d?"},
		{"an earlier record", `+d/! -d? +f! -f?`, "CREATE d/~, DELETE d/~, CREATE f~, DELETE f~"},
		{"what is below it", `*d\f? -d?`, `MODIFY d\f?, DELETE d/~`},
		{"the list", `listed entry:d/ entry:d\e/ -d\e? -d? -f?`, `DELETE d\e/~, DELETE d/~, DELETE f~`},
		{"the list, whatever the case", `listed entry:Dir/ -DIR?`, `DELETE DIR/~`},
		{"the list, which has no short names", `listed entry:LongName/ -LONGNA~1? -LONGNA~1\f? -f~? -~$doc?`, `DELETE LONGNA~1?, DELETE LONGNA~1\f?, DELETE f~~, DELETE ~$doc~`},
		{"the list, which has a file with a name like a short one", `listed entry:a~1 -a~1? +b~1! -b~1? -b~1?`, `DELETE a~1~, CREATE b~1~, DELETE b~1~, DELETE b~1?`},
		{"a list that is not whole", `entry:d/ entry:f *d? *f? *g?`, `ATTRIB d/~, MODIFY f~, MODIFY g?`},
		{"a name that came after the list", `listed +x? -x? +y? *y? *y/! -y?`, `CREATE x?, DELETE x?, CREATE y?, MODIFY y?, ATTRIB y/~, DELETE y/~`},
		{"a list that is out of date", `listed entry:d/ loss *d? *f?`, `ATTRIB d/~, MODIFY f?`},
		{"a new list", `listed entry:d/ loss listed *d? *f?`, `MODIFY d~, MODIFY f~`},
		{"the other half of a rename", `+d/! <d? >e? -e?`, `CREATE d/~, MOVED_FROM d/~#3, MOVED_TO e/~#3, DELETE e/~`},
		{"the other half of a file's rename", `listed <f? >g? *g?`, `MOVED_FROM f~#3, MOVED_TO g~#3, MODIFY g~`},
	} {
		t.Run(c.knowledge, func(t *testing.T) { expect(t, c.records, c.want) })
	}
}

func TestARenamedDirectoryTakesWhatIsInItAlong(t *testing.T) {
	expect(t, `listed entry:a/ entry:a\b/ entry:a\b\c/ <a? >x? -x\b\c? -x\b? *a\b?`,
		`MOVED_FROM a/~#6, MOVED_TO x/~#6, DELETE x\b\c/~, DELETE x\b/~, MODIFY a\b~`)
	expect(t, `listed entry:a/ entry:a\b/ -a? <a? >A? -A\b?`,
		`MOVED_FROM a/~#6, MOVED_TO A/~#6, DELETE A\b/~`)
	expect(t, `listed entry:a/ entry:a\b/ entry:to/ -a@7? +to\a@7? -to\a\b?`,
		`MOVED_FROM a/~#6, MOVED_TO to\a/~#6, DELETE to\a\b/~`)
}

func TestADeletedDirectoryIsForgotten(t *testing.T) {
	expect(t, `listed +d/! -d? +d! -d?`, "CREATE d/~, DELETE d/~, CREATE d~, DELETE d~")
	expect(t, `+d/! -d? +d! -d? -d?`, "CREATE d/~, DELETE d/~, CREATE d~, DELETE d~, DELETE d?")
	expect(t, `listed entry:d/ entry:d\e/ -d? +d/! -d\e?`, `DELETE d/~, CREATE d/~, DELETE d\e~`)
}

func TestAFileUnderTheNameOfADirectoryIsAFile(t *testing.T) {
	expect(t, `listed entry:d/ +d! -d?`, "CREATE d~, DELETE d~")
	expect(t, `listed entry:d/ <f? >d? *d?`, "MOVED_FROM f~#4, MOVED_TO d~#4, MODIFY d~")
}

func TestALinkToADirectoryIsNone(t *testing.T) {
	all := records(t, `+link/`)
	all[1].Cookie |= uint32(event.FILE_ATTRIBUTE_REPARSE_POINT)
	if got := told(translated(all)); got != "CREATE link" {
		t.Error(got)
	}
}

// TestADirectoryThatIsMarkedIsOne: OneDrive makes a reparse point of a directory that
// is no link to another.
func TestADirectoryThatIsMarkedIsOne(t *testing.T) {
	all := records(t, `+cloud/ +cloud\f -cloud/`)
	for i := range all {
		if r := &all[i]; r.Name == "cloud" {
			r.Cookie |= uint32(event.FILE_ATTRIBUTE_REPARSE_POINT)
			r.Flags |= event.FlagDir
		}
	}
	if got := told(translated(all)); got != `CREATE cloud/, CREATE cloud\f, DELETE cloud/` {
		t.Error(got)
	}
}

func TestAnotherPlaceOfARecordingIsAnotherStory(t *testing.T) {
	first := records(t, `listed entry:d/ -x? <a`)
	again := records(t, `>b *d? *f?`)[1:]
	tr := New()
	got := told(tr.Flush(tr.Append(nil, append(first, again...))))
	if want := "DELETE x~, MOVED_FROM a#5, MOVED_TO b#2, MODIFY d?, MODIFY f?"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
