package diff_test

import (
	"path/filepath"
	"testing"

	"fsrec/replayer/diff"
)

// Recordings of the same operations in new directories, watched sooner and later, differ in nothing that is unexplained.
func TestWhatALaterWatchMissedIsKnown(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "unseen", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			left, right := pairOf(t, file)
			for range 2 {
				if r := compare(t, left, right, diff.Options{}); r.Verdict != diff.Explained {
					t.Error(told(r))
				}
				left, right = right, left
			}
		})
	}
}

// Directories are not followed through a recording that lost something. What the later watch of one missed is known all the
// same where the events of a single path say so.
func TestWhatALaterWatchMissedIsKnownBesideALoss(t *testing.T) {
	const (
		start = `1 0.0 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS path="/w"
2 0.1 event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
`
		placed = `3 0.2 watch dir recursive auto_add wd=2 mask=IN_ALL_EVENTS parent=1 path="/w/d"
`
		found = `4 0.2 event synthetic wd=2 mask=IN_CREATE name="f"
`
		loss = `90 9.0 event wd=-1 mask=IN_Q_OVERFLOW
`
	)
	for _, c := range []struct{ name, early, late string }{
		{
			"what was done to a file that both found",
			placed + found + `5 0.3 event wd=2 mask=IN_OPEN name="f"
6 0.3 event wd=2 mask=IN_CLOSE_WRITE name="f"
7 0.4 event wd=2 mask=IN_DELETE name="f"
`,
			placed + found + `7 0.4 event wd=2 mask=IN_DELETE name="f"
`,
		},
		{
			"the first of two uses of a file",
			placed + `4 0.3 event wd=2 mask=IN_CREATE name="f"
5 0.3 event wd=2 mask=IN_OPEN name="f"
6 0.3 event wd=2 mask=IN_CLOSE_WRITE name="f"
7 0.4 event wd=2 mask=IN_OPEN name="f"
8 0.4 event wd=2 mask=IN_CLOSE_NOWRITE name="f"
9 0.5 event wd=2 mask=IN_DELETE name="f"
`,
			placed + found + `7 0.4 event wd=2 mask=IN_OPEN name="f"
8 0.4 event wd=2 mask=IN_CLOSE_NOWRITE name="f"
9 0.5 event wd=2 mask=IN_DELETE name="f"
`,
		},
		{
			"what two watches tell of a directory",
			placed + `4 0.3 event wd=1 mask=IN_ATTRIB|IN_ISDIR name="d"
5 0.3 event wd=2 mask=IN_ATTRIB|IN_ISDIR
9 0.5 event wd=1 mask=IN_DELETE|IN_ISDIR name="d"
`,
			`3 0.3 event wd=1 mask=IN_ATTRIB|IN_ISDIR name="d"
` + `4 0.4 watch dir recursive auto_add wd=2 mask=IN_ALL_EVENTS parent=1 path="/w/d"
9 0.5 event wd=1 mask=IN_DELETE|IN_ISDIR name="d"
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			left, right := start+c.early+loss, start+c.late+loss
			for range 2 {
				r := compare(t, left, right, diff.Options{})
				if len(r.Differences) > 0 || len(r.Left.Aside)+len(r.Right.Aside) == 0 {
					t.Errorf("%+v %+v\n%s", r.Left.Aside, r.Right.Aside, told(r))
				}
				left, right = right, left
			}
		})
	}
}
