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
