package diff_test

import (
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// What is nearly what a rule explains, and may be a defect of somebody's program, is unexplained. The pairs that the rules
// do explain are in testdata/rules.
func TestNearMissesStayUnexplained(t *testing.T) {
	const (
		linux, windows, poll = linuxHead, windowsHead, pollHead
		madeDir              = "CREATE dir d; RAW " + linuxDir + "; "
		inDir                = "RAW watch dir wd=2 mask=IN_ALL_EVENTS path=\"/w/d\"; "
		ownWatch             = "RAW watch wd=3 mask=IN_ALL_EVENTS path=\"/w/f\"; "
		renamed              = "MOVED_FROM cookie f; MOVED_TO cookie g"
		renamedDir           = "MOVED_FROM dir cookie x; MOVED_TO dir cookie y"
		windowsRenamed       = "RENAMED_OLD_NAME f; RENAMED_NEW_NAME g"
		windowsRenamedDir    = "RENAMED_OLD_NAME dir x; RENAMED_NEW_NAME dir y"
		nested               = "RAW watch dir recursive auto_add wd=2 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY path=\"C:\\\\w\\\\d\"; "
		again                = "RAW change wd=2 action=ADDED attributes=0x20 name=\"f\""
		entries              = "RAW entry wd=1 mode=040755 name=\"d\"; RAW entry wd=1 mode=040755 name=\"x\"; "
	)
	asked := func(filter string) string {
		return strings.Replace(windows, "FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY", filter, 1)
	}
	with := func(head, header string) string { return header + "\n" + head }
	wine := with(windows, `header wine "8.0"`)
	fileLinux := strings.Replace(strings.ReplaceAll(linux, "/w", "/w/f"), "watch dir", "watch", 1)
	fileWindows := "header platform \"windows\"\nheader backend \"rdcw\"\nheader case_fold true\nheader roots [\"C:\\\\w\\\\f\"]\n" +
		"watch wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY path=\"C:\\\\w\\\\f\"\n"
	newer, older := with(linux, `header kernel "6.8.0"`), with(linux, `header kernel "6.5.0-rc1"`)
	for _, tt := range []struct{ rule, name, leftHead, left, rightHead, right string }{
		{"rename-in-halves", "of another rename", linux, renamed, windows, "RAW 8 1.0 change wd=1 action=RENAMED_OLD_NAME attributes=0x20 name=\"f\"; RAW 9 90.0 change wd=1 action=RENAMED_NEW_NAME attributes=0x20 name=\"h\""},
		{"renamed-file-modified", "a write that is made up after a rename, on Windows 11", linux, renamed, with(windows, `header kernel "10.0.26100"`), windowsRenamed + "; MODIFIED g"},
		{"renamed-file-modified", "the same, where the system is not known", linux, renamed, windows, windowsRenamed + "; MODIFIED g"},
		{"renamed-file-attributes", "the old name", linux, renamed, asked("FILE_NAME|DIR_NAME|ATTRIBUTES"), "MODIFIED f; " + windowsRenamed},
		{"renamed-directory-modified", "long after the rename", linux, renamedDir + "; DELETE dir y; CREATE dir y", windows, entries + windowsRenamedDir + "; REMOVED dir y; ADDED dir y; MODIFIED dir y"},
		{"moved-directory-modified", "a directory that was made", linux, renamedDir + "; DELETE dir y; CREATE dir y", windows, entries + windowsRenamedDir + "; REMOVED dir y; ADDED dir y; MODIFIED dir y"},
		{"inside-moved-directory-modified", "a directory that was not moved", linux, "MOVED_TO dir d", windows, "ADDED dir d; MODIFIED dir d; MODIFIED dir x/c"},
		{"inside-moved-directory-modified", "before it was moved", linux, "MOVED_TO dir d", windows, "MODIFIED dir d/c; ADDED dir d"},
		{"parent-modified", "a directory in which nothing came or went", linux, "CREATE f", windows, entries + "ADDED f; MODIFIED dir d"},
		{"parent-modified", "what happened further below", linux, "CREATE f", windows, entries + "ADDED d/x/f; ADDED f; MODIFIED dir d"},
		{"parent-of-written-modified", "the directory of another file", linux, "MODIFY f", windows, entries + "MODIFIED f; MODIFIED dir d"},
		{"unwatched-directory-modified", "where the watch is of the whole tree", linux, "", windows, entries + "MODIFIED dir d"},
		{"moved-in-contents", "a rename within the tree", linux, "MOVED_FROM dir cookie x; MOVED_TO dir cookie d; RAW " + linuxDir + "; CREATE synthetic d/f", windows, entries + "RENAMED_OLD_NAME dir x; RENAMED_NEW_NAME dir d"},
		{"deleted-as-a-whole", "one of two removals is missing", linux, inDir + "DELETE d/f; DELETE d/g; DELETE dir d", windows, entries + "REMOVED d/g; REMOVED dir d"},
		{"deleted-as-a-whole", "the directory is still there", linux, inDir + "DELETE d/f", windows, entries},
		{"contents-of-deleted-root", "a removal before the file was made again", linux, "DELETE f; CREATE f; RAW event wd=1 mask=IN_DELETE_SELF", windows, "ADDED f; RAW event wd=1 mask=IN_DELETE_SELF"},
		{"recreated", "a file that only went and came", linux, "OPEN f; CLOSE_WRITE f", windows, "REMOVED f; ADDED f"},
		{"recreated", "and was not written on the other side", linux, "OPEN f; CLOSE_WRITE f", windows, "REMOVED f; ADDED f; MODIFIED f"},
		{"attributes-not-asked-for", "where they were asked for", linux, "CREATE f; ATTRIB x", windows, "ADDED f"},
		{"file-names-not-asked-for", "a directory", linux, "CREATE dir x; MODIFY f", asked("DIR_NAME|LAST_WRITE"), "MODIFIED f"},
		{"file-renames-not-asked-for", "a directory", linux, renamedDir, asked("DIR_NAME|LAST_WRITE"), "MODIFIED f"},
		{"directory-names-not-asked-for", "a file", linux, "CREATE f; CREATE g", asked("FILE_NAME|LAST_WRITE"), "ADDED f"},
		{"directory-renames-not-asked-for", "a file", linux, renamed, asked("FILE_NAME|LAST_WRITE"), "MODIFIED h"},
		{"writes-not-asked-for", "where the size was asked for", linux, "CREATE f; MODIFY f", asked("FILE_NAME|SIZE"), "ADDED f"},
		{"link-count-of-watched-file", "where both are of Linux", fileLinux, "RAW event wd=1 mask=IN_ATTRIB; RAW event wd=1 mask=IN_OPEN", fileLinux, "RAW event wd=1 mask=IN_OPEN"},
		{"touched-new-file", "attributes before the creation", linux, "DELETE f; ATTRIB f; CREATE f", windows, "REMOVED f; ADDED f"},
		{"created-modified", "a file that a program made, and did not write", linux, "CREATE f; OPEN f; CLOSE_WRITE f", windows, "ADDED f; MODIFIED f"},
		{"created-modified", "where no recording would show that", with(strings.ReplaceAll(linux, "IN_ALL_EVENTS", "IN_CREATE|IN_MODIFY"), `header mask "IN_CREATE|IN_MODIFY"`), "CREATE f", windows, "ADDED f; MODIFIED f"},
		{"modified-before-deleted", "without attributes", linux, "DELETE f", asked("FILE_NAME|LAST_WRITE"), "MODIFIED f; REMOVED f"},
		{"modified-before-deleted", "in Wine", linux, "DELETE f", wine, "MODIFIED f; REMOVED f"},
		{"late-write", "a write to another file of the name", linux, "MODIFY f; DELETE f; CREATE f", windows, "REMOVED f; ADDED f; MODIFIED f"},
		{"deleted-while-open", "when the name is in use again", linux, "DELETE f; CREATE f; MODIFY f", windows, "ADDED f; MODIFIED f; REMOVED f"},
		{"gone-before-listing", "in a directory that was there", linux, inDir + "DELETE dir d", windows, entries + "ADDED d/f; REMOVED d/f; REMOVED dir d"},
		{"gone-before-listing", "a second life", linux, madeDir + "CREATE d/f; DELETE d/f; DELETE dir d", windows, "ADDED dir d; ADDED d/f; REMOVED d/f; ADDED d/f; REMOVED d/f; REMOVED dir d"},
		{"wine-missed", "after Wine has told of the directory", linux, madeDir + "CREATE d/f; CREATE d/g", wine, "ADDED dir d; ADDED d/f"},
		{"wine-missed", "in a directory that was there", linux, inDir + "CREATE d/f", wine, entries},
		{"wine-missed", "on Windows", linux, madeDir + "CREATE d/f", windows, "ADDED dir d"},
		{"directory-modified-by-chance", "without a change in it", windows, entries + "ADDED f; MODIFIED dir d", windows, entries + "ADDED f"},
		{"wine-directory", "without a change in it", windows, entries + "ADDED f; MODIFIED dir d", wine, entries + "ADDED f"},
		{"read-as-modified", "a file that nobody read", linux, "CREATE g", asked("FILE_NAME|LAST_WRITE|LAST_ACCESS"), "MODIFIED f; ADDED g"},
		{"read-as-modified", "where that was not asked for", linux, "OPEN f; ACCESS f; CREATE g", windows, "MODIFIED f; ADDED g"},
		{"told-by-each-handle", "two handles tell it three times", linux, inDir + "CREATE d/f", windows, entries + nested + "ADDED d/f; " + again + "; " + again},
		{"told-by-each-handle", "two handles tell of one change in two three times", linux, inDir + "ATTRIB d/f; ATTRIB d/f", asked("FILE_NAME|ATTRIBUTES"), entries + nested + strings.Repeat("MODIFIED d/f; ", 5)},
		{"told-by-each-handle", "only one of the two tells of what is below", linux, inDir + "CREATE d/f", strings.Replace(windows, " recursive auto_add", "", 1), entries + nested + "ADDED d/f; " + again},
		{"told-by-each-handle", "one handle tells everything twice", linux, "CREATE f; DELETE f", windows, "ADDED f; ADDED f; REMOVED f; REMOVED f"},
		{"truncate-before-open", "on two new kernels", newer, "OPEN f; CLOSE_WRITE f", older, "MODIFY f; OPEN f; CLOSE_WRITE f"},
		{"truncate-before-open", "where the kernels are not known", linux, "OPEN f; CLOSE_WRITE f", linux, "MODIFY f; OPEN f; CLOSE_WRITE f"},
		{"merged-reads", "with a write between", linux, "ACCESS f; MODIFY f; ACCESS f", linux, "ACCESS f; MODIFY f"},
		{"merged-attributes", "with an opening between", linux, "ATTRIB f; OPEN f; ATTRIB f", linux, "ATTRIB f; OPEN f"},
		{"merged-reads", "told by two watches", linux, ownWatch + "ACCESS f; RAW event wd=3 mask=IN_ACCESS", linux, ownWatch + "ACCESS f"},
		{"merged-attributes", "told by two watches", linux, ownWatch + "ATTRIB f; RAW event wd=3 mask=IN_ATTRIB", linux, ownWatch + "ATTRIB f"},
		{"merged-writes", "told by two watches", linux, ownWatch + "MODIFY f; RAW event wd=3 mask=IN_MODIFY", linux, ownWatch + "MODIFY f"},
		{"merged-opens", "told by two watches", linux, ownWatch + "OPEN f; RAW event wd=3 mask=IN_OPEN", linux, ownWatch + "OPEN f"},
		{"merged-opens", "more of them than closings", linux, "OPEN f; OPEN f; CLOSE_WRITE f", linux, "OPEN f; CLOSE_WRITE f"},
		{"merged-opens", "fewer of them than closings", linux, "OPEN f; CLOSE_WRITE f; CLOSE_WRITE f", linux, "OPEN f; CLOSE_WRITE f"},
		{"merged-opens", "with a write between", linux, "OPEN f; MODIFY f; OPEN f; CLOSE_WRITE f; CLOSE_NOWRITE f", linux, "OPEN f; MODIFY f; CLOSE_WRITE f; CLOSE_NOWRITE f"},
		{"merged-opens", "closings of different kinds", linux, "OPEN f; OPEN f; CLOSE_WRITE f; CLOSE_NOWRITE f", linux, "OPEN f; OPEN f; CLOSE_WRITE f"},
		{"watch-ended", "a watch that both have", linux, ownWatch + "RAW event wd=3 mask=IN_IGNORED", linux, ownWatch + "CREATE g"},
		{"link-count", "of a file that neither watches", linux, "ATTRIB f; DELETE f", linux, "DELETE f"},
		{"watched-victim", "that no recording watched", linux, "MOVED_TO f", linux, "MOVED_TO f; DELETE_SELF f"},
		{"link-count-elsewhere", "a change of attributes that both would be told", linux, "ATTRIB f; CREATE g", linux, "CREATE g"},
		{"watched-file-followed", "where inotify's watch went along", fileLinux, "RAW event wd=1 mask=IN_MOVE_SELF; RAW move src=\"/w/f\" path=\"/w/g\"", fileWindows, windowsRenamed + "; RAW move src=\"C:\\\\w\\\\f\" path=\"C:\\\\w\\\\g\"; MODIFIED g"},
		{"link-count-elsewhere", "with a watch on both sides", linux, ownWatch + "RAW event wd=3 mask=IN_ATTRIB; CREATE g", linux, ownWatch + "CREATE g"},
		{"watched-object-told-again", "an event of another kind", linux, ownWatch + "OPEN f; RAW event wd=3 mask=IN_CLOSE_WRITE", linux, "OPEN f"},
		{"watched-object-told-again", "where it is not watched", linux, "OPEN f; OPEN f; CLOSE_WRITE f", linux, "OPEN f; CLOSE_WRITE f"},
		{"listed-by-whom", "a name of one directory", linux, "CREATE dir x; RAW event own wd=1 mask=IN_OPEN|IN_ISDIR name=\"x\"; RAW event own wd=1 mask=IN_CLOSE_NOWRITE|IN_ISDIR name=\"x\"; ATTRIB dir x; OPEN dir x; OPEN dir x; CLOSE_NOWRITE dir x; DELETE dir x", linux, "CREATE dir x; ATTRIB dir x; OPEN dir x; CLOSE_NOWRITE dir x; DELETE dir x"},
		{"before-the-watch", "the name is still in use", linux, madeDir + "CREATE d/f", linux, madeDir},
		{"before-the-watch", "the removal of what was found is lost", linux, madeDir + "CREATE d/f; DELETE d/f", linux, madeDir + "CREATE synthetic d/f"},
		{"before-the-watch", "in a directory that was there", linux, inDir + "CREATE d/f; DELETE d/f", linux, inDir},
		{"before-the-watch", "after what both tell of the name", linux, madeDir + "CREATE d/f; DELETE d/f; CREATE d/f; OPEN d/f; DELETE d/f", linux, madeDir + "CREATE d/f; DELETE d/f; OPEN d/f"},
		{"before-the-watch", "long after the directory came", linux, "RAW 3 1.0 event wd=1 mask=IN_CREATE|IN_ISDIR name=\"d\"; RAW 4 1.0 " + linuxDir + "; RAW 5 90.0 event wd=2 mask=IN_CREATE name=\"f\"; RAW 6 90.0 event wd=2 mask=IN_DELETE name=\"f\"", linux, madeDir},
		{"before-the-watch", "what cannot have happened", linux, madeDir + "CREATE synthetic d/f; CREATE synthetic d/f", linux, madeDir + "CREATE synthetic d/f"},
		{"before-the-watch", "the rename of a directory that both watch in time", linux, madeDir + "RAW mask wd=2 kernel=IN_ALL_EVENTS; MOVED_FROM dir cookie d; MOVED_TO dir cookie e; RAW event wd=2 mask=IN_MOVE_SELF", linux, madeDir + "RAW mask wd=2 kernel=IN_ALL_EVENTS; MOVED_FROM dir cookie d; MOVED_TO dir cookie e"},
		{"before-the-watch", "the end of a directory that both watch", linux, madeDir + "RAW event wd=2 mask=IN_DELETE_SELF; RAW event wd=2 mask=IN_IGNORED; DELETE dir d", linux, madeDir + "DELETE dir d"},
		{"renamed-before-the-watch", "what was found has its old name", linux, madeDir + "CREATE d/t; MOVED_FROM cookie d/t; MOVED_TO cookie d/f", linux, madeDir + "CREATE synthetic d/t"},
		{"renamed-before-the-watch", "nothing was found", linux, madeDir + "CREATE d/t; MOVED_FROM cookie d/t; MOVED_TO cookie d/f", linux, madeDir},
		{"found-by-listing", "what never was", linux, madeDir + "CREATE d/f", linux, madeDir + "CREATE synthetic d/f; CREATE synthetic d/g"},
		{"found-by-listing", "what was gone", linux, madeDir + "CREATE d/f; DELETE d/f; CREATE d/g", linux, madeDir + "CREATE synthetic d/f; CREATE synthetic d/g"},
		{"listing", "opened and not closed", linux, "OPEN dir d; ACCESS dir d", linux, "ACCESS dir d"},
		{"listing", "closed and not opened", linux, "OPEN dir d; CLOSE_NOWRITE dir d", linux, "OPEN dir d"},
		{"listing", "a file", linux, "OPEN f; ACCESS f; CLOSE_NOWRITE f", linux, ""},
		{"new-directory-contents", "where both follow the directory", linux, madeDir + "CREATE synthetic d/f", linux, madeDir},
		{"new-directory-contents", "in a directory that was there", linux, inDir + "CREATE d/f", linux, "OPEN g"},
		{"polled-link-count", "beside a file that a program made", linux, "CREATE g; OPEN g; CLOSE_WRITE g", poll, "ATTRIB f; CREATE g"},
		{"polled-unlinked", "beside a directory that is gone", linux, "DELETE dir x", poll, "ATTRIB f; DELETE dir x"},
	} {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			if diff.BuiltIn().Rule(tt.rule) == nil {
				t.Error("no such rule")
			}
			left := tt.leftHead + told1(strings.Contains(tt.leftHead, "rdcw"), tt.left)
			right := tt.rightHead + told1(strings.Contains(tt.rightHead, "rdcw"), tt.right)
			for range 2 {
				if r := compare(t, left, right, diff.Options{}); r.Verdict != diff.Unexplained {
					t.Errorf("%s:\n%s", r.Verdict, told(r))
				}
				left, right = right, left
			}
		})
	}
}
