package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// What as many handles tell as there are is explained, once for each handle and each time that it happened.
func TestEachHandleTellsAll(t *testing.T) {
	const dir = "RAW watch dir wd=2 mask=IN_ALL_EVENTS path=\"/w/d\"; "
	for _, tt := range []struct {
		handles int
		linux   string
		windows string // what each handle tells, in turn
		want    diff.Verdict
	}{
		{2, "CREATE d/f; DELETE d/f", "ADDED;REMOVED", diff.Explained},
		{3, "CREATE d/f; DELETE d/f", "ADDED;REMOVED", diff.Explained},
		{2, "ATTRIB d/f; ATTRIB d/f", "MODIFIED;MODIFIED", diff.Explained},
		{2, "ATTRIB d/f", "MODIFIED;MODIFIED", diff.Unexplained},
		{1, "CREATE d/f", "ADDED;ADDED", diff.Unexplained},
	} {
		var windows strings.Builder
		windows.WriteString(strings.Replace(windowsHead, "|SIZE|LAST_WRITE", "", 1) + "entry wd=1 mode=040755 name=\"d\"\n")
		for n := 2; n <= tt.handles; n++ {
			fmt.Fprintf(&windows, "watch dir wd=%d mask=IN_ALL_EVENTS filter=FILE_NAME|ATTRIBUTES path=\"C:\\\\w\\\\d\"\n", n)
		}
		for action := range strings.SplitSeq(tt.windows, ";") {
			windows.WriteString(told1(true, action+" d/f"))
			for n := 2; n <= tt.handles; n++ {
				fmt.Fprintf(&windows, "change wd=%d action=%s attributes=0x20 name=\"f\"\n", n, action)
			}
		}
		linux := linuxHead + told1(false, dir+tt.linux)
		for _, pair := range [][2]string{{linux, windows.String()}, {windows.String(), linux}} {
			if r := compare(t, pair[0], pair[1], diff.Options{}); r.Verdict != tt.want {
				t.Errorf("%d handles, %s: %s\n%s", tt.handles, tt.windows, r.Verdict, told(r))
			}
		}
	}
}
