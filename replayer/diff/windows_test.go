package diff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// What the cited Windows traces and inotify tell of the same operation differs in nothing that
// the catalogue does not explain.
func TestTheTwoPlatformsDifferOnlyAsExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/linux/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			var texts [2]string
			for i, path := range []string{file, filepath.Join("..", "..", "testdata", "traces", "windows", name+".txt")} {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				texts[i] = strings.TrimPrefix(string(b), "fsrec-text 1\n")
			}
			if r := compare(t, texts[0], texts[1], diff.Options{}); r.Failed(false) {
				t.Error(told(r))
			}
			if r := compare(t, texts[1], texts[0], diff.Options{}); r.Failed(false) {
				t.Error(told(r))
			}
		})
	}
}
