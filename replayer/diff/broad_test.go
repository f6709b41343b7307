package diff_test

import (
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

const (
	linuxHead   = "header platform \"linux\"\nheader backend \"inotify\"\nheader roots [\"/w\"]\nheader recursive true\nwatch dir wd=1 mask=IN_ALL_EVENTS path=\"/w\"\n"
	linuxDir    = "watch dir auto_add wd=2 mask=IN_ALL_EVENTS parent=1 path=\"/w/d\"\n"
	pollHead    = "header platform \"linux\"\nheader backend \"poll\"\nheader roots [\"/w\"]\nheader recursive true\nwatch dir wd=1 mask=IN_ALL_EVENTS path=\"/w\"\n"
	windowsHead = "header platform \"windows\"\nheader backend \"rdcw\"\nheader case_fold true\nheader roots [\"C:\\\\w\"]\nheader recursive true\n" +
		"watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY path=\"C:\\\\w\"\nentry wd=1\n"
	windowsFile = `RAW watch wd=2 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE path="C:\\w\\f"; `
)

// told1 writes records a line each: "CREATE dir d" for inotify and polling, "ADDED f" for Windows.
func told1(windows bool, list string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(list, ";") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name := words[len(words)-1]
		dir, synthetic := strings.Contains(line, " dir "), ""
		if strings.Contains(line, " synthetic ") {
			synthetic = "synthetic "
		}
		switch {
		case words[0] == "RAW":
			b.WriteString(strings.TrimPrefix(strings.TrimSpace(line), "RAW ") + "\n")
		case windows:
			attributes := "0x20"
			if dir {
				attributes = "0x10"
			}
			b.WriteString("change wd=1 action=" + words[0] + " attributes=" + attributes + " name=\"" + strings.ReplaceAll(name, "/", `\\`) + "\"\n")
		default:
			wd := "1"
			if in, ok := strings.CutPrefix(name, "d/"); ok {
				wd, name = "2", in
			}
			mask := "IN_" + words[0]
			if dir {
				mask += "|IN_ISDIR"
			}
			cookie := ""
			if strings.HasPrefix(words[0], "MOVED") && strings.Contains(line, " cookie ") {
				cookie = "cookie=9 "
			}
			b.WriteString("event " + synthetic + "wd=" + wd + " mask=" + mask + " " + cookie + "name=\"" + name + "\"\n")
		}
	}
	return b.String()
}

// What looks like a difference that a rule knows, but is another one, stays unexplained.
func TestRulesAreNotTooBroad(t *testing.T) {
	const linux, windows, poll = linuxHead, windowsHead, pollHead
	for _, tt := range []struct{ name, leftHead, left, rightHead, right string }{
		{"a lost chmod and a made-up write elsewhere", linux, "ATTRIB f; DELETE f", windows, "REMOVED f; MODIFIED f"},
		{"two lost chmods, one of them written", linux, "ATTRIB f; DELETE f; ATTRIB f", windows, "MODIFIED f; REMOVED f"},
		{"a lost chmod long after a write", linux, "CREATE f; MODIFY f; DELETE f; CREATE f; DELETE f; ATTRIB f", windows, "ADDED f; MODIFIED f; REMOVED f; ADDED f; REMOVED f"},
		{"a lost chmod that no touch made", linux, "CREATE f; MODIFY f; DELETE f; ATTRIB f", windows, "ADDED f; MODIFIED f; REMOVED f"},
		{"a lost creation in a directory that was made", linux, "CREATE dir d; RAW " + linuxDir + "; CREATE synthetic d/f", windows, "ADDED dir d"},
		{"a write that Windows tells too early", linux, "CREATE f; CREATE dir x; DELETE f; CREATE f; MODIFY f; DELETE f", windows, "ADDED f; MODIFIED f; ADDED dir x; REMOVED f; ADDED f; REMOVED f"},
		{"the short name of another file", linux, "MODIFY other.doc", windows, "MODIFIED LONGNA~1.TXT"},
		{"a short name that is removed, not written", linux, "MODIFY LongNameOfFile.txt", windows, "REMOVED LONGNA~1.TXT"},
		{"a moved-in file, and another one before", linux, "CREATE f; DELETE f; MOVED_TO f", windows, "ADDED f; ADDED f; REMOVED f"},
		{"a lost creation in a directory that is watched in time", linux, "CREATE dir d; RAW " + linuxDir + "; CREATE d/f", linux, "CREATE dir d; RAW " + linuxDir},
		{"a close after the name was used again", linux, "DELETE f; CREATE f; OPEN f; CLOSE_WRITE f", linux, "DELETE f; CREATE f; OPEN f"},
		{"a lost end of what both watch", linux, "RAW watch wd=2 mask=IN_ALL_EVENTS path=\"/w/f\"; RAW event wd=2 mask=IN_DELETE_SELF; DELETE f", linux, "RAW watch wd=2 mask=IN_ALL_EVENTS path=\"/w/f\"; DELETE f"},
		{"a lost chmod before a removal", linux, "RAW watch wd=2 mask=IN_ALL_EVENTS path=\"/w/f\"; RAW event wd=2 mask=IN_ATTRIB; DELETE f", linux, "RAW watch wd=2 mask=IN_ALL_EVENTS path=\"/w/f\"; DELETE f"},
		{"a lost rename of what both watch", linux, "RAW watch dir wd=3 mask=IN_ALL_EVENTS path=\"/w/e\"; MOVED_TO dir e; RAW event wd=3 mask=IN_MOVE_SELF", linux, "RAW watch dir wd=3 mask=IN_ALL_EVENTS path=\"/w/e\"; MOVED_TO dir e"},
		{"a lost rename of a file that both watch on Windows", windows, windowsFile + "RAW change wd=2 action=RENAMED_OLD_NAME name=\"f\"", windows, windowsFile},
		{"a lost creation of a file that goes later", linux, "CREATE f; OPEN f; DELETE f; CREATE f", linux, "DELETE f; CREATE f"},
		{"polling misses a write for good", linux, "MODIFY f; DELETE f; CREATE f; MODIFY f; DELETE f", poll, "MODIFY f; DELETE f; CREATE f; DELETE f; CREATE f"},
		{"polling misses one write, and sees another life", linux, "DELETE f; CREATE f; MODIFY g; DELETE f", poll, "DELETE f; CREATE f; DELETE f"},
		{"polling misses a file", linux, "CREATE f; MODIFY f; MODIFY g", poll, "MODIFY g"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left := tt.leftHead + told1(tt.leftHead == windows, tt.left)
			right := tt.rightHead + told1(tt.rightHead == windows, tt.right)
			for range 2 {
				if r := compare(t, left, right, diff.Options{}); r.Verdict != diff.Unexplained {
					t.Errorf("%s:\n%s", r.Verdict, told(r))
				}
				left, right = right, left
			}
		})
	}
}

// Whether the watch of a new directory is there in time to tell once more what that of the directory above told is chance;
// that it says nothing when it was there is a difference.
func TestTheWatchOfANewDirectoryComesSoonerOrLater(t *testing.T) {
	const (
		made  = "event wd=1 mask=IN_CREATE|IN_ISDIR name=\"d\"\n"
		named = "event wd=1 mask=IN_OPEN|IN_ISDIR name=\"d\"\n"
		self  = "event wd=2 mask=IN_OPEN|IN_ISDIR\n"
		shut  = "event wd=1 mask=IN_CLOSE_NOWRITE|IN_ISDIR name=\"d\"\n"
		shut2 = "event wd=2 mask=IN_CLOSE_NOWRITE|IN_ISDIR\n"
	)
	soon := linuxHead + made + linuxDir + named + self + shut + shut2
	for _, tt := range []struct {
		name, other string
		want        diff.Verdict
	}{
		{"between", linuxHead + made + named + linuxDir + shut + shut2, diff.Same},
		{"late", linuxHead + made + named + shut + linuxDir, diff.Same},
		{"lost", linuxHead + made + linuxDir + named + shut + shut2, diff.Unexplained},
		{"lost at the end", linuxHead + made + linuxDir + named + self + shut, diff.Unexplained},
		{"lost and made up", linuxHead + made + shut + linuxDir, diff.Unexplained},
	} {
		none := &diff.Catalogue{}
		for _, pair := range [][2]string{{soon, tt.other}, {tt.other, soon}} {
			if r := compare(t, pair[0], pair[1], diff.Options{Rules: none}); r.Verdict != tt.want {
				t.Errorf("%s: %s:\n%s", tt.name, r.Verdict, told(r))
			}
		}
	}
}

// What a recording is told of a file that it found by listing is the end of what another one was told from the start.
func TestAFileThatWasFoundLate(t *testing.T) {
	const made = "CREATE dir d; RAW " + linuxDir + "; "
	early := linuxHead + told1(false, made+"CREATE d/f; OPEN d/f; MODIFY d/f; CLOSE_WRITE d/f; OPEN d/f; CLOSE_NOWRITE d/f; DELETE d/f; CREATE d/f; OPEN d/f")
	for _, tt := range []struct {
		late string
		want diff.Verdict
	}{
		{"CREATE synthetic d/f; OPEN d/f; CLOSE_NOWRITE d/f; DELETE d/f; CREATE d/f; OPEN d/f", diff.Same},
		{"CREATE synthetic d/f; CLOSE_NOWRITE d/f; DELETE d/f; CREATE d/f; OPEN d/f", diff.Same},
		{"CREATE synthetic d/f; DELETE d/f; CREATE d/f; OPEN d/f", diff.Same},
		{"CREATE d/f; OPEN d/f; CLOSE_NOWRITE d/f; DELETE d/f; CREATE d/f; OPEN d/f", diff.Unexplained},
		{"CREATE synthetic d/f; OPEN d/f; DELETE d/f; CREATE d/f; OPEN d/f", diff.Unexplained},
		{"CREATE synthetic d/f; OPEN d/f; CLOSE_NOWRITE d/f; DELETE d/f; CREATE d/f", diff.Unexplained},
	} {
		late := linuxHead + told1(false, made+tt.late)
		for _, pair := range [][2]string{{early, late}, {late, early}} {
			if r := compare(t, pair[0], pair[1], diff.Options{}); r.Verdict != tt.want {
				t.Errorf("%s: %s:\n%s", tt.late, r.Verdict, told(r))
			}
		}
	}
}
